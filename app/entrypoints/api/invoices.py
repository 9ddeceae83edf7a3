"""What customers' programs ask of invoices."""

from flask import Blueprint, Response, g

from app.domain.invoices import filing, queries
from app.entrypoints.api.answering import answer
from app.entrypoints.api.auth import for_customers
from app.entrypoints.api.changing import changes
from app.entrypoints.api.invoice_shapes import invoice_body, listed_invoice, month_to_generate
from app.entrypoints.api.reading_bodies import json_object
from app.entrypoints.api.reading_queries import Parameters, page
from app.entrypoints.selling import seller
from app.foundation import clock
from app.workflows.generate_invoice import generate_invoice

calls = Blueprint("invoices", __name__)

PAGE, PAGE_SIZE = page(default=10, most=100)


@calls.get("/invoices")
@for_customers
def list_invoices() -> Response:
    """Answer a page of the customer's invoices, newest first."""
    asked = Parameters(PAGE, PAGE_SIZE)
    number, size = asked.whole(PAGE), asked.whole(PAGE_SIZE)
    asked.check()
    found = queries.invoices_page(g.account, page=number, page_size=size, now=clock.now())
    return answer(
        {"invoices": [listed_invoice(each) for each in found.invoices], "total": found.total}
    )


@calls.get("/invoices/<reference:reference>")
@for_customers
def show_invoice(reference: str) -> Response:
    """Answer one invoice with its items, by id or number."""
    Parameters().check()
    invoice = queries.invoice_of(
        g.account, reference, now=clock.now(), seller_country=seller().country
    )
    return answer(invoice_body(filing.file_of(g.account, invoice)))


@calls.post("/invoices/generate")
@for_customers
@changes
def generate() -> Response:
    """Issue a month's usage invoice, or answer the one that stands, or the running draft."""
    month = month_to_generate(json_object())
    generated = generate_invoice(g.account, month, seller=seller(), now=clock.now())
    body = invoice_body(filing.file_of(g.account, generated.invoice))
    return answer(body, status=201 if generated.is_new else 200)
