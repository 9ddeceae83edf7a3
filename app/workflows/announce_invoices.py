"""Announce invoices: whoever wants them by mail gets them, once each."""

from collections.abc import Sequence
from datetime import datetime

from app.domain.accounts import queries as accounts
from app.domain.invoices.models import Invoice
from app.domain.mails import operations as mails
from app.domain.mails.operations import Letter


def announce_invoices(invoices: Sequence[Invoice], *, now: datetime) -> None:
    """Write to the accounts that have not switched these mails off, whatever is due."""
    addresses = accounts.invoice_addresses({invoice.user_id for invoice in invoices})
    mails.write_all(
        [
            Letter(
                kind="invoice_issued",
                user_id=invoice.user_id,
                address=addresses[invoice.user_id],
                about=invoice.public_id,
                facts=_facts(invoice),
            )
            for invoice in invoices
            if invoice.user_id in addresses
        ],
        now=now,
    )


def _facts(invoice: Invoice) -> dict[str, object]:
    assert invoice.due_at is not None, "only issued invoices are announced"
    is_paid = invoice.paid_at is not None
    return {
        "invoice_number": invoice.invoice_number,
        "kind": invoice.kind,
        "billing_month": invoice.billing_month,
        "final_minor": invoice.final_minor,
        "due_minor": 0 if is_paid else invoice.final_minor - invoice.credit_used_minor,
        "due_at": invoice.due_at.isoformat(),
    }
