"""Invoices of all customers at the console."""

import re
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient

from app.domain.accounts.models import Account
from app.entrypoints.web.operator.desk import ROWS_PER_PAGE
from app.foundation import clock
from tests.entrypoints.web.conftest import HTMX, words
from tests.factories.documents import make_credit_note
from tests.factories.payments import make_invoice, make_paid
from tests.fakes.payment_gateway import FakeGateway
from tests.statements import statements

INVOICES = "/operator/invoices"
STATEMENTS_MAX = 10


def listed(browser: FlaskClient, **asked: object) -> list[str]:
    answer = browser.get(INVOICES, query_string=asked)
    assert answer.status_code == 200
    return re.findall(rf'<a href="{INVOICES}/(INV[^"]+)">', answer.text)


class TestIndex:
    def test_says_that_there_are_none(self, olgas: FlaskClient) -> None:
        assert "No invoices yet" in olgas.get(INVOICES).text
        assert "No invoice is in this state." in olgas.get(f"{INVOICES}?show=void").text

    def test_chooses_and_finds(self, olgas: FlaskClient, ada: Account, ben: Account) -> None:
        now = clock.now()
        late = make_invoice(ada, now=now - timedelta(days=31)).invoice_number
        due = make_invoice(ben, now=now).invoice_number
        assert listed(olgas) == listed(olgas, show="unpaid") == [due, late]
        assert listed(olgas, show="overdue") == [late]
        assert listed(olgas, show="paid") == listed(olgas, show="refunded") == []
        for query in (late, "ada", "Ada@Example.com"):
            assert listed(olgas, query=query) == [late]
        assert listed(olgas, query="INV") == []

    def test_goes_on_to_older_ones(self, olgas: FlaskClient, ada: Account) -> None:
        made = [make_invoice(ada).invoice_number for _ in range(ROWS_PER_PAGE + 1)]
        with statements() as sent:
            page = olgas.get(INVOICES).text
        assert len(sent) <= STATEMENTS_MAX, sent
        address = re.search(r'href="(/operator/invoices\?before=\d+)"', page)[1]
        older = olgas.get(address, headers=HTMX).text
        assert made[0] not in page and made[0] in older and made[1] not in older


class TestShowInvoice:
    def test_shows_it_with_what_can_be_done(self, olgas: FlaskClient, ada: Account) -> None:
        invoice = make_invoice(ada)
        for name in (invoice.invoice_number, invoice.public_id):
            page = olgas.get(f"{INVOICES}/{name}").text
            assert "AI API usage - gpt-4" in page and f'{invoice.invoice_number}/void"' in page
            assert "/credit" not in page and 'href="/operator/customers/ada"' in page

    def test_shows_payments_and_credit_notes(
        self, olgas: FlaskClient, ada: Account, now: datetime
    ) -> None:
        payment = make_paid(ada, gateway=FakeGateway())
        [number] = listed(olgas)
        assert payment.public_id in olgas.get(f"{INVOICES}/{number}").text
        assert "/credit" in olgas.get(f"{INVOICES}/{number}").text

    def test_hands_out_documents(self, olgas: FlaskClient, ada: Account) -> None:
        invoice = make_invoice(ada)
        note = make_credit_note(invoice)
        address = f"{INVOICES}/{invoice.invoice_number}"
        assert "Billed by mistake." in words(olgas.get(address).text)
        for path in (f"{address}/pdf", f"{address}/credit-notes/{note.credit_note_number}/pdf"):
            answer = olgas.get(path)
            assert answer.status_code == 200 and answer.data.startswith(b"%PDF")
        assert olgas.get(f"{address}/pdf?document=receipt").status_code == 409
        assert olgas.get(f"{address}/pdf?document=x").status_code == 404
        assert olgas.get(f"{address}/credit-notes/CN-1/pdf").status_code == 404

    @pytest.mark.parametrize("name", ["INV-1", "draft-2026-11", "%00", "ä"])
    @pytest.mark.parametrize("page", ["", "/pdf", "/void", "/replace", "/credit"])
    def test_knows_no_other(self, olgas: FlaskClient, name: str, page: str) -> None:
        answer = olgas.get(f"{INVOICES}/{name}{page}")
        assert answer.status_code == 404 and "There is no invoice" in answer.text
