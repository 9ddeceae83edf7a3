"""No address answers those whom it is not for: each is public on purpose, or refuses them.

The routes are counted by the app itself: one that is added here by nobody is found anyhow, and
fails until it keeps visitors out or stands below with the reason why it need not.
"""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.domain.accounts import passwords
from app.domain.accounts.models import Account
from app.entrypoints.api.describing.document import CALLS, KEYS
from app.entrypoints.api.describing.parts import Caller
from app.entrypoints.gateways import GATEWAYS
from app.foundation.secret_keys import KeyKind
from tests.databases import on_sqlite
from tests.entrypoints.web.conftest import HTMX, PASSWORD, signed_in
from tests.every_route import MISSING, Route, every_route, things_of
from tests.factories.accounts import make_account
from tests.factories.bearers import bearer
from tests.fakes.payment_gateway import FakeGateway
from tests.statements import statements

# What anybody may ask, and why.
PUBLIC = {
    "static": "our own files, the same for everyone",
    "web.access.show_sign_in": "how one gets in",
    "web.access.sign_in": "how one gets in; limited by tries",
    "web.access.show_code": "sends whoever has shown no password to the form",
    "web.access.check_code": "sends whoever has shown no password to the form",
    "web.access.show_registration": "how one becomes a customer",
    "web.access.register": "how one becomes a customer; limited by network",
    "web.access.sign_out": "ends what there is, if there is anything",
    "web.links.show_forgotten": "for whoever cannot sign in",
    "web.links.send_reset": "says the same to everyone; limited by network",
    "web.links.show_reset": "the token in the address is the proof",
    "web.links.reset": "the token in the address is the proof",
    "web.links.show_verification": "the token in the address is the proof",
    "web.links.verify": "the token in the address is the proof",
    "web.links.show_undo": "the token in the address is the proof",
    "web.links.undo": "the token in the address is the proof",
    "web.languages.choose": "visitors read the form in a language of theirs, too",
    "health.is_alive": "load balancers ask without a key, and learn one word",
    "health.is_ready": "load balancers ask without a key, and learn one word",
    "description.openapi": "how the API is called is no secret",
    "description.docs": "how the API is called is no secret",
    "api.plans.get_plans": "what is on offer is for those who are no customers yet",
    "webhooks.stripe": "the signature over the body is the proof",
    "webhooks.paypal": "the signature over the body is the proof",
    "metrics.get_metrics": "from this machine itself; else it takes an operator's key",
}
# Customers' pages that name what is no customer's own.
NOBODYS_OWN = {
    "web.plans.preview": "the plans on offer are the same for everyone",
    "web.security.send_email_link": "it names an end of whatever change is one's own",
}
# For customers and operators alike.
SHARED = ("web.confirming", "web.journal", "web.factors", "web.security", "web.mails")
# What has to be sent for the thing in the address to be looked for at all.
FORMS = {"web.invoices.pay": {"provider": "stripe"}}
BODIES = {"api.checkout.checkout": {"provider": "stripe"}}
# What differs from one answer to the next, whatever is asked.
# Each form sends one along, and htmx in a header.
FORM_TOKEN = re.compile(r"""(?<=X-CSRFToken": ")[^"]+|(?<=name="csrf_token" value=")[^"]+""")
PASSING = {"X-Request-Id", "RateLimit-Remaining", "RateLimit-Reset", "Content-Length", "Set-Cookie"}

pytestmark = on_sqlite


@pytest.fixture(scope="module")
def password_hash() -> str:
    """The hash of everybody's password."""
    return passwords.hash_password(PASSWORD)


@pytest.fixture
def ada(app: Flask, password_hash: str) -> Account:
    """The customer whose things others ask for."""
    app.config[GATEWAYS] = {"stripe": FakeGateway(), "paypal": FakeGateway()}
    return make_account("ada", password_hash=password_hash)


@pytest.fixture
def ben(app: Flask, password_hash: str) -> Account:
    """Another customer."""
    return make_account("ben", password_hash=password_hash)


@pytest.fixture
def olga(app: Flask, password_hash: str) -> Account:
    """The operator."""
    return make_account("olga", role="operator", password_hash=password_hash)


@pytest.fixture
def adas(app: Flask, ada: Account) -> FlaskClient:
    """Ada's browser."""
    return signed_in(app, ada)


@pytest.fixture
def things(app: Flask, adas: FlaskClient, ada: Account) -> dict[str, str]:
    """Return what Ada owns."""
    return things_of(ada, gateway=app.config[GATEWAYS]["stripe"])


def pages(app: Flask) -> list[Route]:
    return [
        each
        for each in every_route(app)
        if each.endpoint.startswith("web.") and each.endpoint not in PUBLIC
    ]


def calls(app: Flask) -> list[Route]:
    return [each for each in every_route(app) if each not in pages(app) and not is_public(each)]


def is_public(route: Route) -> bool:
    return route.endpoint in PUBLIC


def is_operators(route: Route) -> bool:
    return route.endpoint.startswith("web.operator.")


