"""The documents of an account's issued invoices, found and filled in. Reads only."""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import aliased

from app.domain.accounts.models import Account
from app.domain.invoices import credit, documents, queries
from app.domain.invoices.documents import Document, DocumentKind, Tax
from app.domain.invoices.errors import UnknownCreditNote, UnknownDocument
from app.domain.invoices.models import CreditNote, CreditNoteLine, Invoice, InvoiceLine
from app.domain.invoices.views import CreditedLine, CreditNoteView, Discount, InvoiceView
from app.foundation.database import session
from app.foundation.sentences import say, told


@dataclass(frozen=True, slots=True)
class InvoiceFile:
    """All that is kept of an invoice, for whoever shows it without its paper."""

    invoice: InvoiceView
    discounts: tuple[Discount, ...]
    tax: Tax | None
    notes: tuple[str, ...]
    credit_notes: tuple[CreditNoteView, ...]
    # Numbers: of the invoice that took this one's place, and of the one whose place it took.
    replaced_by: str | None
    replaces: str | None


def file_of(account: Account, invoice: InvoiceView) -> InvoiceFile:
    """Return the file of the account's invoice, or of its draft."""
    replaced_by, replaces = _replacements(account, invoice)
    return InvoiceFile(
        invoice=invoice,
        discounts=documents.discounts_of(invoice),
        tax=documents.tax_of(invoice),
        notes=documents.notes_of(invoice),
        credit_notes=credit_notes_of(account, invoice),
        replaced_by=replaced_by,
        replaces=replaces,
    )


def invoice_of(account: Account, reference: str, *, now: datetime) -> Document:
    """Return the account's invoice as a document. Raises UnknownInvoice, InvoiceNotIssued."""
    invoice = queries.invoice_of(account, reference, now=now)
    return documents.invoice_document(invoice)


def receipt_of(account: Account, reference: str, *, now: datetime) -> Document:
    """Return a paid invoice's receipt. Raises UnknownInvoice, InvoiceNotIssued, InvoiceNotPaid."""
    invoice = queries.invoice_of(account, reference, now=now)
    return documents.receipt_document(invoice)


def document_of(account: Account, reference: str, *, named: str, now: datetime) -> Document:
    """Return the document of that name: invoice or receipt. Raises UnknownDocument besides."""
    if named == DocumentKind.INVOICE:
        return invoice_of(account, reference, now=now)
    if named == DocumentKind.RECEIPT:
        return receipt_of(account, reference, now=now)
    raise UnknownDocument(say("An invoice has two documents: the invoice itself, and its receipt."))


def credit_note_of(account: Account, reference: str, number: str, *, now: datetime) -> Document:
    """Return a credit note of the account's invoice. Raises UnknownInvoice, UnknownCreditNote."""
    invoice = queries.invoice_of(account, reference, now=now)
    for note in credit_notes_of(account, invoice):
        if note.number == number:
            given = replace(note, to_credit_minor=_to_credit_minor(note, invoice))
            return documents.credit_note_document(given, invoice=invoice)
    raise UnknownCreditNote(say("This invoice has no credit note with this number."))


def credit_notes_of(account: Account, invoice: InvoiceView) -> tuple[CreditNoteView, ...]:
    """Return what was taken back of the account's invoice, oldest first."""
    lines: dict[CreditNote, list[CreditedLine]] = defaultdict(list)
    for note, text, wording, amount_minor in session.execute(_notes_and_lines(account, invoice)):
        lines[note].append(CreditedLine(told(text, wording), amount_minor))
    return tuple(
        CreditNoteView(
            number=note.credit_note_number,
            invoice_number=invoice.invoice_number or "",
            reason=told(note.reason, note.wording),
            issued_at=note.issued_at,
            amount_minor=note.amount_minor,
            tax_minor=note.tax_minor,
            lines=tuple(credited),
        )
        for note, credited in lines.items()
    )


def _notes_and_lines(
    account: Account, invoice: InvoiceView
) -> Select[CreditNote, str, dict[str, object], int]:
    credited, line = CreditNoteLine, InvoiceLine
    return (
        select(CreditNote, line.description, line.wording, credited.amount_minor)
        .join(Invoice, Invoice.id == CreditNote.invoice_id)
        .join(credited, credited.credit_note_id == CreditNote.id)
        .join(line, line.id == credited.invoice_line_id)
        .where(Invoice.public_id == invoice.id, CreditNote.user_id == account.id)
        .order_by(CreditNote.id, line.position)
    )


def _to_credit_minor(note: CreditNoteView, invoice: InvoiceView) -> int:
    """Return how much of what the note gives back became account credit."""
    own, returned = credit.source_of_note(note.number), credit.source_of_return(invoice.id)
    return credit.sum_of([own]) + credit.sum_of([returned], at=note.issued_at)


def _replacements(account: Account, invoice: InvoiceView) -> tuple[str | None, str | None]:
    old, new = aliased(Invoice), aliased(Invoice)
    pairs = (
        select(old.public_id, old.invoice_number, new.invoice_number)
        .join(new, new.id == old.replaced_by_id)
        .where(
            old.user_id == account.id,
            or_(old.public_id == invoice.id, new.public_id == invoice.id),
        )
    )
    replaced_by = replaces = None
    for old_id, old_number, new_number in session.execute(pairs):
        if old_id == invoice.id:
            replaced_by = new_number
        else:
            replaces = old_number
    return replaced_by, replaces
