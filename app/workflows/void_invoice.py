"""Void an invoice: the operator forgives what it asked for, by name and for a reason."""

from datetime import datetime

from app.domain.accounts import operations as accounts
from app.domain.accounts import rules
from app.domain.invoices import queries
from app.domain.invoices.models import Invoice
from app.domain.payments import operations as payments
from app.foundation import journal
from app.workflows.lapse_purchase import void_and_close
from app.workflows.lift_suspension import lift_suspension


def void_invoice(reference: str, *, reason: str, actor: str, now: datetime) -> Invoice:
    """Void the unpaid invoice of this number or id.

    Raises ReasonInvalid, UnknownInvoice and InvoiceNotVoidable.
    """
    reason = rules.check_reason(reason)
    found = queries.issued_invoice(reference)
    account = accounts.lock_accounts({found.user_id})[found.user_id]
    invoice = payments.locked_invoice(found.id)
    void_and_close(invoice, account, reason=reason, now=now)
    lift_suspension(account, now=now)
    details: dict[str, object] = {"invoice": invoice.invoice_number, "reason": reason}
    journal.write("invoice_voided", actor=actor, user_id=account.id, now=now, details=details)
    return invoice
