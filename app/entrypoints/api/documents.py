"""Invoices as PDF, for customers' programs."""

from flask import Blueprint, Response, g

from app.domain.invoices import filing
from app.domain.invoices.documents import DocumentKind
from app.entrypoints.api.auth import for_customers
from app.entrypoints.api.reading_queries import Parameters, one_of
from app.entrypoints.documents import pdf_answer
from app.foundation import clock

calls = Blueprint("documents", __name__)

DOCUMENT = one_of("document", default=DocumentKind.INVOICE)


@calls.get("/invoices/<reference:reference>/pdf")
@for_customers
def invoice_pdf(reference: str) -> Response:
    """Answer an issued invoice as a PDF file, or with `document=receipt` its receipt."""
    asked = Parameters(DOCUMENT)
    named = asked.one_of(DOCUMENT)
    asked.check()
    return pdf_answer(filing.document_of(g.account, reference, named=named, now=clock.now()))
