"""The customer's own API keys: list them, make one, replace one, revoke one."""

from collections.abc import Mapping
from typing import Any

from flask import (
    Blueprint,
    Response,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm

from app.domain.accounts import key_lists, security_journal
from app.domain.accounts.key_lists import KeyView
from app.domain.accounts.key_rules import Overlap
from app.domain.accounts.models import Account
from app.domain.accounts.rules import zone
from app.domain.accounts.security_journal import Doer
from app.entrypoints.account_limits import count_told
from app.entrypoints.queueing import nudge
from app.entrypoints.web.errors import refusals_shown_on
from app.entrypoints.web.key_forms import MADE_ALREADY, KeyForm, OverlapForm
from app.entrypoints.web.once import check_first_time
from app.entrypoints.web.page_numbers import page_number
from app.entrypoints.web.responding import flash_words, respond
from app.entrypoints.web.signing_in import (
    ask_for_password,
    has_fresh_password,
    require_sign_in,
    signed_in_account,
    signed_in_transaction,
)
from app.entrypoints.web.visitors import visitor
from app.foundation import clock
from app.foundation.paging import ID_MAX
from app.foundation.secret_keys import KeyKind, SecretKey
from app.foundation.sentences import say
from app.workflows.change_keys import make_key, replace_key, revoke_key

pages = Blueprint("keys", __name__)
pages.before_request(require_sign_in)


@pages.get("/keys")
def index() -> ResponseReturnValue:
    """Show the keys; whoever had to enter his password finds what he typed before."""
    return _answer(KeyForm(request.args if "name" in request.args else None))


@pages.post("/keys")
def make() -> ResponseReturnValue:
    """Make a key and show it, this once."""
    form, made = KeyForm(), None
    if form.validate():
        if not has_fresh_password():
            return ask_for_password(_address_of(form))
        with refusals_shown_on(form.refusals):
            made = _made(form)
    return _answer(form, made=made)


@pages.route(f"/keys/<int(max={ID_MAX}):key_id>/replace", methods=["GET", "POST"])
def replace(key_id: int) -> ResponseReturnValue:
    """Ask when the old key is to end, and show the one that takes its place, this once."""
    form, key = OverlapForm(), _own(key_id)
    if not has_fresh_password():
        return ask_for_password(url_for(".replace", key_id=key.id))
    if not form.validate_on_submit():
        return _asked("web/keys/replace.html", form, key)
    count_told(signed_in_account())
    with refusals_shown_on(form.refusals), signed_in_transaction():
        overlap = Overlap(form.overlap.data)
        made = replace_key(key.id, overlap=overlap, by=_doer(), now=clock.now())
    if form.errors:
        return _asked("web/keys/replace.html", form, key)
    nudge()
    return _answer(KeyForm(formdata=None), made=made, replaced=_own(key_id))


@pages.route(f"/keys/<int(max={ID_MAX}):key_id>/revoke", methods=["GET", "POST"])
def revoke(key_id: int) -> ResponseReturnValue:
    """Say what revoking a key does, and do it."""
    form, key = FlaskForm(), _own(key_id)
    if not has_fresh_password():
        return ask_for_password(url_for(".revoke", key_id=key.id))
    if not form.validate_on_submit():
        return _asked("web/keys/revoke.html", form, key)
    with signed_in_transaction():
        revoke_key(key.id, by=_doer(), now=clock.now())
    flash_words(say("The key {name} is revoked.", {"name": key.name}))
    return redirect(url_for(".index"), 303)


def shown(account: Account) -> Mapping[str, Any]:
    """Return what the page shows of an account; of a key no more than how it begins."""
    page = page_number()
    return {
        "form": KeyForm(formdata=None),
        "keys": key_lists.keys_of(account, ended_page=page, now=clock.now()),
        "page": page,
        "page_asked": "page" in request.args,
        "page_size": key_lists.ENDED_SHOWN_MAX,
        "local": zone(account.timezone),
    }


def _address_of(form: KeyForm) -> str:
    """Return the address at which the form is filled as it was."""
    day = form.expires_on.data
    return url_for(
        ".index",
        name=form.name.data,
        scope=form.scope.data,
        expiry=form.expiry.data,
        expires_on=None if day is None else day.isoformat(),
    )


def _own(key_id: int) -> KeyView:
    return key_lists.key_of(signed_in_account(), key_id, now=clock.now())


def _doer() -> Doer:
    return Doer(security_journal.actor_of(signed_in_account()), visitor())


def _made(form: KeyForm) -> SecretKey:
    account, now = signed_in_account(), clock.now()
    terms = form.terms(zone=zone(account.timezone), now=now)
    count_told(account)
    with signed_in_transaction():
        check_first_time(form, told=MADE_ALREADY)
        made = make_key(KeyKind.CUSTOMER, terms, owner=account, by=_doer(), now=now)
    nudge()
    return made


def _asked(page: str, form: FlaskForm, key: KeyView) -> Response:
    local = zone(signed_in_account().timezone)
    shown = render_template(page, form=form, key=key, local=local)
    return make_response(shown, 422 if form.errors else 200)


def _answer(
    form: KeyForm, *, made: SecretKey | None = None, replaced: KeyView | None = None
) -> Response:
    context = shown(signed_in_account())
    return respond(
        "web/keys/index.html",
        "web/keys/_keys.html",
        status=422 if form.errors else 200,
        made=made,
        replaced=replaced,
        **(context if made else {**context, "form": form}),
    )
