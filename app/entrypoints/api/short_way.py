"""The short way: what gateways ask and post hundreds of times a second, past the framework.

Only what is plain comes this way. Whatever is odd about a call, its key or its body goes the long
way, as if nobody had looked at it before: there it is refused, in the words of all other calls.
Nothing is decided here that is not decided there, and nothing is done twice.
"""

import logging
import re
import time
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from io import BytesIO
from typing import Any, NamedTuple

from flask import Flask, Response, g
from werkzeug.sansio.utils import host_is_trusted

from app.domain.accounts import callers, key_rules
from app.domain.accounts.callers import Caller
from app.domain.accounts.key_rules import Scope
from app.entrypoints.api.answering import JSON, written
from app.entrypoints.api.auth import BEARER, BODY_MAX_BYTES
from app.entrypoints.api.entitlements import asked_together
from app.entrypoints.api.errors import outcome_of
from app.entrypoints.api.reading_bodies import json_object_in
from app.entrypoints.api.usage import posted
from app.entrypoints.observing import HEADER, note_answered, request_id_of
from app.entrypoints.security_headers import HEADERS, STAY_SECURE
from app.foundation import clock, logs
from app.foundation.secret_keys import KeyKind

Environ = dict[str, Any]
Wsgi = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
# What a call answers, or nothing where it is to be made the long way.
Answer = dict[str, object] | None

ENTITLEMENTS, USAGE = "/v1/billing/entitlements/", "/v1/billing/usage"
ENTITLEMENT_ROUTE = ENTITLEMENTS + "<user_id>"
# All that need not be decoded; other ids are asked for the long way.
USER_ID = re.compile(r"[!-.0-~]{1,128}")
JSON_TYPES = (JSON, f"{JSON}; charset=utf-8", f"{JSON};charset=utf-8")
# Each of these says more than that something is asked or posted: the first two where they say
# anything, for servers always give them, the others also where they are empty.
ODD_IF_GIVEN = ("QUERY_STRING", "SCRIPT_NAME")
ODD = (
    "HTTP_CONTENT_ENCODING",
    "HTTP_EXPECT",
    "HTTP_IDEMPOTENCY_KEY",
    "HTTP_TRANSFER_ENCODING",
)
LENGTH = re.compile(r"[1-9][0-9]{0,8}")
HOSTS_KEPT = 64
ALWAYS = list(HEADERS.items())
ANSWERS_JSON = [("Content-Type", JSON), ("Cache-Control", "no-store")]

log = logging.getLogger(__name__)


class _Answered(NamedTuple):
    """An answer as servers take it."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


class _Call(NamedTuple):
    """A call that may come this way."""

    method: str
    route: str
    scope: Scope
    answer: Callable[[Environ], Answer]


def register_short_way(app: Flask) -> None:
    """Let gateways' plain calls come the short way."""
    app.wsgi_app = ShortWay(app)  # type: ignore[method-assign]  # as Flask's documentation has it


class ShortWay:
    """Answers what is plain, and passes on all else."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._long_way: Wsgi = app.wsgi_app
        self._stays_secure = app.config["SETTINGS"].secure_cookies
        trusted = app.config["TRUSTED_HOSTS"]
        self._is_ours = lru_cache(HOSTS_KEPT)(partial(_is_ours, trusted=trusted))

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request, as servers ask for it."""
        call = _find(environ)
        if call is None or not self._is_ours(environ.get("HTTP_HOST")):
            return self._long_way(environ, start_response)
        began_ns = time.monotonic_ns()
        request_id = request_id_of(environ.get("HTTP_X_REQUEST_ID", ""))
        named = logs.request_id.set(request_id)
        try:
            answered = self._answered(call, environ, began_ns=began_ns)
        finally:
            logs.request_id.reset(named)
        if answered is None:
            return self._long_way(environ, start_response)
        length = ("Content-Length", str(len(answered.body)))
        headers = [*answered.headers, *ALWAYS, length, (HEADER, request_id)]
        if self._stays_secure or environ["wsgi.url_scheme"] == "https":
            headers.append(STAY_SECURE)
        start_response(answered.status, headers)
        return [answered.body]

    def _answered(self, call: _Call, environ: Environ, *, began_ns: int) -> _Answered | None:
        with self._app.app_context():
            caller = _caller(environ, call.scope)
            if caller is None:
                return None
            g.key, g.attribution = caller, caller.attribution
            try:
                outcome = outcome_of(partial(call.answer, environ))
            except Exception as error:
                # It is met again the long way, and answered, or noted as the bug it is.
                log.debug("Not on the short way: %r", error)
                return None
            answered = _as_answered(outcome)
            if answered is not None:
                status = int(answered.status[:3])
                note_answered(call.method, call.route, status, began_ns=began_ns)
            return answered


