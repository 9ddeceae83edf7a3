"""Whoever opens an address that only forms are sent to finds the page that the form stands on."""

from collections.abc import Mapping

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.accounts.models import Account
from app.entrypoints.gateways import GATEWAYS
from tests.databases import on_sqlite
from tests.entrypoints.web.conftest import HTMX, signed_in
from tests.every_route import Route, every_route, things_of
from tests.factories.accounts import make_account
from tests.fakes.payment_gateway import FakeGateway

FORMS_MIN = 25
# Where it was about something: no page of a customer's names it, and one of the console's does.
ABOUT = {
    "web.invoices.pay": "/invoices/{reference}",
    "web.operator.payments.refund": "/operator/payments/{payment_id}",
}


@pytest.fixture
def things(app: Flask, ada: Account) -> dict[str, str]:
    """Return what Ada owns."""
    gateway = FakeGateway()
    app.config[GATEWAYS] = {"stripe": gateway, "paypal": gateway}
    signed_in(app, ada)
    return things_of(ada, gateway=gateway)


def forms_alone(app: Flask) -> list[Route]:
    """Return the addresses of browsers that are sent to, and never looked at."""
    routes = [each for each in every_route(app) if each.endpoint.startswith("web.")]
    pages = {each.rule for each in routes if each.method == "GET"}
    return [each for each in routes if each.method == "POST" and each.rule not in pages]


def browsers(app: Flask, ada: Account, password_hash: str) -> Mapping[bool, FlaskClient]:
    """Return who looks: the operator at the console's addresses, and a customer at the others."""
    olga = make_account("olga", role="operator", password_hash=password_hash)
    return {True: signed_in(app, olga), False: signed_in(app, ada)}


@on_sqlite
def test_every_form_leads_to_its_page(
    app: Flask, ada: Account, things: dict[str, str], password_hash: str
) -> None:
    looking, routes = browsers(app, ada, password_hash), forms_alone(app)
    for route in routes:
        browser = looking[route.endpoint.startswith("web.operator.")]
        answer = browser.get(route.path(things))
        assert answer.status_code == 303, route
        page = answer.location
        if route.endpoint in ABOUT:
            assert page == ABOUT[route.endpoint].format(**things)
        assert route.path(things).startswith(page), route
        assert browser.get(page).status_code == 200, f"{route} leads to {page}"
    assert len(routes) >= FORMS_MIN


@on_sqlite
def test_no_address_of_a_form_is_taken_for_the_name_of_something(
    adas: FlaskClient,
) -> None:
    for address in ("/plans/cancel", "/plans/resume"):
        assert (adas.get(address).status_code, adas.get(address).location) == (303, "/plans")


@on_sqlite
class TestLeadBack:
    def test_keeps_what_the_form_was_about(self, adas: FlaskClient) -> None:
        answer = adas.get("/confirm-password/code?next=/keys")
        assert answer.location == "/confirm-password?next=/keys"

    def test_leads_visitors_to_where_they_sign_in(self, client: FlaskClient) -> None:
        assert client.get("/tokens/buy").location == "/tokens"
        assert client.get("/operator/prices/nothing/at/all").status_code == 404

    def test_writes_the_address_anew(self, client: FlaskClient) -> None:
        answer = client.get("/invoices/a%3Fb%0D%0Ac/pay")
        assert answer.location == "/invoices/a%3Fb%0D%0Ac"

    def test_leads_past_what_only_leads_on(self, client: FlaskClient) -> None:
        assert client.get("/invoices//a/pay").location == "/invoices"
        assert client.get("/settings//security/sessions/3/end").location == "/settings"

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
    def test_leads_nobody_who_would_change_something(
        self, client: FlaskClient, method: str
    ) -> None:
        answer = client.open("/tokens/buy", method=method)
        assert answer.status_code == 405 and "POST" in answer.headers["Allow"]
        assert "That does not work here" in answer.text

    def test_leads_no_programs(self, client: FlaskClient) -> None:
        assert client.get("/v1/billing/coupons/apply").status_code == 405
        assert client.get("/webhooks/stripe").status_code == 405


@on_sqlite
class TestPageOfFragment:
    @pytest.mark.parametrize(
        ("asked", "page"),
        [
            # Another range of the page that is open.
            ("/usage?range=7d", "/usage?range%3D7d"),
            ("/usage?model=a%26b&model=c", "/usage?model%3Da%2526b%26model%3Dc"),
            # It refreshes itself: what it has seen is not what is shown.
            ("/usage?range=90d&seen=abc", "/usage?range%3D90d"),
            ("/usage?seen=abc", "/usage?range%3D30d"),
            # A part of it has an address of its own.
            ("/usage/records?range=7d", "/usage?range%3D30d"),
        ],
    )
    def test_is_kept_as_it_was_to_be_shown_next(
        self, client: FlaskClient, asked: str, page: str
    ) -> None:
        shown = {"HX-Current-URL": "http://localhost/usage?range=30d"}
        answer = client.get(asked, headers={**HTMX, **shown})
        assert answer.headers["HX-Redirect"] == f"/login?next={page}"
