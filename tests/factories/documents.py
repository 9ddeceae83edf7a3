"""Documents as plain values, and the rows of credit notes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from app.domain.invoices.documents import Document, DocumentKind, DocumentLine
from app.domain.invoices.models import CreditNote, CreditNoteLine, Invoice, InvoiceLine
from app.foundation.database import session, transaction
from tests.moments import NOW

ISSUED = datetime(2026, 12, 1, 1, 0, 0, 250_000, tzinfo=UTC)
SELLER = {
    "name": "Oblivious GmbH", "address": "Lindenstraße 7\n10969 Berlin", "country": "DE",
    "vat_id": "DE136695976",
}  # fmt: skip
BUYER = {
    "user_id": "ada", "name": "Ada Lovelace", "email": "ada@example.com",
    "address": "12 St James’s Square\nLondon", "country": "GB", "tax_id": "",
}  # fmt: skip
DOCUMENT = Document(
    kind=DocumentKind.INVOICE,
    number="INV-1001-2026-11",
    invoice_number="INV-1001-2026-11",
    issued_at=ISSUED,
    due_at=ISSUED + timedelta(days=30),
    seller=SELLER,
    buyer=BUYER,
    lines=(
        DocumentLine("AI API usage - gpt-4", 500_000, 30_000_000, 1_500),
        DocumentLine("AI API usage - gpt-3.5-turbo", 750_000, 1_500_000, 113),
        DocumentLine("Carried from 2026-10", None, None, -37),
    ),
    discounts=(),
    tax=None,
    total_minor=1_576,
    credit_used_minor=0,
    settled=None,
    reverse_charge=False,
    notes=(),
)


def make_document(**changes: object) -> Document:
    """Make an invoice of three lines as a document."""
    return replace(DOCUMENT, **changes)


def make_credit_note(
    invoice: Invoice, *, number: str = "CN-1-2026-11", minor: int = 500, now: datetime = NOW
) -> CreditNote:
    """Make a credit note on the first line of the invoice."""
    with transaction():
        note = CreditNote(
            invoice_id=invoice.id,
            user_id=invoice.user_id,
            credit_note_number=number,
            reason="Billed by mistake.",
            amount_minor=minor,
            tax_minor=0,
            content_digest="digest",
            issued_at=now,
        )
        session.add(note)
        session.flush()
        line = session.query(InvoiceLine).filter_by(invoice_id=invoice.id, position=1).one()
        session.add(
            CreditNoteLine(credit_note_id=note.id, invoice_line_id=line.id, amount_minor=minor)
        )
    return note
