"""The operator's console: everything that waits for somebody, and what he can do about it."""

from flask import Blueprint

from app.entrypoints.web.operator import (
    coupon_batches,
    coupons,
    customers,
    decisions,
    disputes,
    invoice_changes,
    invoices,
    jobs,
    journal,
    keys,
    mails,
    models,
    overview,
    payments,
    plans,
    price_tables,
    prices,
    report,
    seeing,
    taxes,
    webhooks,
)
from app.entrypoints.web.signing_in import require_operator

SUBJECTS = (
    *(coupon_batches, coupons, customers, decisions, disputes, invoice_changes, invoices),
    *(jobs, journal, keys),
    *(mails, models, overview, payments, plans, price_tables, prices, report, seeing, taxes),
    webhooks,
)
console = Blueprint("operator", __name__, url_prefix="/operator")
console.before_request(require_operator)
for subject in SUBJECTS:
    console.register_blueprint(subject.pages)
