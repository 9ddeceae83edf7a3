"""Credit notes: what is taken back of an issued invoice. Changes state; never commits."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from app.domain.accounts.models import Account
from app.domain.invoices import operations, rules
from app.domain.invoices.crediting import Taken, take_back
from app.domain.invoices.errors import InvoiceNotCreditable
from app.domain.invoices.models import CreditNote, CreditNoteLine, Invoice, InvoiceLine
from app.domain.invoices.rules import InvoiceStatus
from app.foundation.database import session
from app.foundation.periods import BillingMonth
from app.foundation.sentences import say, wording_of

CREDITABLE = (InvoiceStatus.ISSUED, InvoiceStatus.PAID, InvoiceStatus.REFUNDED)


def credit(
    invoice: Invoice, account: Account, *, gross_minor: int, reason: str, now: datetime
) -> CreditNote:
    """Issue a credit note over a gross amount of the invoice; the account is locked.

    Raises InvoiceNotCreditable if the invoice is a draft or void, CreditTooLarge if less is left.
    """
    if invoice.status not in CREDITABLE:
        raise InvoiceNotCreditable(say("Only what was issued can be credited."))
    lines = session.scalars(
        select(InvoiceLine).filter_by(invoice_id=invoice.id).order_by(InvoiceLine.position)
    ).all()
    taken = take_back(
        gross_minor,
        amounts=[line.amount_minor for line in lines],
        credited=[line.credited_minor for line in lines],
        discount_minor=invoice.discount_minor,
        final_minor=invoice.final_minor,
        tax_minor=invoice.tax_minor,
        tax_credited_minor=sum(note.tax_minor for note in notes_of(invoice)),
    )
    note = _note(invoice, account, taken, reason=reason, now=now)
    for line, minor in zip(lines, taken.parts, strict=True):
        if minor:
            line.credited_minor += minor
            session.add(
                CreditNoteLine(credit_note_id=note.id, invoice_line_id=line.id, amount_minor=minor)
            )
    session.flush()
    return note


def notes_of(invoice: Invoice) -> Sequence[CreditNote]:
    """Return the credit notes of an invoice, oldest first."""
    statement = select(CreditNote).where(CreditNote.invoice_id == invoice.id)
    return session.scalars(statement.order_by(CreditNote.id)).all()


def left_minor(invoice: Invoice) -> int:
    """Return how much of an issued invoice has not been taken back, with tax."""
    taken = sum(note.amount_minor + note.tax_minor for note in notes_of(invoice))
    return invoice.final_minor - taken


def was_credited_for(invoice: Invoice, reason: str) -> bool:
    """Tell whether the invoice has a credit note for exactly this reason."""
    return any(note.reason == reason for note in notes_of(invoice))


def _note(
    invoice: Invoice, account: Account, taken: Taken, *, reason: str, now: datetime
) -> CreditNote:
    month = str(BillingMonth.of(now))
    number = operations.next_numbers("CN", [(account, month)])[account.id]
    said = {
        "number": number,
        "invoice": invoice.invoice_number,
        "amount_minor": taken.net_minor,
        "tax_minor": taken.tax_minor,
        "reason": reason,
        "issued_at": now.isoformat(),
    }
    note = CreditNote(
        invoice_id=invoice.id,
        user_id=account.id,
        credit_note_number=number,
        reason=str(reason),
        wording=wording_of(reason),
        amount_minor=taken.net_minor,
        tax_minor=taken.tax_minor,
        content_digest=rules.content_digest(said),
        issued_at=now,
    )
    session.add(note)
    session.flush()
    return note
