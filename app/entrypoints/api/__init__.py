"""The JSON API under `/v1/billing`: for customers' programs, gateways and operators' programs."""

from flask import Blueprint
from flask.blueprints import BlueprintSetupState

from app.entrypoints.api import (
    checkout,
    coupons,
    documents,
    entitlements,
    invoices,
    litellm,
    operator_coupons,
    operator_customers,
    operator_plans,
    operator_prices,
    operator_taxes,
    plans,
    reports,
    settings,
    stats,
    subscription,
    topups,
    usage,
    usage_reading,
)
from app.entrypoints.api.addresses import Reference
from app.entrypoints.api.usage_recording import register_posts

SUBJECTS = (
    checkout,
    coupons,
    documents,
    entitlements,
    invoices,
    litellm,
    operator_coupons,
    operator_customers,
    operator_plans,
    operator_prices,
    operator_taxes,
    plans,
    reports,
    settings,
    stats,
    subscription,
    topups,
    usage,
    usage_reading,
)
api = Blueprint("api", __name__)


@api.record_once
def _name_references(state: BlueprintSetupState) -> None:
    state.app.url_map.converters["reference"] = Reference


@api.record_once
def _register_posts(state: BlueprintSetupState) -> None:
    register_posts(state.app)


for subject in SUBJECTS:
    api.register_blueprint(subject.calls)
