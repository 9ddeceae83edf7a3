"""Alerts: when the customer wants to be told, where that lies now, and what he was told."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, url_for
from flask.typing import ResponseReturnValue

from app.domain.accounts import queries as accounts
from app.domain.accounts.models import Account
from app.domain.accounts.operations import change_settings
from app.domain.accounts.rules import zone
from app.domain.alerts import queries
from app.domain.alerts.rules import AlertKind
from app.domain.reporting.watching import watch
from app.entrypoints.setting_limits import count_changes
from app.entrypoints.settings import renewal_grace
from app.entrypoints.web.alerts_drawings import draw_spend, draw_tokens
from app.entrypoints.web.page_numbers import choices_in_query, page_number
from app.entrypoints.web.responding import lead_on_saved, respond, wants_fragment, was_saved
from app.entrypoints.web.setting_forms import AlertsForm, as_set, is_sound
from app.entrypoints.web.shown_values import changes_in
from app.entrypoints.web.signing_in import require_sign_in, signed_in_account, signed_in_transaction
from app.entrypoints.web.typed import wrong_fields_shown_on
from app.foundation import clock

PAGE_SIZE = 12
KINDS = tuple(AlertKind)

pages = Blueprint("alerts", __name__)
pages.before_request(require_sign_in)


@pages.get("/alerts")
def index() -> ResponseReturnValue:
    """Show the thresholds, and what was crossed."""
    return _answer(is_saved=was_saved())


@pages.post("/alerts")
def change() -> ResponseReturnValue:
    """Change the thresholds, or say at each field why not."""
    form, account = AlertsForm(), signed_in_account()
    if is_sound(form, accounts.settings_view(account)):
        with wrong_fields_shown_on(form), signed_in_transaction():
            changes = changes_in(form)
            count_changes(account, changes)
            change_settings(account, changes, actor=f"customer:{account.id}", now=clock.now())
    if form.errors:
        return _answer(refused=form)
    return _answer(is_saved=True) if wants_fragment() else lead_on_saved(url_for(".index"))


def shown(account: Account) -> Mapping[str, Any]:
    """Return what the page shows of an account."""
    settings = accounts.settings_of(account)
    chosen = accounts.view_of(account, settings)
    watched = watch(account, settings, now=clock.now(), grace=renewal_grace())
    return {
        "form": AlertsForm(formdata=None, data=as_set(chosen)),
        "chosen": chosen,
        "watch": watched,
        "tokens": draw_tokens(watched),
        "spend": draw_spend(watched, alert_minor=chosen.alert_spend_minor),
        **_history(account),
        "local": zone(account.timezone),
    }


def _history(account: Account) -> dict[str, object]:
    """Return the page of what was crossed that was asked for, and of which kind."""
    page, wanted = page_number(), choices_in_query({"kind": KINDS})
    return {
        "found": queries.history(account, page=page, page_size=PAGE_SIZE, kind=wanted.get("kind")),
        "wanted": wanted,
        "kinds": KINDS,
        "page": page,
        "page_size": PAGE_SIZE,
    }


def _answer(*, refused: AlertsForm | None = None, is_saved: bool = False) -> Response:
    context = shown(signed_in_account())
    return respond(
        "web/alerts/index.html",
        "web/alerts/_alerts.html",
        status=422 if refused else 200,
        is_saved=is_saved,
        **{**context, "form": refused or context["form"]},
    )
