"""The JSON API under `/v1/billing`: for customers' programs, gateways and operators' programs."""

from flask import Blueprint

from app.entrypoints.api import (
    checkout,
    coupons,
    documents,
    entitlements,
    invoices,
    plans,
    stats,
    subscription,
    usage,
    usage_reading,
)

api = Blueprint("api", __name__)
SUBJECTS = (
    *(stats, usage, usage_reading, plans, entitlements, invoices, documents, checkout),
    *(subscription, coupons),
)
for subject in SUBJECTS:
    api.register_blueprint(subject.calls)
