"""The customer's invoices: what is due, what was paid, what each of them says, and paying one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, current_app, redirect, request
from flask.typing import ResponseReturnValue

from app.domain.accounts.models import Account
from app.domain.accounts.rules import zone
from app.domain.invoices import filing, queries
from app.domain.invoices.views import InvoicesPage, InvoicesWanted
from app.domain.payments import queries as payments
from app.domain.payments import refunds
from app.domain.payments.errors import ConsentMissing, ProviderRefused, ProviderUnreachable
from app.domain.usage import queries as usage
from app.entrypoints.gateways import (
    DEFAULT_PROVIDER,
    gateway_for_page,
    gateways,
    gateways_for_news,
    let_forms_lead_to_providers,
)
from app.entrypoints.selling import seller
from app.entrypoints.web.errors import STATUS, refusals_noted
from app.entrypoints.web.page_numbers import choices_in_query, page_number
from app.entrypoints.web.responding import respond
from app.entrypoints.web.saving_cards import card_offer, consent_in_form
from app.entrypoints.web.signing_in import look_at_session, require_sign_in, signed_in_account
from app.entrypoints.web.usage_filter import parameters_of_month
from app.foundation import clock
from app.foundation.periods import BillingMonth
from app.workflows.begin_checkout import begin_checkout

PAGE_SIZE = 12
# As they are shown: overdue invoices are not found under those to pay, but among the open ones.
CHOICES = {
    "status": ("open", "issued", "overdue", "paid", "refunded", "void"),
    "kind": ("usage", "subscription", "topup"),
}

pages = Blueprint("invoices", __name__)
pages.before_request(require_sign_in)


@pages.get("/invoices")
def index() -> ResponseReturnValue:
    """Show a page of invoices, and what the running month comes to so far."""
    return respond(
        "web/invoices/index.html", "web/invoices/_invoices.html", **list_of(signed_in_account())
    )


@pages.get("/invoices/<reference>")
def show(reference: str) -> ResponseReturnValue:
    """Show one invoice, by number or id; a running month's draft is one too."""
    return _shown(reference)


@pages.post("/invoices/<reference>/pay")
def pay(reference: str) -> ResponseReturnValue:
    """Send the customer to the provider's page, or say on ours why there is none."""
    provider, now = request.form.get("provider", DEFAULT_PROVIDER), clock.now()
    with refusals_noted(ConsentMissing, ProviderUnreachable, ProviderRefused) as noted:
        checkout = begin_checkout(
            signed_in_account(),
            reference,
            gateway=gateway_for_page(provider, signed_in_account()),
            asked=gateways_for_news(signed_in_account()),
            base_url=current_app.config["SETTINGS"].base_url,
            consent=consent_in_form(provider, now=now),
            now=now,
            look=look_at_session,
        )
        return redirect(checkout.checkout_url, 303)
    return _shown(reference, trouble=noted[0].message, status=STATUS[noted[0].kind])


def list_of(account: Account) -> Mapping[str, Any]:
    """Return what the list shows of an account, as the address asks for it."""
    now, page, wanted = clock.now(), page_number(), choices_in_query(CHOICES)
    month = BillingMonth.of(now)
    return {
        "found": _found(account, wanted, page=page, now=now),
        "wanted": wanted,
        "choices": CHOICES,
        "draft": queries.draft_of(account, month, seller_country=seller().country),
        "late": usage.billed_late(account, month=month),
        "unpaid": queries.unpaid_invoices(account, now=now),
        "page": page,
        "page_size": PAGE_SIZE,
        "local": zone(account.timezone),
    }


def invoice_of(account: Account, reference: str) -> Mapping[str, Any]:
    """Return what one invoice's page shows. Raises what finding it raises."""
    invoice = queries.invoice_of(
        account, reference, now=clock.now(), seller_country=seller().country
    )
    attempts = payments.payments_of_invoice(account, invoice.id)
    of_usage = invoice.kind == "usage"
    return {
        "invoice": invoice,
        "file": filing.file_of(account, invoice),
        "payments": attempts,
        "refunds": refunds.refunds_of_invoice(account, invoice.id) if attempts else (),
        "providers": sorted(gateways()),
        "usage_shown": parameters_of_month(invoice.billing_month) if of_usage else {},
        "local": zone(account.timezone),
    }


def _found(
    account: Account, wanted: Mapping[str, str], *, page: int, now: datetime
) -> InvoicesPage:
    chosen = InvoicesWanted(**wanted)
    return queries.invoices_page(account, page=page, page_size=PAGE_SIZE, now=now, wanted=chosen)


def _shown(reference: str, *, trouble: str = "", status: int = 200) -> Response:
    account = signed_in_account()
    response = respond(
        "web/invoices/show.html",
        "web/invoices/_invoice.html",
        status=status,
        trouble=trouble,
        saving=card_offer(account),
        **invoice_of(account, reference),
    )
    return let_forms_lead_to_providers(response)
