"""Voiding, replacing and crediting invoices from the console."""

import re

import pytest
from flask.testing import FlaskClient

from app.domain.accounts.models import Account
from app.domain.invoices.models import CreditNote, Invoice
from app.foundation.database import session
from tests.books import check_books
from tests.entrypoints.web.conftest import words
from tests.entrypoints.web.operator.conftest import acts_of_olga
from tests.factories.payments import invoice_row, make_invoice, make_paid
from tests.fakes.payment_gateway import FakeGateway

WHY = {"reason": "Billed by mistake"}


def address_of(invoice: Invoice) -> str:
    return f"/operator/invoices/{invoice.invoice_number}"


@pytest.fixture
def invoice(ada: Account) -> Invoice:
    return make_invoice(ada)


@pytest.fixture
def paid(ada: Account) -> Invoice:
    payment = make_paid(ada, gateway=FakeGateway())
    return session.get(Invoice, payment.invoice_id)


class TestVoid:
    def test_forgives_it(self, olgas: FlaskClient, invoice: Invoice) -> None:
        assert "forgiven" in olgas.get(f"{address_of(invoice)}/void").text
        answer = olgas.post(f"{address_of(invoice)}/void", data=WHY)
        assert (answer.status_code, answer.location) == (303, address_of(invoice))
        assert invoice_row(invoice.public_id).status == "void"
        page = words(olgas.get(address_of(invoice)).text)
        assert "It is done" in page and "The reason: Billed by mistake" in page
        assert [act for act, _ in acts_of_olga()] == ["invoice_voided"]
        check_books()

    def test_says_why_it_cannot_be(self, olgas: FlaskClient, paid: Invoice) -> None:
        for change in ("void", "replace"):
            answer = olgas.post(f"{address_of(paid)}/{change}", data=WHY)
            assert answer.status_code == 422 and "field-wrong" in answer.text
        assert invoice_row(paid.public_id).status == "paid" and acts_of_olga() == []

    @pytest.mark.parametrize("change", ["void", "replace", "credit"])
    def test_wants_a_reason(self, olgas: FlaskClient, invoice: Invoice, change: str) -> None:
        answer = olgas.post(f"{address_of(invoice)}/{change}", data={"amount": "1"})
        assert answer.status_code == 422 and "A reason has 1 to 500" in answer.text

    @pytest.mark.parametrize("change", ["void", "replace", "credit"])
    def test_customers_cannot(self, adas: FlaskClient, invoice: Invoice, change: str) -> None:
        form = {**WHY, "amount": "1"}
        assert adas.post(f"{address_of(invoice)}/{change}", data=form).status_code == 404
        assert invoice_row(invoice.public_id).status == "issued"


class TestReplace:
    def test_bills_the_same_anew(self, olgas: FlaskClient, invoice: Invoice) -> None:
        assert olgas.post(f"{address_of(invoice)}/replace", data=WHY).status_code == 303
        new = session.query(Invoice).filter_by(status="issued").one()
        page = olgas.get(address_of(invoice)).text
        assert f"{new.invoice_number}</a>" in page and new.final_minor == 1_234
        acts = [act for act, _ in acts_of_olga()]
        assert acts == ["invoice_voided", "invoice_replaced"]


class TestCredit:
    def test_gives_account_credit_once(
        self, olgas: FlaskClient, paid: Invoice, ada: Account
    ) -> None:
        page = olgas.get(f"{address_of(paid)}/credit").text
        assert "At most $12.34 of this invoice can be credited." in page
        once = re.search(r'name="once"[^>]* value="([^"]+)"', page)[1]
        form = {**WHY, "amount": "2.34", "once": once}
        assert olgas.post(f"{address_of(paid)}/credit", data=form).status_code == 303
        again = olgas.post(f"{address_of(paid)}/credit", data=form)
        assert again.status_code == 422 and "was sent before" in again.text
        session.refresh(ada)
        assert ada.credit_minor == 234 and session.query(CreditNote).count() == 1
        assert [act for act, _ in acts_of_olga()] == ["invoice_credited"]
        check_books()

    @pytest.mark.parametrize("amount", ["", "0", "-1", "12.35", "1.234", "x"])
    def test_refuses_other_amounts(self, olgas: FlaskClient, paid: Invoice, amount: str) -> None:
        answer = olgas.post(f"{address_of(paid)}/credit", data={**WHY, "amount": amount})
        assert answer.status_code == 422
        assert re.search(r'<p id="amount-errors"[^>]*>(.+?)</p>', answer.text)
        assert session.query(CreditNote).count() == 0
