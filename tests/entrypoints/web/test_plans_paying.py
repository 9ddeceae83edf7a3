"""Paying for a plan: the ways there are, and payments that take days."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.accounts.queries import account
from app.domain.payments.gateway import OutcomeStatus
from app.domain.payments.models import Payment
from app.domain.subscriptions.models import PlanChange
from app.entrypoints.gateways import GATEWAYS
from app.foundation.database import session
from tests.books import check_books
from tests.entrypoints.web.conftest import signed_in, words
from tests.entrypoints.web.switching import agreed_in, confirm
from tests.factories.accounts import make_account
from tests.factories.purchases import make_card
from tests.factories.redemptions import make_coupon, redeem
from tests.fakes.payment_gateway import FakeGateway


@pytest.fixture(autouse=True)
def gateway(app: Flask) -> FakeGateway:
    gateway = FakeGateway()
    app.config[GATEWAYS] = {"stripe": gateway}
    return gateway


@pytest.fixture
def cleos(app: Flask, now, password_hash: str) -> FlaskClient:
    """The browser of a customer who has been on Pro for ten days."""
    cleo = make_account("cleo", now=now, plan_id="plan-pro", password_hash=password_hash)
    return signed_in(app, cleo)


class TestWaysToPay:
    @pytest.fixture
    def paypal(self, app: Flask, gateway: FakeGateway) -> FakeGateway:
        paypal = FakeGateway(provider="paypal", numbers_from=101)
        app.config[GATEWAYS] = {"stripe": gateway, "paypal": paypal}
        return paypal

    def test_are_those_of_invoices(self, adas: FlaskClient, paypal: FakeGateway) -> None:
        page = words(adas.get("/plans/plan-pro").text)
        assert "Pay $99.99 by card Pay with PayPal" in page and "Pay with Visa" not in page
        make_card(account("ada"))
        page = words(adas.get("/plans/plan-pro").text)
        assert "Pay with Visa ending in 4242 Pay by another card Pay with PayPal" in page
        assert "Visa ending in 4242 is charged $99.99 at once" in page

    def test_are_none_where_nothing_is_due(self, cleos: FlaskClient, paypal: FakeGateway) -> None:
        make_card(account("cleo"))
        page = words(cleos.get("/plans/plan-basic").text)
        assert "Pay with" not in page and "Pay by" not in page and "Switch on" in page

    def test_lead_to_paypal(
        self, adas: FlaskClient, gateway: FakeGateway, paypal: FakeGateway
    ) -> None:
        make_card(account("ada"))
        answer = confirm(adas, "plan-pro", provider="paypal")
        assert answer.location == "https://pay.example.com/cs_101"
        assert (gateway.orders, paypal.orders[0].amount_minor) == ([], 9_999)
        assert (
            'href="https://pay.example.com/cs_101">Continue to payment' in adas.get("/plans").text
        )

    def test_charge_the_saved_card_once(self, adas: FlaskClient, gateway: FakeGateway) -> None:
        make_card(account("ada"))
        answer = confirm(adas, "plan-pro", provider="card")
        assert "You are on Pro now" in adas.get(answer.location).text
        assert [order.amount_minor for order in gateway.charged] == [9_999]
        check_books()

    def test_charge_no_card_that_was_not_seen(
        self, adas: FlaskClient, gateway: FakeGateway
    ) -> None:
        make_card(account("ada"))
        shown = {**agreed_in(adas.get("/plans/plan-pro").text), "card": "77"}
        answer = adas.post("/plans", data={"plan_id": "plan-pro", "provider": "card", **shown})
        assert answer.status_code in (409, 422) and "Your saved card has changed" in answer.text
        assert gateway.charged == []

    def test_say_why_the_saved_card_was_declined(
        self, adas: FlaskClient, gateway: FakeGateway
    ) -> None:
        make_card(account("ada"))
        gateway.declines_with = "insufficient_funds"
        answer = confirm(adas, "plan-pro", provider="card")
        page = words(adas.get(answer.location).text)
        assert "The payment did not go through" in page and "Your plan is as it was" in page
        assert "waits for your payment" not in adas.get("/plans").text
        gateway.declines_with = None
        assert confirm(adas, "plan-pro").location == "https://pay.example.com/cs_2"

    @pytest.mark.parametrize(("has_coupon", "due_minor"), [(False, 9_999), (True, 7_999)])
    def test_ask_for_the_owner_whom_the_bank_wants_to_hear(
        self, adas: FlaskClient, gateway: FakeGateway, *, has_coupon: bool, due_minor: int
    ) -> None:
        make_card(account("ada"))
        if has_coupon:
            make_coupon()
            redeem("SAVE20", account("ada"))
        gateway.declines_with = "authentication_required"
        confirm(adas, "plan-pro", provider="card")
        page = words(adas.get("/plans").text)
        assert "Your bank wants you to confirm the payment for Pro" in page
        assert "Nothing has been charged so far." in page and "Continue to payment" in page
        # What he goes on with is what he agreed to: his coupon is held by it.
        going_on = {"plan_id": "plan-pro", **agreed_in(adas.get("/plans").text)}
        answer = adas.post("/plans", data=going_on)
        assert answer.location == "https://pay.example.com/cs_2"
        assert [order.amount_minor for order in gateway.orders] == [due_minor]
        assert session.query(PlanChange).count() == 1

    @pytest.mark.parametrize("provider", ["", "stripe", "paypal", "card", "cheque"])
    def test_know_no_others(self, adas: FlaskClient, paypal: FakeGateway, provider: str) -> None:
        make_card(account("ada"))
        answer = confirm(adas, "plan-pro", provider=provider)
        assert answer.status_code == (303 if provider != "cheque" else 422)
        assert session.query(PlanChange).count() == (provider != "cheque")


class TestProcessing:
    @pytest.fixture
    def shown(self, adas: FlaskClient) -> dict[str, str]:
        """What another tab has shown of Pro before."""
        return {"plan_id": "plan-pro", **agreed_in(adas.get("/plans/plan-pro").text)}

    @pytest.fixture
    def processing(self, adas: FlaskClient, gateway: FakeGateway, shown: dict[str, str]) -> str:
        """The address at which ada's payment for Pro is shown; her bank takes days."""
        confirm(adas, "plan-pro")
        gateway.end("cs_1", OutcomeStatus.PROCESSING)
        payment = session.query(Payment).one()
        return f"/payments/{payment.public_id}"

    def test_is_shown_as_it_is_and_offers_no_second_payment(
        self, adas: FlaskClient, gateway: FakeGateway, processing: str, shown: dict[str, str]
    ) -> None:
        page = adas.get(processing).text
        page = adas.get(processing).text
        assert "Your payment is being processed" in page and "Confirming" not in page
        assert "pay.example.com/cs_1" not in page
        page = adas.get("/plans").text
        assert "Your payment for Pro is being processed" in page
        assert "Continue to payment" not in page and "Look at it again" not in page
        for provider in ("stripe", "card"):
            answer = adas.post("/plans", data={**shown, "provider": provider})
            assert answer.status_code == 409, provider
            assert "nothing to pay again" in answer.text
        assert (len(gateway.orders), gateway.charged) == (1, [])

    def test_begins_the_plan_once_the_money_is_there(
        self, adas: FlaskClient, gateway: FakeGateway, processing: str
    ) -> None:
        adas.get(processing)
        gateway.pay("cs_1")
        assert adas.get(processing).status_code == 303
        assert "You are on Pro now" in adas.get(processing).text
        check_books()
