"""The documents behind the invoice pages, as PDF: invoices, their receipts and credit notes."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from app.domain.invoices import filing
from app.domain.invoices.documents import DocumentKind
from app.entrypoints.documents import pdf_answer
from app.entrypoints.web.signing_in import require_sign_in, signed_in_account
from app.foundation import clock

pages = Blueprint("documents", __name__)
pages.before_request(require_sign_in)


@pages.get("/invoices/<reference>/pdf")
def invoice(reference: str) -> ResponseReturnValue:
    """Hand out the invoice, or with `?document=receipt` the receipt of its payment."""
    named = request.args.get("document", DocumentKind.INVOICE)
    account = signed_in_account()
    return pdf_answer(filing.document_of(account, reference, named=named, now=clock.now()))


@pages.get("/invoices/<reference>/credit-notes/<number>/pdf")
def credit_note(reference: str, number: str) -> ResponseReturnValue:
    """Hand out a credit note of the invoice."""
    account = signed_in_account()
    return pdf_answer(filing.credit_note_of(account, reference, number, now=clock.now()))
