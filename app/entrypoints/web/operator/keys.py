"""Keys of gateways and of operators' programs: list, make, replace and revoke them."""

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from app.domain.accounts import key_lists
from app.domain.accounts.key_lists import KeyView
from app.domain.accounts.key_rules import Overlap
from app.domain.accounts.models import Account
from app.domain.accounts.rules import zone
from app.domain.accounts.security_journal import Doer
from app.entrypoints.queueing import nudge
from app.entrypoints.web.errors import refusals_shown_on
from app.entrypoints.web.key_forms import MADE_ALREADY, OverlapForm
from app.entrypoints.web.once import check_first_time
from app.entrypoints.web.operator.asking import Question, ask
from app.entrypoints.web.operator.desk import actor, show
from app.entrypoints.web.operator.forms import ConfirmForm
from app.entrypoints.web.operator.key_forms import GatewayKeyForm, OperatorKeyForm
from app.entrypoints.web.signing_in import (
    ask_for_password,
    has_fresh_password,
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


@pages.before_request
def require_fresh_password() -> ResponseReturnValue | None:
    """Ask for the password before anything but the list."""
    if request.endpoint == f"{request.blueprint}.index" or has_fresh_password():
        return None
    return ask_for_password(request.path)


@pages.get("/keys")
def index() -> ResponseReturnValue:
    """Show the keys of gateways and of operators' programs."""
    return _list()


@pages.route("/keys/gateway", methods=["GET", "POST"])
def make_gateway() -> ResponseReturnValue:
    """Make a gateway's key and show it, this once."""
    return _make(GatewayKeyForm(), KeyKind.GATEWAY, owner=None)


@pages.route("/keys/own", methods=["GET", "POST"])
def make_own() -> ResponseReturnValue:
    """Make a key for the operator's own programs and show it, this once."""
    return _make(OperatorKeyForm(), KeyKind.OPERATOR, owner=signed_in_account())


@pages.route(f"/keys/<int(max={ID_MAX}):key_id>/replace", methods=["GET", "POST"])
def replace(key_id: int) -> ResponseReturnValue:
    """Ask when the old key is to end, and show the one that takes its place, this once."""
    form, key = OverlapForm(), key_lists.console_key(key_id, now=clock.now())
    if not form.validate_on_submit():
        return _asked(form, key)
    with refusals_shown_on(form.refusals), signed_in_transaction():
        overlap = Overlap(form.overlap.data)
        made = replace_key(key.id, overlap=overlap, by=_doer(), now=clock.now())
    if form.errors:
        return _asked(form, key)
    nudge()
    return _list(made=made, replaced=key_lists.console_key(key_id, now=clock.now()))


@pages.route(f"/keys/<int(max={ID_MAX}):key_id>/revoke", methods=["GET", "POST"])
def revoke(key_id: int) -> ResponseReturnValue:
    """Say what revoking a key does, and do it."""
    form, key = ConfirmForm(), key_lists.console_key(key_id, now=clock.now())
    if form.validate_on_submit():
        with signed_in_transaction():
            revoke_key(key.id, by=_doer(), now=clock.now())
    return ask(_revoking(key), form)


def _revoking(key: KeyView) -> Question:
    return Question(
        title=say("Revoke {key}?", {"key": key.name}),
        consequences=(
            say("Programs that use {prefix}… get 401 at once.", {"prefix": key.prefix}),
            say(
                "What a gateway cannot report is not billed: replace the key instead,"
                " if it is in use."
            ),
            say("This cannot be undone."),
        ),
        button=say("Revoke this key"),
        back=url_for("web.operator.keys.index"),
        done=say("The key is revoked, and that is noted in the journal."),
        is_bad=True,
    )


def _make(
    form: GatewayKeyForm | OperatorKeyForm, kind: KeyKind, *, owner: Account | None
) -> ResponseReturnValue:
    made, now = None, clock.now()
    if form.validate_on_submit():
        with refusals_shown_on(form.refusals):
            terms = form.terms(zone=zone(signed_in_account().timezone), now=now)
            with signed_in_transaction():
                check_first_time(form, told=MADE_ALREADY)
                made = make_key(kind, terms, owner=owner, by=_doer(), now=now)
            nudge()
    if made is not None:
        return _list(made=made)
    return show(
        "web/operator/keys/make.html",
        "web/operator/keys/_make.html",
        status=422 if form.errors else 200,
        form=form,
        is_gateway=kind == KeyKind.GATEWAY,
    )


def _asked(form: OverlapForm, key: KeyView) -> ResponseReturnValue:
    page, fragment = "web/operator/keys/replace.html", "web/operator/keys/_replace.html"
    return show(page, fragment, status=422 if form.errors else 200, form=form, key=key)


def _list(*, made: SecretKey | None = None, replaced: KeyView | None = None) -> ResponseReturnValue:
    found = key_lists.console_keys(now=clock.now())
    return show(
        "web/operator/keys/index.html",
        "web/operator/keys/_keys.html",
        made=made,
        replaced=replaced,
        gateways=found[KeyKind.GATEWAY],
        operators=found[KeyKind.OPERATOR],
    )


def _doer() -> Doer:
    return Doer(actor(), visitor())
