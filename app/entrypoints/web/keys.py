"""The customer's own API keys: list them, make one, revoke one."""

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.domain.accounts import operations, queries, security_journal
from app.domain.accounts.errors import KeyNameInvalid
from app.domain.accounts.rules import zone
from app.domain.accounts.security_journal import Event
from app.entrypoints.web.errors import refusals_shown_on
from app.entrypoints.web.forms import KeyForm, visible
from app.entrypoints.web.responding import respond, wants_fragment
from app.entrypoints.web.signing_in import (
    ask_for_password,
    has_fresh_password,
    require_sign_in,
    signed_in_account,
)
from app.entrypoints.web.visitors import visitor
from app.foundation import clock
from app.foundation.database import transaction
from app.foundation.paging import ID_MAX
from app.foundation.secret_keys import KeyKind, SecretKey

pages = Blueprint("keys", __name__)
pages.before_request(require_sign_in)


@pages.get("/keys")
def index() -> ResponseReturnValue:
    """Show the keys; whoever had to enter his password finds the name that he typed before."""
    return _answer(KeyForm(formdata=None, data={"name": visible(request.args.get("name"))}))


@pages.post("/keys")
def make() -> ResponseReturnValue:
    """Make a key and show it, this once."""
    form, made = KeyForm(), None
    if form.validate():
        if not has_fresh_password():
            return ask_for_password(url_for(".index", name=form.name.data))
        with refusals_shown_on({KeyNameInvalid: form.name}), transaction():
            made = _made(form.name.data or "")
    return _answer(form, made=made)


@pages.post(f"/keys/<int(max={ID_MAX}):key_id>/revoke")
def revoke(key_id: int) -> ResponseReturnValue:
    """Revoke one of the customer's own keys."""
    account, now = signed_in_account(), clock.now()
    with transaction():
        key = operations.revoke_key(key_id, account, now=now)
        security_journal.note(
            Event.KEY_REVOKED, account, visitor=visitor(), now=now, details={"key": key.name}
        )
    return _answer(KeyForm(formdata=None)) if wants_fragment() else redirect(url_for(".index"))


def _made(name: str) -> SecretKey:
    account, now = signed_in_account(), clock.now()
    made = operations.make_key(KeyKind.CUSTOMER, name=name, user_id=account.id, now=now)
    security_journal.note(
        Event.KEY_MADE, account, visitor=visitor(), now=now, details={"key": name.strip()}
    )
    return made


def _answer(form: KeyForm, *, made: SecretKey | None = None) -> Response:
    account = signed_in_account()
    return respond(
        "web/keys/index.html",
        "web/keys/_keys.html",
        status=422 if form.errors else 200,
        form=KeyForm(formdata=None) if made else form,
        made=made,
        keys=queries.keys_of(account),
        local=zone(account.timezone),
    )
