"""Invoices of all customers: looking for them, what one says, and its documents."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from app.domain.invoices import filing, queries
from app.domain.invoices.documents import DocumentKind
from app.domain.invoices.searching import Choice, invoices_found, owner_of
from app.domain.payments import queries as payments
from app.domain.payments import refunds
from app.entrypoints.documents import pdf_answer
from app.entrypoints.web.operator.desk import (
    ROWS_PER_PAGE,
    choice_asked,
    people_of,
    show,
    text_asked,
)
from app.entrypoints.web.page_numbers import row_before
from app.foundation import clock

pages = Blueprint("invoices", __name__)


@pages.get("/invoices")
def index() -> ResponseReturnValue:
    """Show the newest invoices, or those that were chosen and asked for."""
    choice, query = choice_asked(Choice, "show", Choice.ALL), text_asked("query")
    before = row_before()
    found = invoices_found(
        choice=choice, query=query, now=clock.now(), limit=ROWS_PER_PAGE, before=before
    )
    return show(
        "web/operator/invoices/index.html",
        "web/operator/invoices/_invoices.html",
        found=found,
        people=people_of(found.rows),
        choice=choice,
        query=query,
        before=before,
    )


@pages.get("/invoices/<reference>")
def show_invoice(reference: str) -> ResponseReturnValue:
    """Show an invoice, by number or id, with its payments and what was taken back of it."""
    account = owner_of(reference)
    invoice = queries.invoice_of(account, reference, now=clock.now())
    return show(
        "web/operator/invoices/show.html",
        "web/operator/invoices/_invoice.html",
        account=account,
        invoice=invoice,
        file=filing.file_of(account, invoice),
        payments=payments.payments_of_invoice(account, invoice.id),
        refunds=refunds.refunds_of_invoice(account, invoice.id),
    )


@pages.get("/invoices/<reference>/pdf")
def document(reference: str) -> ResponseReturnValue:
    """Hand out the invoice, or with `?document=receipt` the receipt of its payment."""
    named = request.args.get("document", DocumentKind.INVOICE)
    account = owner_of(reference)
    return pdf_answer(filing.document_of(account, reference, named=named, now=clock.now()))


@pages.get("/invoices/<reference>/credit-notes/<number>/pdf")
def credit_note(reference: str, number: str) -> ResponseReturnValue:
    """Hand out a credit note of the invoice."""
    account = owner_of(reference)
    return pdf_answer(filing.credit_note_of(account, reference, number, now=clock.now()))
