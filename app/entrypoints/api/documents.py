"""Invoices as PDF, for customers' programs."""

from flask import Blueprint, Response, g

from app.domain.invoices import filing
from app.domain.invoices.documents import DocumentKind
from app.entrypoints.api.auth import for_customers
from app.entrypoints.api.reading_queries import Parameters
from app.entrypoints.documents import pdf_answer
from app.foundation import clock

calls = Blueprint("documents", __name__)


@calls.get("/invoices/<reference:reference>/pdf")
@for_customers
def invoice_pdf(reference: str) -> Response:
    """Answer an issued invoice as a PDF file, or with `document=receipt` its receipt."""
    parameters = Parameters("document")
    named = parameters.one_of("document", DocumentKind, default=DocumentKind.INVOICE)
    parameters.check()
    return pdf_answer(filing.document_of(g.account, reference, named=named, now=clock.now()))
