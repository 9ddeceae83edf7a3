"""Paying an invoice over the API."""

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.domain.accounts.models import Account
from app.domain.invoices.models import Invoice
from app.domain.payments.models import Payment
from app.entrypoints.gateways import GATEWAYS
from app.foundation.database import session, transaction
from app.foundation.secret_keys import KeyKind
from app.workflows.settle_payment import settle_payment
from tests.books import check_books
from tests.factories.bearers import bearer
from tests.factories.payments import end_page, make_invoice
from tests.fakes.payment_gateway import FakeGateway

Checkout = Callable[..., TestResponse]


@pytest.fixture(autouse=True)
def books(app: Flask) -> Iterator[None]:
    """After each test, every figure that is kept twice is the same twice."""
    yield
    check_books()


@pytest.fixture
def gateway(app: Flask) -> FakeGateway:
    gateway = FakeGateway()
    app.config[GATEWAYS] = {"stripe": gateway}
    return gateway


@pytest.fixture
def invoice(ada: Account, now: datetime) -> Invoice:
    return make_invoice(ada, now=now)


@pytest.fixture
def checkout(client: FlaskClient, invoice: Invoice, by_ada: dict[str, str], gateway: FakeGateway):
    def checkout(
        reference: str = "", *, by: dict[str, str] | None = None, key: str = "", **body: object
    ) -> TestResponse:
        headers = {**(by or by_ada), **({"Idempotency-Key": key} if key else {})}
        path = f"/v1/billing/invoices/{reference or invoice.public_id}/checkout"
        return client.post(path, json=body or {"provider": "stripe"}, headers=headers)

    return checkout


class TestCheckout:
    def test_answers_with_the_page(self, checkout: Checkout, invoice: Invoice) -> None:
        answer = checkout()
        assert answer.status_code == 200
        assert answer.json == {
            "payment_id": session.query(Payment).one().public_id,
            "checkout_url": "https://pay.example.com/cs_1",
        }
        assert checkout(invoice.invoice_number or "").json == answer.json

    def test_is_for_paypal_too(self, app: Flask, checkout: Checkout, gateway: FakeGateway) -> None:
        other = FakeGateway()
        other.provider = "paypal"
        app.config[GATEWAYS] = {"stripe": gateway, "paypal": other}
        assert checkout(provider="paypal").status_code == 200
        assert session.query(Payment).one().provider == "paypal"
        assert (len(other.orders), gateway.orders) == (1, [])

    @pytest.mark.parametrize("provider", ["stripe", "paypal"])
    def test_is_not_for_what_was_paid_in_the_last_moment(
        self, app: Flask, checkout: Checkout, gateway: FakeGateway, provider: str
    ) -> None:
        other = FakeGateway(provider="paypal")
        app.config[GATEWAYS] = {"stripe": gateway, "paypal": other}
        end_page(checkout().json["payment_id"])
        gateway.pay("cs_1")
        answer = checkout(provider=provider)
        assert (answer.status_code, gateway.asked) == (409, ["cs_1"])
        assert "is paid" in answer.text
        assert (len(gateway.orders), other.orders) == (1, [])

    def test_leads_back_to_this_installation(
        self, checkout: Checkout, gateway: FakeGateway
    ) -> None:
        checkout()
        assert gateway.orders[0].success_url.startswith("http://127.0.0.1:8000/payments/pay-")

    def test_gives_a_stranger_nothing(
        self, checkout: Checkout, by_ben: dict[str, str], gateway: FakeGateway
    ) -> None:
        answer = checkout(by=by_ben)
        assert (answer.status_code, answer.json["code"]) == (404, "unknown_invoice")
        assert gateway.orders == []

    def test_is_for_customers(self, checkout: Checkout, by_gateway: dict[str, str]) -> None:
        assert checkout(by=by_gateway).status_code == 403
        assert checkout(by={"Authorization": "Bearer obl_sk_nonsense"}).status_code == 401

    def test_is_not_for_keys_that_only_read(self, checkout: Checkout, ada: Account) -> None:
        reading = bearer(KeyKind.CUSTOMER, user_id="ada", scope="read")
        assert checkout(by=reading).json["code"] == "key_is_read_only"

    @pytest.mark.parametrize(
        ("body", "code", "field"),
        [
            ({"provider": "paypal"}, "unknown_provider", "provider"),
            ({"provider": 7}, "field_invalid", "provider"),
            ({"provider": None}, "field_missing", "provider"),
            ({"provider": "stripe", "amount": 1}, "field_unknown", "amount"),
        ],
    )
    def test_says_what_is_wrong_with_the_body(
        self, checkout: Checkout, body: dict[str, object], code: str, field: str
    ) -> None:
        answer = checkout(**body)
        assert (answer.status_code, answer.json["code"]) == (422, code)
        assert answer.json["errors"][0]["path"] == field

    def test_replays_its_answer(self, checkout: Checkout, gateway: FakeGateway) -> None:
        first, again = checkout(key="k1"), checkout(key="k1")
        assert again.json == first.json
        assert again.headers["Idempotent-Replayed"] == "true"
        assert len(gateway.orders) == 1

    def test_asks_to_come_back_when_the_provider_is_away(
        self, checkout: Checkout, gateway: FakeGateway
    ) -> None:
        gateway.is_away = True
        answer = checkout(key="k1")
        assert (answer.status_code, answer.json["code"]) == (503, "provider_unreachable")
        assert answer.headers["Retry-After"] == "10"
        assert session.query(Payment).one().status == "unknown"

        gateway.is_away = False
        again = checkout(key="k1")
        assert again.status_code == 200
        assert "Idempotent-Replayed" not in again.headers
        assert session.query(Payment).count() == 1

    def test_finds_the_page_of_a_lost_answer(
        self, checkout: Checkout, gateway: FakeGateway
    ) -> None:
        gateway.loses_answers = True
        assert checkout().status_code == 503
        gateway.loses_answers = False
        assert checkout().json["checkout_url"].endswith("/cs_1")
        assert len(gateway.pages) == 1

    def test_takes_no_money_twice(
        self, checkout: Checkout, gateway: FakeGateway, now: datetime
    ) -> None:
        checkout()
        gateway.pay("cs_1")
        with transaction():
            settle_payment(gateway.outcome_of_session("cs_1"), now=now)
        answer = checkout(key="k2")
        assert (answer.status_code, answer.json["code"]) == (409, "invoice_not_payable")
        assert checkout(key="k2").headers["Idempotent-Replayed"] == "true"
