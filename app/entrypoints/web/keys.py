"""The customer's own API keys: list them, make one, revoke one."""

from flask import Blueprint, Response, redirect, url_for
from flask.typing import ResponseReturnValue

from app.domain.accounts import operations, queries
from app.domain.accounts.errors import KeyNameInvalid
from app.domain.accounts.rules import zone
from app.entrypoints.web.errors import refusals_shown_on
from app.entrypoints.web.forms import KeyForm
from app.entrypoints.web.responding import respond, wants_fragment
from app.entrypoints.web.signing_in import require_sign_in, signed_in_account
from app.foundation import clock
from app.foundation.database import transaction
from app.foundation.paging import ID_MAX
from app.foundation.secret_keys import KeyKind, SecretKey

pages = Blueprint("keys", __name__)
pages.before_request(require_sign_in)


@pages.get("/keys")
def index() -> ResponseReturnValue:
    """Show the keys."""
    return _answer(KeyForm())


@pages.post("/keys")
def make() -> ResponseReturnValue:
    """Make a key and show it, this once."""
    form, made = KeyForm(), None
    account = signed_in_account()
    if form.validate():
        with refusals_shown_on({KeyNameInvalid: form.name}), transaction():
            made = operations.make_key(
                KeyKind.CUSTOMER, name=form.name.data or "", user_id=account.id, now=clock.now()
            )
    return _answer(form, made=made)


@pages.post(f"/keys/<int(max={ID_MAX}):key_id>/revoke")
def revoke(key_id: int) -> ResponseReturnValue:
    """Revoke one of the customer's own keys."""
    with transaction():
        operations.revoke_key(key_id, signed_in_account(), now=clock.now())
    return _answer(KeyForm(formdata=None)) if wants_fragment() else redirect(url_for(".index"))


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