def _as_answered(outcome: Answer | Response) -> _Answered | None:
    # Refusals tell things, too: nothing leaves before it is certain that the key still works.
    if outcome is None or "has_looked_at_caller" not in g:
        return None
    if not isinstance(outcome, Response):
        return _Answered("200 OK", ANSWERS_JSON, written(outcome))
    body = outcome.get_data()
    said = [(name, text) for name, text in outcome.headers if name != "Content-Length"]
    return _Answered(outcome.status, said, body)


def _is_ours(host: str | None, *, trusted: list[str] | None) -> bool:
    """Tell whether we may be asked by this name; the framework refuses those that are no names."""
    if host is None or not host_is_trusted(host, trusted):
        return False
    try:
        host.partition(":")[0].encode("idna")
    except UnicodeError:
        return False
    return True


def _find(environ: Environ) -> _Call | None:
    """Return which call this is, if there is nothing odd about it."""
    path = environ["PATH_INFO"]
    call = _POST if path == USAGE else _ASK if path.startswith(ENTITLEMENTS) else None
    if call is None or call.method != environ["REQUEST_METHOD"]:
        return None
    if any(environ.get(name) for name in ODD_IF_GIVEN) or any(name in environ for name in ODD):
        return None
    return call


def _caller(environ: Environ, wanted: Scope) -> Caller | None:
    """Return the gateway that calls, as it is remembered, if there is nothing to be noted of it."""
    sent = BEARER.fullmatch(environ.get("HTTP_AUTHORIZATION", ""))
    known = None if sent is None else callers.find_remembered(sent[1])
    if known is None or known.kind != KeyKind.GATEWAY:
        return None
    if wanted == Scope.WRITE and known.scope == Scope.READ:
        return None
    is_due = key_rules.is_worth_noting(known.last_used_at, now=clock.now())
    return None if is_due else known


def _entitlement(environ: Environ) -> Answer:
    user_id = environ["PATH_INFO"].removeprefix(ENTITLEMENTS)
    # A body is not asked for, and would have to be taken in.
    if environ.get("CONTENT_LENGTH", "") not in ("", "0") or not USER_ID.fullmatch(user_id):
        return None
    if g.attribution.find_fault(user_id) is not None:
        return None
    return asked_together(user_id)


def _usage(environ: Environ) -> Answer:
    length = environ.get("CONTENT_LENGTH", "")
    if not LENGTH.fullmatch(length) or int(length) >= BODY_MAX_BYTES:
        return None
    if environ.get("CONTENT_TYPE", "").lower() not in JSON_TYPES:
        return None
    source, environ["wsgi.input"] = environ["wsgi.input"], BytesIO()
    body = source.read(int(length))
    # Whoever goes the long way after all finds what was sent.
    environ["wsgi.input"] = BytesIO(body)
    return posted(json_object_in(body), verbose=False) if len(body) == int(length) else None


_ASK = _Call("GET", ENTITLEMENT_ROUTE, Scope.READ, _entitlement)
_POST = _Call("POST", USAGE, Scope.WRITE, _usage)
