"""Invoices as PDF over the API: the customer's own, and refusals with their codes."""

from datetime import datetime

import pytest
from flask.testing import FlaskClient

from app.domain.accounts.models import Account
from app.domain.invoices.models import Invoice
from app.domain.invoices.operations import mark_paid
from app.foundation.database import session, transaction
from app.foundation.periods import BillingMonth
from tests.factories.payments import make_invoice

Header = dict[str, str]


@pytest.fixture
def invoice(ada: Account, now: datetime) -> Invoice:
    return make_invoice(ada, now=now)


def ask(client: FlaskClient, header: Header, reference: str, **query: str):
    address = f"/v1/billing/invoices/{reference}/pdf"
    return client.get(address, headers=header, query_string=query)


def test_answers_the_file_by_id_and_number(
    client: FlaskClient, by_ada: Header, invoice: Invoice
) -> None:
    by_id = ask(client, by_ada, invoice.public_id)
    assert (by_id.status_code, by_id.content_type) == (200, "application/pdf")
    assert by_id.headers["Content-Disposition"].endswith(f'"{invoice.invoice_number}.pdf"')
    assert ask(client, by_ada, invoice.invoice_number).data == by_id.data


def test_answers_the_receipt_once_there_is_one(
    client: FlaskClient, by_ada: Header, invoice: Invoice, now: datetime
) -> None:
    refused = ask(client, by_ada, invoice.public_id, document="receipt")
    assert (refused.status_code, refused.json["code"]) == (409, "invoice_not_paid")
    with transaction():
        row = session.get_one(Invoice, invoice.id)
        mark_paid(row, method="stripe", transaction_id="pi_1", now=now)
    answer = ask(client, by_ada, invoice.public_id, document="receipt")
    assert answer.headers["Content-Disposition"].endswith('-receipt.pdf"')


def test_refuses_by_name(
    client: FlaskClient, by_ada: Header, by_ben: Header, invoice: Invoice, now: datetime
) -> None:
    draft = ask(client, by_ada, f"draft-{BillingMonth.of(now)}")
    assert (draft.status_code, draft.json["code"]) == (409, "invoice_not_issued")
    stranger = ask(client, by_ben, invoice.public_id)
    assert (stranger.status_code, stranger.json["code"]) == (404, "unknown_invoice")
    other = ask(client, by_ada, invoice.public_id, document="credit_note")
    assert (other.status_code, other.json["code"]) == (404, "unknown_document")
    unknown = ask(client, by_ada, invoice.public_id, document="poster")
    assert (unknown.status_code, unknown.json["code"]) == (422, "document_invalid")
    assert ask(client, by_ada, invoice.public_id, colour="red").status_code == 422
    assert ask(client, {}, invoice.public_id).status_code == 401
