"""The pages of invoices and payments to who reads Chinese, and which invoices they list."""

from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.accounts.models import Account
from app.entrypoints.gateways import GATEWAYS
from app.foundation.database import transaction
from app.workflows.void_invoice import void_invoice
from tests.entrypoints.web.conftest import words_of
from tests.factories.payments import make_checkout, make_invoice
from tests.fakes.payment_gateway import FakeGateway
from tests.halves import on_one_of_both
from tests.translations.reading import english_words, main_of

# What language a page speaks is the same question to both databases.
pytestmark = on_one_of_both

# What lines of invoices say is told by who writes them.
LINES = ["AI API usage - gpt-4", "Stripe INV PDF", "Oblivious", "Ada ada@example.com"]


@pytest.fixture
def gateway(app: Flask) -> FakeGateway:
    gateway = FakeGateway()
    app.config[GATEWAYS] = {"stripe": gateway}
    return gateway


@pytest.fixture(autouse=True)
def reads_chinese(ada: Account) -> None:
    with transaction():
        ada.locale = "zh"


def test_no_english_is_left(
    adas: FlaskClient, ada: Account, gateway: FakeGateway, now: datetime
) -> None:
    invoice = make_invoice(ada, now=now)
    payment = make_checkout(ada, invoice, gateway=gateway, now=now)
    pages = ("/invoices", f"/invoices/{invoice.invoice_number}", f"/payments/{payment.payment_id}")
    for address in pages:
        page = main_of(adas.get(address).text)
        assert english_words(page, data=LINES) == set(), address
    assert "正在确认您的付款…" in page


def test_our_reasons_are_read_and_an_operators_stay(
    adas: FlaskClient, ada: Account, gateway: FakeGateway, now: datetime
) -> None:
    invoice = make_invoice(ada, now=now)
    with transaction():
        void_invoice(invoice.invoice_number, reason="Wrong month", actor="operator", now=now)
    page = words_of(adas.get(f"/invoices/{invoice.invoice_number}").text)
    assert "此账单已作废：无需付款 原因：Wrong month（" in page


def test_an_unknown_invoice_is_refused(adas: FlaskClient, gateway: FakeGateway) -> None:
    assert "您没有此编号的账单。" in words_of(adas.get("/invoices/INV-1").text)
