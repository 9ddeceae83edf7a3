"""Credit an invoice: the operator takes some of a paid one back, and it becomes account credit.

An unpaid invoice is voided or replaced instead: what was issued never changes, and a payment for
it is of exactly its amount.
"""

from datetime import datetime

from app.domain.accounts import operations as accounts
from app.domain.accounts import rules
from app.domain.invoices import credit, credit_notes, queries
from app.domain.invoices.errors import CreditTooLarge, InvoiceNotCreditable
from app.domain.invoices.models import CreditNote, Invoice
from app.domain.invoices.rules import STATUS_WORDS, InvoiceStatus
from app.domain.mails import operations as mails
from app.domain.payments import operations as payments
from app.domain.payments import refunds
from app.foundation import journal
from app.foundation.figures import usd_of_minor
from app.foundation.sentences import say


def credit_invoice(
    reference: str, *, amount_minor: int, reason: str, actor: str, now: datetime
) -> CreditNote:
    """Issue a credit note over a gross amount of a paid invoice, and give that as account credit.

    Raises ReasonInvalid, UnknownInvoice, InvoiceNotCreditable and CreditTooLarge.
    """
    reason = rules.check_reason(reason)
    found = queries.issued_invoice(reference)
    account = accounts.lock_accounts({found.user_id})[found.user_id]
    invoice = payments.locked_invoice(found.id)
    _check(invoice, amount_minor=amount_minor)
    note = credit_notes.credit(invoice, account, gross_minor=amount_minor, reason=reason, now=now)
    number = note.credit_note_number
    source = credit.source_of_note(number)
    credit.add(account, minor=amount_minor, kind="credit_note", source=source, note=reason, now=now)
    facts: dict[str, object] = {
        "invoice_number": invoice.invoice_number,
        "credit_note": number,
        "amount_minor": amount_minor,
        "reason": reason,
    }
    mails.write("invoice_credited", account, about=source, facts=facts, now=now)
    journal.write("invoice_credited", actor=actor, user_id=account.id, now=now, details=facts)
    return note


def creditable_minor(invoice: Invoice) -> int:
    """Return how much of a paid invoice, with tax, can still become account credit."""
    # What is on its way back as money is not given as credit, too.
    return credit_notes.left_minor(invoice) - refunds.uncredited_minor(invoice)


def _check(invoice: Invoice, *, amount_minor: int) -> None:
    if invoice.status == InvoiceStatus.ISSUED:
        raise InvoiceNotCreditable(say("This invoice is not paid: void or replace it instead."))
    if invoice.status != InvoiceStatus.PAID:
        raise InvoiceNotCreditable(
            say(
                "This invoice is {status}: nothing of it is left.",
                {"status": STATUS_WORDS[invoice.status]},
            )
        )
    left_minor = creditable_minor(invoice)
    if not 0 < amount_minor <= left_minor:
        raise CreditTooLarge(
            say(
                "At most {most} of this invoice can be credited.",
                {"most": usd_of_minor(left_minor)},
            )
        )
