"""The customer's dashboard and the operator's console: server-rendered pages, htmx fragments."""

from flask import Blueprint, current_app
from flask.blueprints import BlueprintSetupState

from app.entrypoints.web import (
    access,
    alerts,
    coupons,
    documents,
    invoices,
    keys,
    mails,
    overview,
    payment_methods,
    payments,
    plans,
    settings,
    showing,
    tokens,
    usage,
)
from app.entrypoints.web.errors import show_refusal
from app.entrypoints.web.operator import console
from app.entrypoints.web.signing_in import lead_operators_away, sign_in_desk
from app.foundation.errors import DomainError

SUBJECTS = (
    access,
    alerts,
    coupons,
    documents,
    invoices,
    keys,
    mails,
    overview,
    payment_methods,
    payments,
    plans,
    settings,
    tokens,
    usage,
)
# Signing in, and what belongs to it, is for customers and operators alike; this is not.
CUSTOMERS_OWN = (
    *(alerts, coupons, documents, invoices, keys, mails, overview, payment_methods, payments),
    *(plans, settings, tokens, usage),
)
web = Blueprint("web", __name__)
for subject in SUBJECTS:
    if subject in CUSTOMERS_OWN:
        subject.pages.before_request(lead_operators_away)
    web.register_blueprint(subject.pages)
web.register_blueprint(console)
web.register_error_handler(DomainError, show_refusal)


@web.record_once
def _prepare(state: BlueprintSetupState) -> None:
    sign_in_desk.init_app(state.app)
    # A page may stay open all day; its form token ends with the session, not after an hour.
    state.app.config["WTF_CSRF_TIME_LIMIT"] = None
    state.app.jinja_env.filters.update(showing.FILTERS)


@web.app_context_processor
def _name_ourselves() -> dict[str, object]:
    settings = current_app.config["SETTINGS"]
    return {
        "brand": settings.brand_name,
        "base_url": settings.base_url,
        "uses_sandbox": settings.uses_sandbox,
        "keeps_mails": settings.keeps_mails,
    }
