"""Buying extra tokens over the API, and reading what became of them."""

from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.domain.accounts.models import Account
from app.domain.invoices.models import Invoice, TaxRate
from app.domain.payments.models import Payment
from app.entrypoints.gateways import GATEWAYS
from app.foundation.database import session, transaction
from app.foundation.secret_keys import KeyKind
from app.workflows.settle_payment import settle_payment
from tests.books import check_books
from tests.factories.accounts import make_account
from tests.factories.bearers import bearer
from tests.fakes.payment_gateway import FakeGateway

PATH = "/v1/billing/topups"


@pytest.fixture
def gateway(app: Flask) -> FakeGateway:
    gateway = FakeGateway()
    app.config[GATEWAYS] = {"stripe": gateway}
    return gateway


@pytest.fixture
def by_pia(app: Flask, gateway: FakeGateway, noise: list[Account]) -> dict[str, str]:
    """Pia is on Pro, whose extra token costs 0.00015 USD."""
    make_account("pia", plan_id="plan-pro")
    return bearer(KeyKind.CUSTOMER, user_id="pia")


def post(client: FlaskClient, by: dict[str, str], body: object) -> TestResponse:
    return client.post(PATH, json=body, headers=by)


class TestBuy:
    @pytest.mark.parametrize("named", [{}, {"provider": "stripe"}, {"provider": None}])
    def test_prices_the_tokens_and_leads_to_the_page(
        self,
        client: FlaskClient,
        by_pia: dict[str, str],
        gateway: FakeGateway,
        named: dict[str, str | None],
    ) -> None:
        answer = post(client, by_pia, {"amount": 100.0, **named})
        assert answer.status_code == 200
        assert answer.json["tokens"] == 666_666
        assert answer.json["checkout_url"] == "https://pay.example.com/cs_1"
        assert gateway.orders[0].amount_minor == 10_000
        # The id under which the payment is known here, and at the provider.
        (payment,) = session.query(Payment)
        assert answer.json["payment_id"] == payment.public_id == gateway.orders[0].payment_id
        assert gateway.orders[0].cancel_url.endswith("/tokens")

    def test_gives_the_tokens_when_the_money_comes_once(
        self, client: FlaskClient, by_pia: dict[str, str], gateway: FakeGateway, now: datetime
    ) -> None:
        post(client, by_pia, {"amount": 50})
        gateway.pay("cs_1")
        for _ in range(2):
            with transaction():
                settle_payment(gateway.outcome_of_session("cs_1"), now=now)
        read = client.get(PATH, headers=by_pia).json
        assert read["extra_tokens"] == 333_333
        assert read["token_balance"] == 1_333_333
        (entry,) = read["entries"]
        assert (entry["kind"], entry["tokens"], entry["price_per_token"]) == (
            "top_up",
            333_333,
            0.00015,
        )
        invoice = session.query(Invoice).filter_by(user_id="pia").one()
        assert (invoice.kind, invoice.status) == ("topup", "paid")
        assert invoice.invoice_number is not None
        check_books()

    def test_puts_tax_on_top(
        self, client: FlaskClient, by_pia: dict[str, str], gateway: FakeGateway, now: datetime
    ) -> None:
        with transaction():
            session.add(TaxRate(country="DE", name="USt", rate_bp=1_900, updated_at=now))
            session.execute(
                Account.__table__.metadata.tables["billing_settings"]
                .update()
                .where(Account.__table__.metadata.tables["billing_settings"].c.user_id == "pia")
                .values(country="DE")
            )
        answer = post(client, by_pia, {"amount": 100})
        assert answer.json["tokens"] == 666_666
        assert gateway.orders[0].amount_minor == 11_900

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({}, 422, "field_missing"),
            ({"amount": None}, 422, "field_missing"),
            ({"amount": "100"}, 422, "amount_invalid"),
            ({"amount": "１００"}, 422, "amount_invalid"),
            ({"amount": True}, 422, "amount_invalid"),
            ({"amount": [5]}, 422, "amount_invalid"),
            ({"amount": 5.001}, 422, "amount_invalid"),
            ({"amount": 0.001}, 422, "amount_invalid"),
            ({"amount": {}}, 422, "amount_invalid"),
            ({"amount": 10**400}, 422, "amount_invalid"),
            ({"amount": 1e300}, 422, "amount_invalid"),
            ({"amount": 0}, 422, "top_up_amount_invalid"),
            ({"amount": -1}, 422, "top_up_amount_invalid"),
            ({"amount": 4.99}, 422, "top_up_amount_invalid"),
            ({"amount": 10_000.01}, 422, "top_up_amount_invalid"),
            ({"amount": 1e9}, 422, "top_up_amount_invalid"),
            ({"amount": 5, "provider": 7}, 422, "field_invalid"),
            ({"amount": 5, "provider": "bank"}, 422, "unknown_provider"),
            ({"amount": 5, "tokens": 7}, 422, "field_unknown"),
        ],
    )
    def test_refuses(
        self, client: FlaskClient, by_pia: dict[str, str], body: object, status: int, code: str
    ) -> None:
        answer = post(client, by_pia, body)
        assert (answer.status_code, answer.json["code"]) == (status, code)
        assert answer.json["errors"]
        assert session.query(Invoice).count() == 0

    @pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-0", "05", "0x5"])
    def test_refuses_what_is_no_amount(
        self, client: FlaskClient, by_pia: dict[str, str], number: str
    ) -> None:
        body = f'{{"amount": {number}}}'
        answer = client.post(PATH, data=body, headers=by_pia, content_type="application/json")
        assert answer.status_code in (400, 422)
        assert answer.json["code"]
        assert session.query(Invoice).count() == 0

    @pytest.mark.parametrize("amount", [5, 10_000])
    def test_takes_both_ends(
        self, client: FlaskClient, by_pia: dict[str, str], amount: int
    ) -> None:
        assert post(client, by_pia, {"amount": amount}).status_code == 200

    def test_sells_none_on_pay_as_you_go(
        self, client: FlaskClient, by_ada: dict[str, str], gateway: FakeGateway
    ) -> None:
        answer = post(client, by_ada, {"amount": 50})
        assert (answer.status_code, answer.json["code"]) == (422, "no_tokens_for_sale")

    def test_gives_a_page_that_closed_back(
        self, client: FlaskClient, by_pia: dict[str, str], gateway: FakeGateway, now: datetime
    ) -> None:
        post(client, by_pia, {"amount": 50})
        gateway.refuses_with = "amount_too_large"
        assert post(client, by_pia, {"amount": 60}).status_code == 503
        states = {invoice.final_minor: invoice.status for invoice in session.query(Invoice)}
        assert states == {5_000: "draft", 6_000: "void"}


class TestListEntries:
    def test_shows_nobody_elses(
        self, client: FlaskClient, by_ada: dict[str, str], noise: list[Account]
    ) -> None:
        read = client.get(PATH, headers=by_ada)
        assert read.json == {"entries": [], "total": 0, "token_balance": 0, "extra_tokens": 0}

    @pytest.mark.parametrize("query", ["?page=0", "?page_size=1001", "?page=x", "?what=1"])
    def test_refuses_strange_pages(
        self, client: FlaskClient, by_ada: dict[str, str], query: str
    ) -> None:
        assert client.get(PATH + query, headers=by_ada).status_code == 422