def callers_of(route: Route) -> tuple[Caller, ...]:
    path = re.sub(r"<(?:[^:>]+:)?(\w+)>", r"{\1}", route.rule)
    return next(call.callers for call in CALLS if (call.method, call.path) == (route.method, path))


def said_by(answer: TestResponse) -> list[str]:
    """Return all of an answer that might tell whether something is there."""
    kept = sorted(f"{name}: {value}" for name, value in answer.headers if name not in PASSING)
    # The frame says what was asked for, and sends each form's token along.
    said = FORM_TOKEN.sub("", answer.text).replace(answer.request.path, "")
    return [str(answer.status_code), *kept, *said.splitlines()]


def worked_for(browser: FlaskClient, path: str, **sent: object) -> tuple[TestResponse, list[str]]:
    """Return an answer, and the statements it took: its time is made of them."""
    with statements() as work:
        answer = browser.open(path, **sent)
    return answer, work


def test_every_reason_is_about_a_route(app: Flask) -> None:
    assert set(PUBLIC) <= {route.endpoint for route in every_route(app)}
    assert set(NOBODYS_OWN) <= {route.endpoint for route in every_route(app)}


class TestVisitors:
    def test_are_sent_to_the_form(self, app: Flask, things: dict[str, str]) -> None:
        visitor = app.test_client()
        for page in pages(app):
            answer = visitor.open(page.path(things), method=page.method)
            assert answer.status_code == (302 if page.method == "GET" else 303), str(page)
            assert answer.location.startswith("/login"), str(page)
            fragment = visitor.open(page.path(things), method=page.method, headers=HTMX)
            assert (fragment.status_code, fragment.data) == (401, b""), str(page)

    def test_are_sent_there_with_a_form_of_a_lost_session(self, app: Flask, things) -> None:
        visitor = app.test_client()
        app.config["WTF_CSRF_ENABLED"] = True
        for page in pages(app):
            if page.method == "POST":
                answer = visitor.post(page.path(things), data={"csrf_token": "of before"})
                assert answer.status_code == 303, str(page)
                assert answer.location.startswith("/login"), str(page)

    def test_and_programs_without_a_key_are_refused(self, app: Flask, things) -> None:
        visitor = app.test_client()
        for call in calls(app):
            for headers in ({}, {"Authorization": "Bearer obl_sk_000000000000"}):
                answer = visitor.open(call.path(things), method=call.method, headers=headers)
                assert answer.status_code == 401, str(call)
                assert answer.headers["WWW-Authenticate"] == "Bearer"

    def test_gain_nothing_by_a_session(self, app: Flask, ada, things) -> None:
        browser = signed_in(app, ada)
        for call in calls(app):
            answer = browser.open(call.path(things), method=call.method)
            assert answer.status_code == 401, str(call)

    def test_gain_nothing_by_a_key(self, app: Flask, olga, things) -> None:
        headers = bearer(KeyKind.OPERATOR, user_id="olga")
        visitor = app.test_client()
        for page in pages(app):
            answer = visitor.open(page.path(things), method=page.method, headers=headers)
            assert answer.status_code == (302 if page.method == "GET" else 303), str(page)

    def test_find_metrics_only_on_this_machine(self, app: Flask, ada) -> None:
        elsewhere = {"REMOTE_ADDR": "203.0.113.7"}
        visitor = app.test_client()
        assert visitor.get("/metrics", environ_base=elsewhere).status_code == 401
        headers = bearer(KeyKind.CUSTOMER, user_id="ada")
        answer = visitor.get("/metrics", environ_base=elsewhere, headers=headers)
        assert answer.status_code == 403

    def test_of_webhooks_need_a_signature(self, app: Flask, ada) -> None:
        for provider in ("stripe", "paypal"):
            assert app.test_client().post(f"/webhooks/{provider}", json={}).status_code == 400


