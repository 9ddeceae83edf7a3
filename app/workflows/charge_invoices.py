"""Charge invoices: whose card is saved need not come; a declined one is tried on later days."""

from datetime import datetime

from app.domain.accounts import operations as accounts
from app.domain.invoices.rules import InvoiceStatus
from app.domain.payments import operations, queries
from app.domain.payments.models import Payment
from app.foundation import journal, outbox
from app.workflows.charge_saved_card import CHARGE_SAVED_CARD

AT_ONCE = 100


def charge_invoices(*, now: datetime) -> int:
    """Write down the attempts that are due, each with a promise to charge; return how many.

    Renewals are charged whenever a card is saved, usage where its customer wants it. Call it, each
    time in a transaction of its own, until nothing is left.
    """
    due = queries.invoices_to_charge(now=now, limit=AT_ONCE)
    accounts.lock_accounts({user_id for _, user_id in due})
    return sum(_attempt(invoice_id, user_id, now=now) for invoice_id, user_id in due)


def _attempt(invoice_id: int, user_id: str, *, now: datetime) -> bool:
    # Read again: only under the account's lock is it certain that nobody else is paying it.
    invoice = operations.locked_invoice(invoice_id)
    card = queries.card_to_charge(user_id)
    is_open = invoice.status == InvoiceStatus.ISSUED
    if card is None or not is_open or queries.is_undecided(invoice):
        return False
    payment: Payment = operations.add_off_session(
        invoice,
        purpose="invoice",
        card=card,
        amount_minor=invoice.final_minor - invoice.credit_used_minor,
        now=now,
    )
    outbox.add(CHARGE_SAVED_CARD, {"payment": payment.public_id}, now=now)
    details = {"payment": payment.public_id, "invoice": invoice.invoice_number}
    journal.write("invoice_charged", actor="system", user_id=user_id, now=now, details=details)
    return True
