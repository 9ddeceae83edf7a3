"""Documents behind the invoice pages: one's own, issued, the same bytes each time."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.accounts.models import Account
from app.domain.invoices.models import Invoice
from app.entrypoints.gateways import GATEWAYS
from app.foundation.database import transaction
from app.foundation.periods import BillingMonth
from tests.books import check_books
from tests.factories.documents import make_credit_note
from tests.factories.payments import make_checkout, make_invoice
from tests.factories.purchases import pay
from tests.factories.usage import make_usage
from tests.fakes.payment_gateway import FakeGateway
from tests.halves import on_one_of_both


@pytest.fixture(autouse=True)
def books(app: Flask) -> Iterator[None]:
    """After each test, every figure that is kept twice is the same twice."""
    yield
    check_books()


@pytest.fixture
def invoice(app: Flask, ada: Account, now: datetime) -> Invoice:
    app.config[GATEWAYS] = {"stripe": FakeGateway()}
    return make_invoice(ada, now=now)


@pytest.fixture
def address(invoice: Invoice) -> str:
    return f"/invoices/{invoice.invoice_number}"


@pytest.fixture
def pay_it(app: Flask, ada: Account, invoice: Invoice, now: datetime) -> Callable[[], None]:
    """Pay the invoice on the provider's page, a minute later."""
    gateway = app.config[GATEWAYS]["stripe"]

    def paid() -> None:
        checkout = make_checkout(ada, invoice, gateway=gateway, now=now)
        pay(checkout, gateway=gateway, now=now + timedelta(minutes=1))

    return paid


# What language a page speaks is the same question to both databases.
@on_one_of_both
class TestLanguage:
    def test_is_that_of_the_issue_for_ever(
        self, adas: FlaskClient, ada: Account, now: datetime
    ) -> None:
        english = f"/invoices/{make_invoice(ada, now=now).invoice_number}/pdf"
        english_file = adas.get(english).data
        with transaction():
            ada.locale = "zh"
        chinese = f"/invoices/{make_invoice(ada, now=now).invoice_number}/pdf"
        chinese_file = adas.get(chinese).data
        assert adas.get(english).data == english_file
        with transaction():
            ada.locale = "en"
        assert adas.get(chinese).data == chinese_file
        assert b"/Lang(zh)" in chinese_file and b"/Lang(en)" in english_file

    def test_lines_are_said_as_the_reader_reads(
        self, adas: FlaskClient, ada: Account, now: datetime
    ) -> None:
        make_usage(prompt_tokens=1_000_000, completion_tokens=0, now=now, occurred_at=now)
        draft = f"/invoices/draft-{BillingMonth.of(now)}"
        assert "AI API usage - gpt-4" in adas.get(draft).text
        with transaction():
            ada.locale = "zh"
        assert "AI API 用量 - gpt-4" in adas.get(draft).text


class TestInvoice:
    def test_is_the_same_file_each_time_whatever_happens(
        self, adas: FlaskClient, invoice: Invoice, address: str, pay_it: Callable[[], None]
    ) -> None:
        first = adas.get(f"{address}/pdf")
        assert first.status_code == 200 and first.content_type == "application/pdf"
        assert first.headers["Content-Disposition"] == (
            f'attachment; filename="{invoice.invoice_number}.pdf"'
        )
        pay_it()
        assert adas.get(f"/invoices/{invoice.public_id}/pdf").data == first.data

    def test_a_receipt_comes_with_the_payment(
        self, adas: FlaskClient, address: str, pay_it: Callable[[], None]
    ) -> None:
        refused = adas.get(f"{address}/pdf?document=receipt")
        assert refused.status_code == 409 and "has not been paid" in refused.text
        assert "document=receipt" not in adas.get(address).text
        pay_it()
        answer = adas.get(f"{address}/pdf?document=receipt")
        assert answer.headers["Content-Disposition"].endswith('-receipt.pdf"')
        assert f'href="{address}/pdf?document=receipt"' in adas.get(address).text

    def test_is_offered_on_the_page(self, adas: FlaskClient, address: str) -> None:
        page = adas.get(address).text
        assert f'href="{address}/pdf"' in page and "Download PDF" in page

    def test_a_draft_has_none(self, adas: FlaskClient, invoice: Invoice, now: datetime) -> None:
        draft = f"/invoices/draft-{BillingMonth.of(now)}"
        refused = adas.get(f"{draft}/pdf")
        assert refused.status_code == 409 and "This is a draft" in refused.text
        assert "Download PDF" not in adas.get(draft).text

    @pytest.mark.parametrize("named", ["credit_note", "", "x" * 5000, "%00"])
    def test_there_are_no_other_documents(
        self, adas: FlaskClient, address: str, named: str
    ) -> None:
        assert adas.get(f"{address}/pdf?document={named}").status_code == 404

    def test_is_nobody_elses(
        self, bens: FlaskClient, client: FlaskClient, invoice: Invoice, address: str
    ) -> None:
        assert bens.get(f"{address}/pdf").status_code == 404
        assert bens.get(f"/invoices/{invoice.public_id}/pdf?document=receipt").status_code == 404
        assert client.get(f"{address}/pdf").status_code == 302


class TestCreditNote:
    @pytest.fixture
    def books(self) -> None:
        """Here credit notes are made up that no payment was given back for."""

    def test_is_offered_and_handed_out(
        self, adas: FlaskClient, invoice: Invoice, address: str, now: datetime
    ) -> None:
        make_credit_note(invoice, number="CN-1-2026-11", now=now)
        file = f"{address}/credit-notes/CN-1-2026-11/pdf"
        assert f'href="{file}"' in adas.get(address).text
        answer = adas.get(file)
        assert answer.headers["Content-Disposition"] == 'attachment; filename="CN-1-2026-11.pdf"'
        assert answer.data.startswith(b"%PDF-")

    def test_is_nobody_elses(
        self, adas: FlaskClient, bens: FlaskClient, invoice: Invoice, address: str, now: datetime
    ) -> None:
        make_credit_note(invoice, number="CN-1-2026-11", now=now)
        assert bens.get(f"{address}/credit-notes/CN-1-2026-11/pdf").status_code == 404
        assert adas.get(f"{address}/credit-notes/CN-2/pdf").status_code == 404
