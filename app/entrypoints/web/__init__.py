"""The customer's dashboard: server-rendered pages and htmx fragments."""

from flask import Blueprint, current_app
from flask.blueprints import BlueprintSetupState

from app.entrypoints.web import (
    access,
    coupons,
    documents,
    invoices,
    keys,
    mails,
    overview,
    payments,
    plans,
    showing,
    usage,
)
from app.entrypoints.web.errors import show_refusal
from app.entrypoints.web.signing_in import sign_in_desk
from app.foundation.errors import DomainError

web = Blueprint("web", __name__)
web.register_blueprint(access.pages)
web.register_blueprint(overview.pages)
web.register_blueprint(usage.pages)
web.register_blueprint(plans.pages)
web.register_blueprint(coupons.pages)
web.register_blueprint(invoices.pages)
web.register_blueprint(documents.pages)
web.register_blueprint(payments.pages)
web.register_blueprint(keys.pages)
web.register_blueprint(mails.pages)
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
