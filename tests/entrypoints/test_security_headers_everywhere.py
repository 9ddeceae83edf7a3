"""No answer of any address lacks what the browser is to be told, whoever asks and however."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from app.config import Settings
from app.domain.accounts import passwords, queries
from app.entrypoints.gateways import GATEWAYS
from app.foundation.database import db
from app.foundation.secret_keys import KeyKind
from tests.databases import on_sqlite
from tests.entrypoints.web.conftest import HTMX, PASSWORD
from tests.every_route import MISSING, every_route, things_of
from tests.factories.accounts import make_account
from tests.factories.bearers import bearer
from tests.fakes.payment_gateway import FakeGateway
from tests.html_lint import LintingClient

HTTPS = "https://localhost"
# A mail as its reader sees it stands in a frame of ours that may do nothing.
FRAMED = "/html"
# What says which programs answer, and in which version, is of use to attackers alone.
TELLTALE = ("Server", "X-Powered-By", "Via", "X-AspNet-Version", "X-Generator")

pytestmark = on_sqlite


@pytest.fixture
def secure(settings: Settings) -> Iterator[Flask]:
    """The app as it runs behind a proxy that speaks TLS."""
    settings = replace(settings, base_url="https://billing.example")
    app = create_app(settings, TESTING=True, WTF_CSRF_ENABLED=False)
    app.test_client_class = LintingClient
    app.config[GATEWAYS] = {"stripe": FakeGateway(), "paypal": FakeGateway()}
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def browser_of(app: Flask, user_id: str, **changes: object) -> FlaskClient:
    """Return the browser of somebody new who has signed in."""
    account = make_account(user_id, password_hash=passwords.hash_password(PASSWORD), **changes)
    browser = app.test_client()
    sent = {"email": account.email, "password": PASSWORD}
    assert browser.post("/login", base_url=HTTPS, data=sent).status_code == 302
    return browser


def answers(app: Flask) -> Iterator[tuple[str, TestResponse]]:
    """Ask every address as a visitor, a customer and an operator, for pages and for fragments."""
    customer = browser_of(app, "ada")
    operator = browser_of(app, "olga", role="operator")
    things = things_of(queries.account("ada"), gateway=app.config[GATEWAYS]["stripe"])
    keys = {
        "sk": bearer(KeyKind.CUSTOMER, user_id="ada"),
        "gw": bearer(KeyKind.GATEWAY),
        "op": bearer(KeyKind.OPERATOR, user_id="olga"),
    }
    # What signs somebody out, or ends his session, comes last.
    routes = sorted(every_route(app), key=lambda each: (each.method != "GET", "log" in each.rule))
    for route in routes:
        of_console = route.rule.startswith("/operator")
        known = operator if of_console else customer
        asking = [(app.test_client(), {}, things)]
        if route.endpoint.startswith("web."):
            asking += [(known, {}, things), (known, HTMX, things), (known, {}, MISSING)]
        else:
            asking += [(app.test_client(), key, things) for key in keys.values()]
        for browser, headers, there in asking:
            asked = {"method": route.method, "base_url": HTTPS, "headers": headers}
            yield str(route), browser.open(route.path(there), **asked)


@pytest.fixture
def every_answer(secure: Flask) -> list[tuple[str, TestResponse]]:
    """All of them."""
    return list(answers(secure))


def test_every_answer_is_told_everything(every_answer: list[tuple[str, TestResponse]]) -> None:
    assert {answer.status_code for _, answer in every_answer} >= {200, 302, 303, 401, 403, 404, 422}
    for route, answer in every_answer:
        headers, policy = answer.headers, answer.headers["Content-Security-Policy"]
        framed = FRAMED in route and answer.status_code == 200
        assert "default-src 'none'" in policy and "unsafe" not in policy, route
        assert "base-uri 'none'" in policy, route
        if framed:
            assert "sandbox" in policy and "frame-ancestors 'self'" in policy, route
        else:
            assert "frame-ancestors 'none'" in policy, route
            assert headers["X-Frame-Options"] == "DENY", route
        assert headers["X-Content-Type-Options"] == "nosniff", route
        assert headers["Referrer-Policy"] == "same-origin", route
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", route
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin", route
        assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
        for feature in ("camera", "geolocation", "microphone", "payment", "usb"):
            assert f"{feature}=()" in headers["Permissions-Policy"], route
        if not route.startswith("GET /static"):
            # Nothing of a customer's stays in a cache, and no back button shows it.
            assert headers["Cache-Control"] == "no-store", route
        for name in TELLTALE:
            assert name not in headers, route
        # Nothing of ours is for the pages of others.
        assert not any(name.startswith("Access-Control-") for name, _ in headers), route
        for cookie in headers.getlist("Set-Cookie"):
            assert cookie.startswith("__Host-"), route
            assert "Secure" in cookie and "HttpOnly" in cookie and "Path=/" in cookie, route
            assert "SameSite=Lax" in cookie and "Domain" not in cookie, route
