"""The JSON API under `/v1/billing`: for customers' programs, gateways and operators' programs."""

from flask import Blueprint

from app.entrypoints.api import (
    checkout,
    documents,
    entitlements,
    invoices,
    litellm,
    plans,
    stats,
    topups,
    usage,
    usage_reading,
)

api = Blueprint("api", __name__)
for subject in (
    *(stats, usage, usage_reading, litellm, plans, entitlements, invoices, documents, checkout),
    *(topups,),
):
    api.register_blueprint(subject.calls)
