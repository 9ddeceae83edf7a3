"""Tell of a decline: a saved card did not pay an invoice, and what happens next."""

from datetime import datetime

from app.domain.accounts.models import Account
from app.domain.catalog import queries as catalog
from app.domain.invoices.models import Invoice
from app.domain.mails import operations as mails
from app.domain.payments.models import Payment
from app.domain.payments.rules import next_charge_at
from app.domain.subscriptions import queries as subscriptions


def tell_of_decline(payment: Payment, invoice: Invoice, account: Account, *, now: datetime) -> None:
    """Write to the customer whose saved card was declined for an invoice."""
    assert invoice.issued_at is not None, "only issued invoices are charged by themselves"
    next_try = next_charge_at(invoice.issued_at, now=now)
    period, _ = subscriptions.current_pair(account.id)
    ends_at = period.grace_ends_at if invoice.period_id == period.id else None
    facts: dict[str, object] = {
        "plan_name": catalog.plan(invoice.plan_id).name if invoice.plan_id else None,
        "invoice_number": invoice.invoice_number,
        "due_minor": payment.amount_minor,
        "decline_code": payment.decline_code,
        "grace_ends_at": None if ends_at is None else ends_at.isoformat(),
        "next_try_at": None if next_try is None else next_try.isoformat(),
    }
    mails.write("renewal_failed", account, about=payment.public_id, facts=facts, now=now)
