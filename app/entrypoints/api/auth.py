"""Who calls: each call says whose keys it takes, and what a key may do follows from the call.

Whatever is not asked by GET changes something, unless the call says that it only reads: a new
call that says nothing is closed to keys that may only read.
"""

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import wraps

from flask import Response, g, request
from werkzeug.exceptions import HTTPException

from app.domain.accounts import callers, key_rules, keys
from app.domain.accounts import queries as accounts
from app.domain.accounts.callers import Caller
from app.domain.accounts.key_rules import Scope
from app.domain.accounts.models import Role
from app.entrypoints import account_limits, limiting
from app.entrypoints.api.reading_bodies import raw_body
from app.entrypoints.turns import take_turn
from app.foundation import clock
from app.foundation.database import end_reading, transaction
from app.foundation.direct import in_one_go
from app.foundation.errors import DomainError, Kind, Refusal
from app.foundation.secret_keys import KeyKind
from app.foundation.store_away import STORE_AWAY

Call = Callable[..., Response]

BEARER = re.compile(r"bearer +([0-9A-Za-z_]{1,256}) *", re.IGNORECASE)
ASKING = ("GET", "HEAD")
# Only gateways have much to say: to read a long body takes long, some of it while others wait.
BODY_MAX_BYTES = 256 * 1024
# Keys change by hand, and a call that waits for one change meets no third.
LOOKS_MAX = 3
_ONLY_READS = "only_reads"
_LOOKS_AT_CALLERS = "looks_at_callers"
_HOLDERS = {
    KeyKind.CUSTOMER: "a customer's key (obl_sk_…)",
    KeyKind.GATEWAY: "a gateway's key (obl_gw_…)",
    KeyKind.OPERATOR: "an operator's key (obl_op_…)",
}


def for_customers(call: Call) -> Call:
    """Let customers' programs call; `g.account` is theirs."""
    return _for_holders(call, KeyKind.CUSTOMER)


def for_gateways(call: Call) -> Call:
    """Let gateways call."""
    return _for_holders(call, KeyKind.GATEWAY)


def for_operators(call: Call) -> Call:
    """Let operators' programs call; `g.account` is the operator's."""
    return _for_holders(call, KeyKind.OPERATOR)


def for_customers_and_gateways(call: Call) -> Call:
    """Let customers' programs call for themselves, and gateways for anyone."""
    return _for_holders(call, KeyKind.CUSTOMER, KeyKind.GATEWAY)


def only_reads(call: Call) -> Call:
    """Let keys that may only read make a call that is no GET: what it is asked for is a body."""
    setattr(call, _ONLY_READS, True)
    return call


def scope_wanted(call: Callable[..., object], method: str) -> Scope:
    """Return what a key must be allowed to make this call by this method."""
    reads = method in ASKING or getattr(call, _ONLY_READS, False)
    return Scope.READ if reads else Scope.WRITE


def operator_actor() -> str:
    """Name the operator whose program calls, as the journal keeps it."""
    return f"operator:{g.account.id}"


class CallerChanged(Exception):
    """The key of a call is no longer what it was when it was looked up."""


def looks_at_callers(call: Call) -> Call:
    """Let a caller be taken from memory: the call raises CallerChanged if he has changed since.

    It does so before anything of its own is permanent, and is then made again.
    """
    setattr(call, _LOOKS_AT_CALLERS, True)
    return call


@contextmanager
def looking_at(known: Collection[Caller], *, now: datetime) -> Iterator[None]:
    """Look at callers that are known from memory, together with what is asked inside.

    Raises CallerChanged in the end, for what is done inside to be undone.
    """
    with in_one_go():
        stand = callers.ask_whether_as_remembered(known, now=now)
        yield
        if not stand.get():
            raise CallerChanged
        g.has_looked_at_caller = True


def look_at_key() -> None:
    """Look at the key of this call once more, when all it waited for is held.

    Raises CallerChanged, for what is done in the running transaction to be undone.
    """
    if not callers.are_as_remembered([g.key], now=clock.now()):
        raise CallerChanged


def _for_holders(call: Call, *kinds: KeyKind) -> Call:
    @wraps(call)
    def checked(**route: object) -> Response:
        text = _key_text()
        if KeyKind.GATEWAY not in kinds or not _may_say_much(text):
            request.max_content_length = BODY_MAX_BYTES
        _know_who_sends_much(text)
        # Whoever sends slowly must not have his key looked at long before his call takes effect.
        raw_body()
        known = callers.find_remembered(text) if _may_be_remembered(call) else None
        if known is not None:
            try:
                with _looking_at(known):
                    return _called(call, route, known, kinds)
            except CallerChanged:
                callers.forget(known)
        for _ in range(LOOKS_MAX):
            # What has changed once may be called with as it is now, or not any more.
            with suppress(CallerChanged):
                return _called(call, route, callers.caller_by_text(text, now=clock.now()), kinds)
        raise _unauthenticated("key_unknown", "This key changes too often to be looked at.")

    return checked


