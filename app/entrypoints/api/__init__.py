"""The JSON API under `/v1/billing`: for customers' programs, gateways and operators' programs."""

from flask import Blueprint

from app.entrypoints.api import (
    checkout,
    entitlements,
    invoices,
    operator_coupons,
    operator_customers,
    operator_plans,
    operator_prices,
    operator_taxes,
    plans,
    reports,
    stats,
    usage,
    usage_reading,
)

api = Blueprint("api", __name__)
for subject in (stats, usage, usage_reading, plans, entitlements, invoices, checkout):
    api.register_blueprint(subject.calls)
for of_operators in (
    *(reports, operator_coupons, operator_plans, operator_prices),
    *(operator_customers, operator_taxes),
):
    api.register_blueprint(of_operators.calls)
