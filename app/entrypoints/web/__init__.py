"""The customer's dashboard and the operator's console: server-rendered pages, htmx fragments."""

from flask import Blueprint, current_app
from flask.blueprints import BlueprintSetupState
from jinja2 import StrictUndefined

from app.entrypoints.web import (
    access,
    alerts,
    belongings,
    confirming,
    coupons,
    documents,
    factors,
    invoices,
    journal,
    keys,
    languages,
    links,
    mails,
    overview,
    payment_methods,
    payments,
    plans,
    security,
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
    belongings,
    confirming,
    coupons,
    documents,
    factors,
    invoices,
    journal,
    keys,
    languages,
    links,
    mails,
    overview,
    payment_methods,
    payments,
    plans,
    security,
    settings,
    tokens,
    usage,
)
# Signing in, and what belongs to it, is for customers and operators alike; this is not.
CUSTOMERS_OWN = (
    *(alerts, belongings, coupons, documents, invoices, keys, overview, payment_methods),
    *(payments, plans, settings, tokens, usage),
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
    state.app.jinja_env.globals["this_page"] = languages.this_page
    # A name that a template gets wrong is found by its first test, not by an empty place.
    state.app.jinja_env.undefined = StrictUndefined


@web.app_context_processor
def _name_ourselves() -> dict[str, object]:
    settings = current_app.config["SETTINGS"]
    return {
        "brand": settings.brand_name,
        "base_url": settings.base_url,
        "uses_sandbox": settings.uses_sandbox,
        "keeps_mails": settings.keeps_mails,
    }
