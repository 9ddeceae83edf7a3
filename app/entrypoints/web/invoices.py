"""The customer's invoices: what is due, what was paid, and what each of them says."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from app.domain.accounts.rules import zone
from app.domain.invoices import queries
from app.entrypoints.web.responding import respond
from app.entrypoints.web.signing_in import require_sign_in, signed_in_account
from app.foundation import clock
from app.foundation.periods import BillingMonth

PAGE_SIZE = 12
PAGE_MAX = 10_000

pages = Blueprint("invoices", __name__)
pages.before_request(require_sign_in)


@pages.get("/invoices")
def index() -> ResponseReturnValue:
    """Show a page of invoices, and what the running month comes to so far."""
    account, now, page = signed_in_account(), clock.now(), _page()
    return respond(
        "web/invoices/index.html",
        "web/invoices/_invoices.html",
        found=queries.invoices_page(account, page=page, page_size=PAGE_SIZE, now=now),
        draft=queries.draft_of(account, BillingMonth.of(now)),
        unpaid=queries.unpaid_invoices(account, now=now),
        page=page,
        page_size=PAGE_SIZE,
        local=zone(account.timezone),
    )


@pages.get("/invoices/<reference>")
def show(reference: str) -> ResponseReturnValue:
    """Show one invoice, by number or id; a running month's draft is one too."""
    account = signed_in_account()
    return respond(
        "web/invoices/show.html",
        "web/invoices/_invoice.html",
        invoice=queries.invoice_of(account, reference, now=clock.now()),
        local=zone(account.timezone),
    )


def _page() -> int:
    """Return the page that was asked for; the first for whatever is none."""
    text = request.args.get("page", "1")
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(PAGE_MAX))
    return min(max(int(text), 1), PAGE_MAX) if is_number else 1