class TestCustomers:
    def test_find_nothing_at_the_console(self, app: Flask, ben, things) -> None:
        browser = signed_in(app, ben)
        for page in filter(is_operators, pages(app)):
            asked = {"method": page.method}
            answer = browser.open(page.path(things), **asked)
            assert answer.status_code == 404, str(page)
            # No word tells it from an address that there never was.
            assert said_by(answer) == said_by(browser.open("/nothing-at-all", **asked)), str(page)

    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_find_nothing_of_each_other(self, app: Flask, adas, ben, things, headers) -> None:
        browser, looked_for = signed_in(app, ben), 0
        for page in pages(app):
            owned = page.names & set(MISSING)
            assert page.names <= owned or is_operators(page) or page.endpoint in NOBODYS_OWN
            if not owned or is_operators(page):
                continue
            sent = {"method": page.method, "headers": headers, "data": FORMS.get(page.endpoint)}
            theirs, work_for_theirs = worked_for(browser, page.path(things), **sent)
            missing, work_for_missing = worked_for(browser, page.path(MISSING), **sent)
            assert theirs.status_code == 404, str(page)
            assert said_by(theirs) == said_by(missing), str(page)
            assert work_for_theirs == work_for_missing, str(page)
            looked_for += 1
        assert looked_for >= 12
        assert adas.get("/keys").status_code == 200

    def test_programs_find_nothing_of_each_other(self, app: Flask, ben, things) -> None:
        headers, browser = bearer(KeyKind.CUSTOMER, user_id="ben"), app.test_client()
        owned = [
            call
            for call in calls(app)
            if call.names & set(MISSING) and Caller.CUSTOMER in callers_of(call)
        ]
        assert len(owned) >= 3
        # The first use of a key is noted.
        browser.get("/v1/billing/stats", headers=headers)
        for call in owned:
            sent = {"method": call.method, "headers": headers, "json": BODIES.get(call.endpoint)}
            theirs, work_for_theirs = worked_for(browser, call.path(things), **sent)
            missing, work_for_missing = worked_for(browser, call.path(MISSING), **sent)
            assert theirs.status_code == 404, str(call)
            assert said_by(theirs) == said_by(missing), str(call)
            assert work_for_theirs == work_for_missing, str(call)


class TestOperators:
    def test_have_no_pages_of_a_customer(self, app: Flask, olga, things) -> None:
        browser = signed_in(app, olga)
        for page in pages(app):
            if is_operators(page) or page.endpoint.startswith(SHARED):
                continue
            answer = browser.open(page.path(things), method=page.method)
            if page.method == "GET":
                assert (answer.status_code, answer.location) == (302, "/operator"), str(page)
            else:
                assert answer.status_code == 404, str(page)


class TestKeys:
    def test_open_what_they_are_for(self, app: Flask, ada, olga, things) -> None:
        keys = {
            Caller.CUSTOMER: bearer(KeyKind.CUSTOMER, user_id="ada"),
            Caller.GATEWAY: bearer(KeyKind.GATEWAY),
            Caller.OPERATOR: bearer(KeyKind.OPERATOR, user_id="olga"),
        }
        assert set(keys) == set(KEYS)
        browser = app.test_client()
        for call in calls(app):
            for caller in set(keys) - set(callers_of(call)):
                answer = browser.open(call.path(things), method=call.method, headers=keys[caller])
                assert answer.status_code == 403, f"{call} takes the key of a {caller}"
                assert answer.json["code"] == "wrong_kind_of_key"

    def test_of_customers_are_no_operators(self, app: Flask, ada, things) -> None:
        # Whoever once was an operator has kept his key, and lost what it was for.
        headers = bearer(KeyKind.OPERATOR, user_id="ada")
        browser = app.test_client()
        for call in calls(app):
            if callers_of(call) == (Caller.OPERATOR,):
                answer = browser.open(call.path(things), method=call.method, headers=headers)
                assert answer.status_code == 403, str(call)

    def test_that_only_read_change_nothing(self, app: Flask, ada, olga, things) -> None:
        keys = {
            Caller.CUSTOMER: bearer(KeyKind.CUSTOMER, user_id="ada", scope="read"),
            Caller.GATEWAY: bearer(KeyKind.GATEWAY, scope="read"),
            Caller.OPERATOR: bearer(KeyKind.OPERATOR, user_id="olga", scope="read"),
        }
        browser, refused = app.test_client(), 0
        changing = {(each.method, each.path) for each in CALLS if each.changes}
        for call in calls(app):
            path = re.sub(r"<(?:[^:>]+:)?(\w+)>", r"{\1}", call.rule)
            # Every call that is not GET changes something, but for those that only reckon.
            only_reckons = call.endpoint in ("api.usage.post_estimate", "api.subscription.preview")
            assert ((call.method, path) in changing) == (call.method != "GET" and not only_reckons)
            if (call.method, path) in changing:
                headers = keys[callers_of(call)[0]]
                answer = browser.open(call.path(things), method=call.method, headers=headers)
                assert (answer.status_code, answer.json["code"]) == (403, "key_is_read_only")
                refused += 1
        assert refused >= 20

    def test_that_are_revoked_or_over_open_nothing(self, app: Flask, ada, now, things) -> None:
        browser = app.test_client()
        for changes in ({"revoked_at": now}, {"expires_at": now}):
            headers = bearer(KeyKind.CUSTOMER, user_id="ada", **changes)
            for call in calls(app):
                answer = browser.open(call.path(things), method=call.method, headers=headers)
                assert answer.status_code == 401, str(call)


def test_a_stolen_form_needs_its_token(app: Flask, ada, things) -> None:
    """With form tokens on, no page takes a form of another site, whoever is signed in."""
    browser = signed_in(app, ada)
    app.config["WTF_CSRF_ENABLED"] = True
    for page in every_route(app):
        if page.method == "POST" and page.endpoint.startswith("web."):
            answer: TestResponse = browser.post(page.path(things), data={"email": "x"})
            assert answer.status_code == 400, str(page)
            assert "This form has expired" in answer.text
