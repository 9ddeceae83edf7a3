"""Calls that change something: one transaction each, and once per Idempotency-Key."""

import re
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from urllib.parse import quote

from flask import Response, g, request

from app.domain.accounts import queries as accounts
from app.entrypoints import account_limits
from app.entrypoints.api.auth import Call, look_at_key, looks_at_callers
from app.entrypoints.api.errors import answer_of, refusal_of
from app.entrypoints.api.reading_bodies import raw_body
from app.foundation import clock, idempotency
from app.foundation.database import transaction
from app.foundation.errors import FieldError, Refusal
from app.foundation.idempotency import Answer
from app.foundation.secret_keys import KeyKind
from app.foundation.store_away import STORE_AWAY

VISIBLE_ASCII = re.compile(r"[\x21-\x7e]{1,255}")
REFUSED_FROM = 400
# Refusals that a repeat of the same request would get again: they are answers like any other.
KEPT_REFUSALS = (409, 422)


Keep = Callable[[Response], None]
Run = Callable[[Call, dict[str, object], Keep], Response]


class _Refused(Exception):  # never leaves this file
    """Ends a transaction that has nothing to keep."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def changes(call: Call) -> Call:
    """Run the call in one transaction, rolled back if it is refused, and repeat no effect.

    The transaction takes its locks with the first statement, so whatever a call does before
    that (reading the body, checking it) holds nobody up. Whoever revokes a key holds its account:
    what a call has done comes before that, or not at all.
    """

    return _changing(call, _run)


def changes_through_a_provider(call: Call) -> Call:
    """Let the call make its own transactions, around its call of a provider; else like changes.

    Its answer is kept after its effect, not with it. A crash between the two has the work repeated
    by the next request, so the work itself must find what it has done before.
    """
    return _changing(call, _run_by_itself)


def changes_together(call: Call) -> Call:
    """Let the call make its change with those of others, in a transaction of them all.

    With an Idempotency-Key like changes: the answer is kept in the transaction of its own effect.
    Whoever calls may be known from memory: the call looks at that before its change is permanent.
    """
    alone = changes(call)

    @wraps(call)
    def changed(**route: object) -> Response:
        if "Idempotency-Key" in request.headers:
            return alone(**route)
        return call(**route)

    return looks_at_callers(changed)


def changes_after(first: Callable[[], None]) -> Callable[[Call], Call]:
    """Do something first that stays done though the call is refused; else like changes."""

    def changing(call: Call) -> Call:
        return _changing(call, lambda call, route, keep: _run_after(first, call, route, keep))

    return changing


def _changing(call: Call, run: Run) -> Call:
    @wraps(call)
    def changed(**route: object) -> Response:
        # Operators and gateways are our own.
        if g.key.kind == KeyKind.CUSTOMER:
            account_limits.count_change_by_program(g.account)
        key = _idempotency_key()
        if key is None:
            return run(call, route, _keep_nothing)
        return _run_once(key, lambda keep: run(call, route, keep))

    return changed


def _idempotency_key() -> str | None:
    """Return the request's idempotency key; None if it has none."""
    if "Idempotency-Key" not in request.headers:
        return None
    key = request.headers["Idempotency-Key"]
    if not VISIBLE_ASCII.fullmatch(key):
        message = "An Idempotency-Key has 1 to 255 visible ASCII characters."
        fields = [FieldError("Idempotency-Key", "idempotency_key_invalid", message)]
        raise Refusal("idempotency_key_invalid", message, fields=fields)
    return key


def _scope(holder: str, key: str) -> str:
    """Return what an idempotency key of somebody's stands for."""
    return f"{holder} {request.method} {quote(request.path, errors='replace')} {key}"


def _holder() -> str:
    """Name who calls, alike before and after he has replaced his secret key."""
    if g.key.user_id is not None:
        return idempotency.holder_of(g.key.user_id)
    return accounts.first_of_replaced(g.key.id)


def _run_once(key: str, run: Callable[[Keep], Response]) -> Response:
    # What was kept before holders had names stands under the secret key itself, for 48 hours.
    scope, scope_before = _scope(_holder(), key), _scope(g.key.public_id, key)
    body, query = raw_body(), request.query_string
    with transaction():
        known = idempotency.claim(
            scope, body=body, query=query, now=clock.now(), scope_before=scope_before
        )
    if known is not None:
        return _replayed(known)
    try:
        response = run(lambda given: idempotency.keep(scope, _kept(given)))
    except BaseException:
        # Where the store is away the claim cannot be released: its lease will end by itself.
        with suppress(*STORE_AWAY), transaction():
            idempotency.release(scope)
        raise
    if response.status_code >= REFUSED_FROM:
        with transaction():
            if response.status_code in KEPT_REFUSALS:
                idempotency.keep(scope, _kept(response))
            else:
                idempotency.release(scope)
    return response


def _run(call: Call, route: dict[str, object], keep: Keep) -> Response:
    """Run the call in its transaction; `keep` writes down its answer in the same one."""
    try:
        with transaction():
            response = answer_of(call, route)
            if response.status_code >= REFUSED_FROM:
                raise _Refused(response)
            look_at_key()
            keep(response)
            return response
    except _Refused as refusal:
        return refusal.response


def _run_by_itself(call: Call, route: dict[str, object], keep: Keep) -> Response:
    response = answer_of(call, route)
    if response.status_code < REFUSED_FROM:
        with transaction():
            keep(response)
    return response


def _run_after(
    first: Callable[[], None], call: Call, route: dict[str, object], keep: Keep
) -> Response:
    refusal = refusal_of(first)
    return _run(call, route, keep) if refusal is None else refusal


def _keep_nothing(response: Response) -> None:
    """Let the answer go: nobody gave a key to find it by."""


def _kept(response: Response) -> Answer:
    return Answer(response.status_code, response.get_data(), response.content_type or "")


def _replayed(known: Answer) -> Response:
    response = Response(known.body, known.status, content_type=known.media_type)
    if not known.media_type:
        # An answer without a body has no type either.
        del response.headers["Content-Type"]
    response.headers["Cache-Control"] = "no-store"
    response.headers["Idempotent-Replayed"] = "true"
    return response
