"""The customer's settings: who is billed, in which time zone, up to which limits."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, url_for
from flask.typing import ResponseReturnValue

from app.domain.accounts import queries
from app.domain.accounts.models import Account
from app.domain.reporting.watching import spent_past_limit
from app.entrypoints.queueing import nudge
from app.entrypoints.setting_limits import count_changes
from app.entrypoints.web.passwords import has_shown_password
from app.entrypoints.web.responding import (
    lead_on_saved,
    refresh_saved,
    respond,
    wants_fragment,
    was_saved,
)
from app.entrypoints.web.setting_forms import SettingsForm, as_set, is_sound
from app.entrypoints.web.shown_values import changes_in
from app.entrypoints.web.signing_in import (
    has_fresh_password,
    require_sign_in,
    signed_in_account,
    signed_in_transaction,
)
from app.entrypoints.web.typed import wrong_fields_shown_on
from app.entrypoints.web.visitors import visitor
from app.foundation import clock
from app.foundation.sentences import say
from app.workflows.change_settings import change_settings

OWNER_ALONE = say("Enter your password: only you may send your bills to another address.")

pages = Blueprint("settings", __name__)
pages.before_request(require_sign_in)


@pages.get("/settings")
def index() -> ResponseReturnValue:
    """Show what is set."""
    return _answer(is_saved=was_saved())


@pages.post("/settings")
def change() -> ResponseReturnValue:
    """Change what the form holds, or say at each field why not."""
    form, before = SettingsForm(), _in_the_frame(signed_in_account())
    if is_sound(form, queries.settings_view(signed_in_account())) and _is_the_owner(form):
        with wrong_fields_shown_on(form), signed_in_transaction():
            _change(form)
        nudge()
    if form.errors:
        return _answer(refused=form)
    is_all = before == _in_the_frame(signed_in_account())
    return _saved(is_all=is_all) if wants_fragment() else lead_on_saved(url_for(".index"))


def shown(account: Account) -> Mapping[str, Any]:
    """Return what the page shows of an account."""
    chosen = queries.settings_view(account)
    return {
        "form": SettingsForm(formdata=None, data=as_set(chosen)),
        "chosen": chosen,
        "spent_past_limit": spent_past_limit(account, chosen.spend_limit_minor, now=clock.now()),
        "is_rebuilding": queries.has_rollups_to_rebuild(account),
    }


def _in_the_frame(account: Account) -> tuple[str | None, ...]:
    """Return what stands around the form, too, or how it is said there."""
    return account.name, account.timezone, account.locale


def _change(form: SettingsForm) -> None:
    account, changes = signed_in_account(), changes_in(form)
    changes.pop(form.password.name, None)
    count_changes(account, changes)
    change_settings(
        account,
        changes,
        actor=f"customer:{account.id}",
        visitor=visitor(),
        now=clock.now(),
    )


def _is_the_owner(form: SettingsForm) -> bool:
    """Ask for the password where bills are to go elsewhere; what was typed stays in the form."""
    email = form.billing_email
    is_changed = email.name in changes_in(form)
    kept = queries.settings_view(signed_in_account()).billing_email or ""
    if not is_changed or has_fresh_password() or (email.data or "").strip().lower() == kept:
        return True
    if form.password.data:
        return has_shown_password(form.password)
    form.password.errors = [OWNER_ALONE]
    return False


def _saved(*, is_all: bool) -> Response:
    """Answer htmx with the form; if that is not all that changes, let it load the page anew."""
    saved = _answer(is_saved=True)
    return saved if is_all else refresh_saved(saved)


def _answer(*, refused: SettingsForm | None = None, is_saved: bool = False) -> Response:
    context = shown(signed_in_account())
    return respond(
        "web/settings/index.html",
        "web/settings/_settings.html",
        status=422 if refused else 200,
        is_saved=is_saved,
        **{**context, "form": refused or context["form"]},
    )
