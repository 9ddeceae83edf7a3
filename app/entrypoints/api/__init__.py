"""The JSON API under `/v1/billing`: for customers' programs, gateways and operators' programs."""

from flask import Blueprint

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
for subject in SUBJECTS:
    api.register_blueprint(subject.calls)
