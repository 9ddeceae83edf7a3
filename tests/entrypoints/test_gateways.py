"""Providers hear only so much of one customer: what he uses up is his own."""

from dataclasses import replace
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.accounts import passwords
from app.domain.accounts.models import Account
from app.domain.payments.consent import VERSION
from app.domain.payments.queries import latest_payments
from app.entrypoints import gateways
from app.entrypoints.gateways import GATEWAYS
from app.foundation import clock
from app.foundation.secret_keys import KeyKind
from tests.entrypoints.web.conftest import PASSWORD
from tests.entrypoints.web.switching import agreed_in
from tests.factories.accounts import make_account
from tests.factories.bearers import bearer
from tests.factories.payments import end_page, make_checkout, make_invoice, payment_row
from tests.fakes.payment_gateway import FakeGateway


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PAGES", "NEWS"):
        monkeypatch.setattr(gateways, name, replace(getattr(gateways, name), times=2))


@pytest.fixture
def gateway(app: Flask) -> FakeGateway:
    gateway = FakeGateway()
    app.config[GATEWAYS] = {"stripe": gateway}
    return gateway


@pytest.fixture
def pia(app: Flask, now: datetime) -> Account:
    """A customer on Pro, who may buy extra tokens."""
    password_hash = passwords.hash_password(PASSWORD)
    return make_account("pia", now=now, plan_id="plan-pro", password_hash=password_hash)


@pytest.fixture
def pias(app: Flask, pia: Account) -> FlaskClient:
    """Pia's browser."""
    browser = app.test_client()
    sent = {"email": "pia@example.com", "password": PASSWORD}
    assert browser.post("/login", data=sent).status_code == 302
    return browser


def opened(browser: FlaskClient, account: Account) -> dict[str, int]:
    """Open a page at each place where one is opened, and return what was answered."""
    invoice = make_invoice(account)
    key = bearer(KeyKind.CUSTOMER, user_id=account.id)
    buying = {"amount": "5", "provider": "stripe"}
    shown = agreed_in(browser.get("/plans/plan-enterprise").text)
    api = "/v1/billing"
    called = {
        "/topups": {"amount": 5, "provider": "stripe"},
        "/subscription": {"plan_id": "plan-enterprise"},
        f"/invoices/{invoice.public_id}/checkout": {"provider": "stripe"},
    }
    answers = {
        address: browser.post(address, data=form)
        for address, form in {
            "/tokens/buy": buying,
            f"/invoices/{invoice.invoice_number}/pay": {"provider": "stripe"},
            "/payment-methods": {"consent": VERSION},
            "/tokens/finish/inv-none": {"provider": "stripe"},
            # What a saved card is asked for counts along.
            "/tokens/charge/inv-none": {"card": "1"},
            "/plans": {"plan_id": "plan-enterprise", **shown},
        }.items()
    } | {
        address: browser.post(api + address, json=body, headers=key)
        for address, body in called.items()
    }
    assert all("Retry-After" in answer.headers for answer in answers.values())
    return {address: answer.status_code for address, answer in answers.items()}


def test_open_so_many_pages_of_an_account(
    pias: FlaskClient, pia: Account, gateway: FakeGateway
) -> None:
    for _ in range(2):
        buying = {"amount": "5", "provider": "stripe"}
        assert pias.post("/tokens/buy", data=buying).status_code == 303
    before = len(gateway.pages)
    assert set(opened(pias, pia).values()) == {429}
    assert len(gateway.pages) == before


def test_are_asked_so_often_how_a_payment_stands(
    pias: FlaskClient, pia: Account, gateway: FakeGateway, now: datetime
) -> None:
    payment_id = make_checkout(pia, make_invoice(pia), gateway=gateway, now=now).payment_id
    pages = [pias.get(f"/payments/{payment_id}") for _ in range(4)]
    # Nobody is told off: the page says what is known, and the provider's message will come.
    assert [page.status_code for page in pages] == [200] * 4
    assert all("Confirming your payment" in page.text for page in pages)
    assert gateway.asked == ["cs_1", "cs_1"]
    assert "Look again in a moment" in pias.get("/payment-methods?session=cs_9").text


def test_are_asked_so_often_about_pages_that_have_ended(
    pias: FlaskClient, pia: Account, gateway: FakeGateway
) -> None:
    invoice = make_invoice(pia)
    first = make_checkout(pia, invoice, gateway=gateway, now=clock.now())
    for _ in range(2):
        pias.get(f"/payments/{first.payment_id}")
    end_page(first.payment_id)
    gateway.pay("cs_1")
    # He has asked often: nobody is asked any more, and another page waits.
    answer = pias.post(f"/invoices/{invoice.invoice_number}/pay", data={"provider": "stripe"})
    assert (answer.status_code, gateway.asked) == (409, ["cs_1", "cs_1"])
    assert "has just ended" in answer.text


def test_are_asked_about_a_page_before_its_purchase_gets_another(
    app: Flask, pias: FlaskClient, pia: Account, gateway: FakeGateway
) -> None:
    buying = {"amount": "5", "provider": "stripe"}
    assert pias.post("/tokens/buy", data=buying).status_code == 303
    (payment,) = latest_payments(pia, limit=1)
    end_page(payment.id)
    gateway.pay("cs_1")
    app.config[GATEWAYS] = {"stripe": gateway, "paypal": (paypal := FakeGateway(provider="paypal"))}
    pias.post(f"/tokens/finish/{payment.invoice_id}", data={"provider": "paypal"})
    assert payment_row(payment.id).status == "settled"
    assert (gateway.asked, paypal.orders) == (["cs_1"], [])