def _may_say_much(text: str) -> bool:
    """Tell whether this is called a gateway's key, and the call one that says something."""
    return text.startswith(KeyKind.GATEWAY) and request.method not in ASKING


def _know_who_sends_much(text: str) -> None:
    """Look at the key before a large body is taken in, as well as after. Raises KeyUnknown."""
    # What was not announced may be of any length; HTTP/2 says nothing of how it comes.
    unannounced = 0 if request.method in ASKING else BODY_MAX_BYTES
    announced = request.content_length
    if (unannounced if announced is None else announced) < BODY_MAX_BYTES:
        return
    if callers.find_remembered(text) is None:
        callers.caller_by_text(text, now=clock.now())
        end_reading()


@contextmanager
def _looking_at(caller: Caller) -> Iterator[None]:
    """Look at the caller before any answer leaves, if the call has not: refusals tell things, too.

    Raises CallerChanged.
    """
    g.has_looked_at_caller = False
    try:
        yield
    except Exception as error:
        # Whatever else goes wrong tells nothing, and may have left nobody to ask, as a store that
        # has broken off.
        if isinstance(error, (DomainError, HTTPException)):
            _look_unless_looked_at(caller)
        raise
    _look_unless_looked_at(caller)


def _look_unless_looked_at(caller: Caller) -> None:
    looked = g.has_looked_at_caller
    if not looked and not callers.are_as_remembered([caller], now=clock.now()):
        raise CallerChanged


def _may_be_remembered(call: Call) -> bool:
    return hasattr(call, _LOOKS_AT_CALLERS) and "Idempotency-Key" not in request.headers


def _called(
    call: Call, route: dict[str, object], caller: Caller, kinds: tuple[KeyKind, ...]
) -> Response:
    """Make the call, if the caller may make it."""
    g.key = caller
    _note_use(caller)
    _count(caller)
    if caller.kind not in kinds:
        raise _wrong_kind(kinds)
    if caller.user_id is not None:
        g.account = accounts.account_in_use(caller.user_id)
    if caller.kind == KeyKind.GATEWAY:
        g.attribution = caller.attribution
    # Whoever is an operator no longer has lost what his keys could do, too.
    if caller.kind == KeyKind.OPERATOR and g.account.role != Role.OPERATOR:
        raise _wrong_kind(kinds)
    if caller.scope == Scope.READ and scope_wanted(call, request.method) == Scope.WRITE:
        message = "This key may read, but change nothing."
        raise Refusal("key_is_read_only", message, kind=Kind.FORBIDDEN)
    return call(**route)


def _count(caller: Caller) -> None:
    """Count the call, whatever it is for, and wait for its turn. Raises TooManyRequests."""
    # Gateways are our own, and what they cannot post is lost: theirs is no limit.
    if caller.kind != KeyKind.GATEWAY:
        limiting.spend_of_key(caller.public_id)
    if caller.user_id is not None:
        account_limits.count_call(caller.user_id)
        if take_turn(caller.user_id):
            look_at_key()


def _key_text() -> str:
    header = request.headers.get("Authorization", "")
    if not header:
        raise _unauthenticated("key_missing", "Send your key as `Authorization: Bearer obl_…`.")
    # Only the characters that keys are made of get any further, least of all to the database.
    sent = BEARER.fullmatch(header)
    if sent is None:
        raise _unauthenticated(
            "key_malformed", "The Authorization header must read `Bearer obl_…`."
        )
    return sent[1]


def _note_use(caller: Caller) -> None:
    now = clock.now()
    if key_rules.is_worth_noting(caller.last_used_at, now=now):
        callers.forget(caller)
        # Where nothing can be written, as on a replica, there may be much to read.
        with suppress(*STORE_AWAY), transaction():
            keys.note_use(caller.id, now=now)


def _unauthenticated(code: str, message: str) -> Refusal:
    return Refusal(code, message, kind=Kind.UNAUTHENTICATED)


def _wrong_kind(kinds: tuple[KeyKind, ...]) -> Refusal:
    wanted = " or ".join(_HOLDERS[kind] for kind in kinds)
    return Refusal("wrong_kind_of_key", f"This call takes {wanted}.", kind=Kind.FORBIDDEN)
