"""Whatever is sent to an address that takes something, it is refused in order, or taken.

The routes are those of the app itself, so whoever adds one is held to this as well.
"""

import pytest
from flask import Flask

from app.domain.accounts import passwords, queries
from app.entrypoints.api import auth
from app.entrypoints.api.describing.document import CALLS
from app.entrypoints.api.describing.parts import Call, Caller
from app.entrypoints.gateways import GATEWAYS
from app.foundation.secret_keys import KeyKind
from tests import html_lint
from tests.entrypoints.web.conftest import PASSWORD, signed_in
from tests.every_route import Route, every_route, things_of
from tests.factories.accounts import make_account
from tests.factories.bearers import bearer
from tests.fakes.payment_gateway import FakeGateway

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
BODY_MAX_BYTES = 2_000
TOO_LONG = b"x" * BODY_MAX_BYTES
# What is sent, as what, and how the API answers it where it asks for a body.
BODIES: dict[str, tuple[bytes, str | None, int]] = {
    "too large as JSON": (b'{"a": "%s"}' % TOO_LONG, JSON, 413),
    "too large as a form": (b"email=" + TOO_LONG, FORM, 415),
    "broken UTF-8 as JSON": (b'{"user_id": "\xff"}', JSON, 400),
    "broken UTF-8 as a form": (b"email=\xff&amount=%ff&reason=%ed%a0%80&name=%00", FORM, 415),
    "JSON as text": (b'{"a": 1}', "text/plain", 415),
    "a key twice": (b'{"plan_id": "a", "plan_id": "b"}', JSON, 422),
    "half of a multipart": (
        b'--x\r\nContent-Disposition: form-data; name="email"\r\n\r\nabc',
        "multipart/form-data; boundary=x",
        415,
    ),
    "nothing said of it": (b"abc", None, 415),
    "in another encoding": (b"email=a", f"{FORM}; charset=utf-16", 415),
}
# To a page, all of these are no form at all: each page gets one of them.
NO_FORM = tuple(what for what, (_, media_type, _) in BODIES.items() if media_type != FORM)[1:]
# LiteLLM's bodies may be larger than others, and what is odd in them harms no neighbour; of what
# providers send, the signature is looked at first.
EXCEPT = ("/v1/billing/usage/litellm", "/webhooks/stripe", "/webhooks/paypal")
KEYS = {
    Caller.CUSTOMER: (KeyKind.CUSTOMER, "ada"),
    Caller.GATEWAY: (KeyKind.GATEWAY, None),
    Caller.OPERATOR: (KeyKind.OPERATOR, "olga"),
}


class Senders:
    """Whoever may call an address: programs with keys, and browsers of those who signed in."""

    def __init__(self, app: Flask) -> None:
        gateway = FakeGateway()
        app.config[GATEWAYS] = {"stripe": gateway, "paypal": FakeGateway()}
        known = passwords.hash_password(PASSWORD)
        people = {"ada": "customer", "olga": "operator"}
        for name, role in people.items():
            make_account(name, role=role, password_hash=known)
        self._app = app
        self._browsers = {name: signed_in(app, queries.account(name)) for name in people}
        self._things = things_of(queries.account("ada"), gateway=gateway)
        self._keys = {who: bearer(kind, user_id=name) for who, (kind, name) in KEYS.items()}

    def call(self, call: Call, route: Route, body: bytes, media_type: str | None) -> int:
        """Send a program's body, and return how that was answered."""
        # Under such a key the body is read whatever the call is about.
        headers = {**self._keys.get(call.callers[0], {}), "Idempotency-Key": call.name}
        sent = {"method": call.method, "data": body, "content_type": media_type}
        path = route.path(self._things)
        return self._app.test_client().open(path, **sent, headers=headers).status_code

    def fill_in(self, route: Route, body: bytes, media_type: str | None) -> int:
        """Send a browser's form, and return how that was answered."""
        name = "olga" if route.endpoint.startswith("web.operator.") else "ada"
        sent = {"method": route.method, "data": body, "content_type": media_type}
        answer = self._browsers[name].open(route.path(self._things), **sent)
        if answer.status_code == 302 and answer.location.startswith("/login"):
            # An address before this one has ended the session, as it is there for.
            self._browsers[name] = signed_in(self._app, queries.account(name))
            answer = self._browsers[name].open(route.path(self._things), **sent)
        return answer.status_code


@pytest.fixture
def senders(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Senders:
    """Whoever may call; no body has to be long to be too long."""
    app.config["MAX_CONTENT_LENGTH"] = BODY_MAX_BYTES
    monkeypatch.setattr(auth, "BODY_MAX_BYTES", BODY_MAX_BYTES)
    # The pages themselves are held to their rules elsewhere: that took most of the time here.
    monkeypatch.setattr(html_lint, "check", lambda html, *, is_fragment: None)
    return Senders(app)


def taking(app: Flask) -> list[Route]:
    """Return every route that a body may be sent to."""
    return [route for route in every_route(app) if route.method != "GET"]


@pytest.mark.parametrize("what", BODIES)
def test_is_refused_in_order_by_the_api(app: Flask, senders: Senders, what: str) -> None:
    body, media_type, expected = BODIES[what]
    is_too_large = len(body) > BODY_MAX_BYTES
    calls = {(call.method, call.path): call for call in CALLS}
    for route in taking(app):
        call = calls.get((route.method, route.in_braces))
        if call is None:
            continue
        # The test client holds each answer to what the API's description says of it.
        status = senders.call(call, route, body, media_type)
        assert status < 500, f"{route} answers {status}"
        if call.body and call.path not in EXCEPT:
            assert status in (expected, is_too_large and 413), f"{route} answers {status}"
        elif call.changes and not call.body and is_too_large:
            assert status == 413, f"{route} answers {status}"


@pytest.mark.parametrize("what", BODIES)
def test_is_no_fault_of_a_page(app: Flask, senders: Senders, what: str) -> None:
    body, media_type, _expected = BODIES[what]
    pages = [route for route in taking(app) if route.endpoint.startswith("web.")]
    for place, route in enumerate(pages):
        if what not in NO_FORM or NO_FORM[place % len(NO_FORM)] == what:
            status = senders.fill_in(route, body, media_type)
            assert status < 500, f"{route} answers {status}"
