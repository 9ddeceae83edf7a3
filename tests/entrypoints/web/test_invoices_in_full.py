"""An invoice's page says all that its document says, and what became of it since."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.accounts import operations as accounts
from app.domain.accounts import queries as account_queries
from app.domain.accounts.models import Account
from app.domain.invoices import credit, credit_notes
from app.domain.invoices.models import Invoice
from app.entrypoints.gateways import GATEWAYS
from app.foundation.database import session, transaction
from app.foundation.figures import day
from app.foundation.periods import BillingMonth
from app.workflows.follow_refund import follow_refund
from app.workflows.redeem_coupon import redeem_coupon
from app.workflows.refund_payment import refund_payment
from app.workflows.replace_invoice import replace_invoice
from app.workflows.settle_payment import settle_payment
from app.workflows.void_invoice import void_invoice
from tests.books import check_books
from tests.entrypoints.web.conftest import words_of
from tests.entrypoints.web.test_tokens import tax_in
from tests.factories.coupons import make_coupon
from tests.factories.payments import (
    SELLER,
    make_invoice,
    make_paid,
    make_plan_invoice,
    make_refund,
)
from tests.factories.usage import GRACE, make_usage
from tests.fakes.payment_gateway import FakeGateway
from tests.statements import statements

STATEMENTS_MAX = 10


@pytest.fixture(autouse=True)
def books(app: Flask) -> Iterator[None]:
    """After each test, every figure that is kept twice is the same twice."""
    yield
    check_books()


@pytest.fixture(autouse=True)
def gateway(app: Flask) -> FakeGateway:
    gateway = FakeGateway()
    app.config[GATEWAYS] = {"stripe": gateway}
    return gateway


def redeem(code: str, account: Account, *, now: datetime, **changes: object) -> None:
    """Let the account have redeemed a coupon."""
    make_coupon(code, now=now - timedelta(hours=1), **changes)
    with transaction():
        redeem_coupon(code, account, plan_id=None, grace=GRACE, now=now)


def give_credit(account: Account, minor: int, *, now: datetime) -> None:
    with transaction():
        locked = accounts.lock_accounts({account.id})[account.id]
        credit.add(locked, minor=minor, kind="given", source="test", note="", now=now)


def credit_some(invoice: Invoice, account: Account, minor: int, *, now: datetime) -> str:
    """Issue a credit note over a part of the invoice, and return its number."""
    with transaction():
        locked = accounts.lock_accounts({account.id})[account.id]
        row = session.get_one(Invoice, invoice.id)
        note = credit_notes.credit(row, locked, gross_minor=minor, reason="Slow days", now=now)
        return note.credit_note_number


def shown(browser: FlaskClient, invoice: Invoice) -> str:
    return words_of(browser.get(f"/invoices/{invoice.invoice_number}").text)


class TestSums:
    def test_name_coupons_tax_and_credit(
        self, adas: FlaskClient, ada: Account, now: datetime
    ) -> None:
        tax_in("DE", ada, now=now)
        redeem("SAVE50", ada, now=now)
        give_credit(ada, 200, now=now)
        page = shown(adas, make_invoice(ada, minor=2_000, now=now))
        assert (
            "Sum of the lines $20.00 Coupon SAVE50 −$10.00 USt 19% $1.90 Total, USD $11.90"
            " Paid from your account credit −$2.00 Left to pay $9.90"
        ) in page
        assert "To pay $9.90" in page

    def test_stay_short_where_there_is_nothing_to_say(
        self, adas: FlaskClient, ada: Account, now: datetime
    ) -> None:
        page = shown(adas, make_invoice(ada, now=now))
        for words in ("Sum of the lines", "account credit", "Left to pay", "Credit notes"):
            assert words not in page

    def test_say_who_owes_the_tax(self, adas: FlaskClient, ada: Account, now: datetime) -> None:
        tax_in("DE", ada, now=now)
        with transaction():
            account_queries.settings_of(ada).tax_id_approved_at = now
        page = shown(adas, make_invoice(ada, now=now))
        assert "Reverse charge: the customer accounts for the VAT" in page and "USt" not in page

    def test_of_the_running_month_show_what_coupons_take_off(
        self, adas: FlaskClient, ada: Account, now: datetime
    ) -> None:
        redeem("SAVE50", ada, now=now)
        make_usage(prompt_tokens=100_000, completion_tokens=0, now=now)
        page = words_of(adas.get(f"/invoices/draft-{BillingMonth.of(now)}").text)
        assert "Sum of the lines $3.00 Coupon SAVE50 −$1.50 Total, USD $1.50" in page
        assert "Coupons take $1.50 off it." in words_of(adas.get("/invoices").text)


class TestPaid:
    def test_says_how(
        self, adas: FlaskClient, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        payment = make_paid(ada, gateway=gateway, now=now)
        page = shown(adas, session.get_one(Invoice, payment.invoice_id))
        assert "Paid by Card (Stripe)" in page and "Left to pay" not in page

    def test_says_that_credit_was_enough(
        self, adas: FlaskClient, ada: Account, now: datetime
    ) -> None:
        give_credit(ada, 5_000, now=now)
        assert "Paid by Account credit" in shown(adas, make_invoice(ada, now=now))

    def test_says_when_nothing_was_due(
        self, adas: FlaskClient, ada: Account, now: datetime
    ) -> None:
        redeem("FREE", ada, value=100, now=now)
        assert "Paid by Nothing was due" in shown(adas, make_invoice(ada, now=now))


class TestTakenBack:
    def test_lists_credit_notes_with_their_papers(
        self, adas: FlaskClient, ada: Account, now: datetime
    ) -> None:
        invoice = make_invoice(ada, now=now)
        number = credit_some(invoice, ada, 234, now=now)
        html = adas.get(f"/invoices/{invoice.invoice_number}").text
        assert f"{number} (PDF)" in html
        assert "Slow days −$2.34 Left of the invoice $10.00" in words_of(html)
        assert "$12.34 −$2.34 credited" in words_of(adas.get("/invoices").text)

    def test_lists_refunds(
        self, adas: FlaskClient, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        payment = make_paid(ada, gateway=gateway, now=now)
        invoice = session.get_one(Invoice, payment.invoice_id)
        refund = make_refund(payment, minor=1_234, now=now)
        assert "Stripe Bought by mistake on its way $12.34" in shown(adas, invoice)
        refund_payment(refund.id, gateways={"stripe": gateway}, now=now)
        with transaction():
            follow_refund(refund.id, now=now)
        page = shown(adas, invoice)
        assert "Stripe Bought by mistake sent back $12.34" in page
        assert "This invoice was refunded" in page and "Left of the invoice $0.00" in page
        listed = words_of(adas.get("/invoices").text)
        assert "refunded $12.34 −$12.34 credited" in listed

    def test_shows_nobody_elses(self, bens: FlaskClient, ada: Account, now: datetime) -> None:
        invoice = make_invoice(ada, now=now)
        credit_some(invoice, ada, 234, now=now)
        assert bens.get(f"/invoices/{invoice.invoice_number}").status_code == 404


class TestVoid:
    def test_says_why(self, adas: FlaskClient, ada: Account, now: datetime) -> None:
        invoice = make_invoice(ada, now=now)
        with transaction():
            void_invoice(invoice.public_id, reason="Billed by mistake", actor="olga", now=now)
        page = shown(adas, invoice)
        assert "This invoice is void: nothing is to be paid" in page
        assert "The reason: Billed by mistake" in page and "Pay by card" not in page

    def test_leads_to_what_took_its_place_and_back(
        self, adas: FlaskClient, ada: Account, now: datetime
    ) -> None:
        old = make_invoice(ada, now=now)
        with transaction():
            new = replace_invoice(
                old.public_id, reason="Wrong address", seller=SELLER, actor="olga", now=now
            )
        html = adas.get(f"/invoices/{old.invoice_number}").text
        assert f'<a href="/invoices/{new.invoice_number}">{new.invoice_number}</a>' in html
        assert f"Replaces {old.invoice_number}" in shown(adas, new)


class TestStatements:
    def test_are_few(
        self, adas: FlaskClient, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        redeem("SAVE50", ada, now=now)
        payment = make_paid(ada, gateway=gateway, now=now)
        invoice = session.get_one(Invoice, payment.invoice_id)
        address = f"/invoices/{invoice.invoice_number}"
        with statements() as sent:
            adas.get(address)
        assert len(sent) <= STATEMENTS_MAX, sent


def test_tells_whoever_comes_back_unpaid_how_it_stands(
    adas: FlaskClient, ada: Account, gateway: FakeGateway, now: datetime
) -> None:
    address = f"/invoices/{make_invoice(ada, now=now).invoice_number}"
    assert "has not arrived" not in adas.get(address).text
    adas.post(f"{address}/pay")
    page = adas.get(address).text
    assert page.count("A payment that you began has not arrived") == 1
    assert "If your card was declined, nothing was charged" in page
    assert 'href="https://pay.example.com/cs_1"' in page
    gateway.pay("cs_1")
    with transaction():
        settle_payment(gateway.outcome_of_session("cs_1"), now=now)
    assert "has not arrived" not in adas.get(address).text


def test_a_plans_invoice_counts_no_tokens(adas: FlaskClient, ada: Account, now: datetime) -> None:
    for invoice, counts in ((make_invoice(ada, now=now), True), (make_plan_invoice("ada"), False)):
        page = adas.get(f"/invoices/{invoice.invoice_number}").text
        assert (">USD per 1,000</th>" in page) is counts


def test_has_the_dates_that_are_printed_on_it(
    adas: FlaskClient, ada: Account, now: datetime
) -> None:
    # Where it is tomorrow already, the document is still of today.
    issued_at = (now - timedelta(days=2)).replace(hour=23, minute=30)
    number = make_invoice(ada, now=issued_at).invoice_number
    ada.timezone = "Asia/Tokyo"
    session.commit()
    for page in ("/invoices", f"/invoices/{number}"):
        answer = adas.get(page).text
        assert f">{day(issued_at)}<" in answer
        assert f">{day(issued_at + timedelta(days=1))}<" not in answer


@pytest.mark.parametrize(("zone", "is_told"), [("UTC", False), ("Asia/Kolkata", True)])
def test_says_where_the_usage_page_cuts_months_elsewhere(
    adas: FlaskClient, ada: Account, zone: str, is_told: bool
) -> None:
    with transaction():
        ada.timezone = zone
    page = words_of(adas.get(f"/invoices/{make_invoice(ada).invoice_number}").text)
    told = "begins and ends in UTC; the usage page shows that of Kolkata"
    assert (told in page) == is_told
