"""What stands on an invoice, a receipt and a credit note, ready to be set on paper. Pure.

Everything here was fixed at its document's moment, so a document says the same for ever: an
invoice does not learn later that it was paid, its receipt says so.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from app.domain.invoices.errors import InvoiceNotIssued, InvoiceNotPaid
from app.domain.invoices.views import CreditNoteView, Discount, InvoiceView
from app.foundation.languages import ENGLISH
from app.foundation.periods import BillingMonth, Period
from app.foundation.sentences import say

OTHER_DISCOUNTS = say("Discount")
REVERSE_CHARGE = say(
    "Reverse charge: the customer accounts for the VAT (Article 196 of Directive 2006/112/EC)."
)


class DocumentKind(StrEnum):
    """Which document of an invoice."""

    INVOICE = "invoice"
    RECEIPT = "receipt"
    CREDIT_NOTE = "credit_note"


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """One line; quantity and price are left out where the amount is no product of the two."""

    description: str
    quantity: int | None
    unit_price_nanos: int | None
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Tax:
    """The tax on the discounted sum."""

    name: str
    rate_bp: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Settled:
    """How and when the document was paid."""

    amount_minor: int
    paid_at: datetime
    method: str
    transaction_id: str


@dataclass(frozen=True, slots=True)
class GivenBack:
    """What a credit note gives back, why, and where the money goes."""

    reason: str
    to_credit_minor: int
    # The way that the invoice had been paid, and what of it goes back there.
    method: str
    to_method_minor: int


@dataclass(frozen=True, slots=True)
class Document:
    """A document as a plain value, in the order in which it is read."""

    kind: DocumentKind
    number: str
    # The invoice that a credit note takes back from; else the document's own number.
    invoice_number: str
    issued_at: datetime
    due_at: datetime | None
    seller: Mapping[str, object]
    buyer: Mapping[str, object]
    lines: tuple[DocumentLine, ...]
    discounts: tuple[Discount, ...]
    tax: Tax | None
    total_minor: int
    credit_used_minor: int
    settled: Settled | None
    reverse_charge: bool
    notes: tuple[str, ...]
    # Of a credit note.
    given_back: GivenBack | None = None
    # When what it bills was used; a plan's line names its period itself.
    used_in: Period | None = None
    currency: str = "USD"
    # Fixed at the invoice's issue; its receipt and its credit notes speak as it does.
    language: str = ENGLISH

    @property
    def subtotal_minor(self) -> int:
        """Return what the lines add up to."""
        return sum(line.amount_minor for line in self.lines)

    @property
    def due_minor(self) -> int:
        """Return what is left after the account's credit."""
        return self.total_minor - self.credit_used_minor


def invoice_document(invoice: InvoiceView) -> Document:
    """Return the invoice as it was issued. Raises InvoiceNotIssued."""
    if invoice.invoice_number is None or invoice.issued_at is None:
        raise InvoiceNotIssued(
            say("This is a draft: there is a document once its month is over and it is issued.")
        )
    # Purchases are issued by their payment; whatever is paid later says so on its receipt.
    was_paid_then = invoice.paid_at is not None and invoice.paid_at <= invoice.issued_at
    return Document(
        kind=DocumentKind.INVOICE,
        number=invoice.invoice_number,
        invoice_number=invoice.invoice_number,
        issued_at=invoice.issued_at,
        due_at=None if was_paid_then else invoice.due_at,
        seller=invoice.seller,
        buyer=invoice.buyer,
        lines=_lines(invoice),
        discounts=discounts_of(invoice),
        tax=tax_of(invoice),
        total_minor=invoice.final_minor,
        credit_used_minor=invoice.credit_used_minor,
        settled=_settled(invoice, invoice.issued_at) if was_paid_then else None,
        reverse_charge=invoice.reverse_charge,
        notes=notes_of(invoice),
        used_in=_used_in(invoice),
        currency=invoice.currency,
        language=invoice.language,
    )


def receipt_document(invoice: InvoiceView) -> Document:
    """Return the receipt of a paid invoice. Raises InvoiceNotPaid, InvoiceNotIssued."""
    issued = invoice_document(invoice)
    if invoice.paid_at is None:
        raise InvoiceNotPaid(say("This invoice has no receipt: it has not been paid."))
    settled = _settled(invoice, invoice.paid_at)
    return replace(issued, kind=DocumentKind.RECEIPT, due_at=None, settled=settled)


def credit_note_document(note: CreditNoteView, *, invoice: InvoiceView) -> Document:
    """Return the credit note of an invoice."""
    lines = tuple(
        DocumentLine(line.description, None, None, line.amount_minor) for line in note.lines
    )
    # What a coupon had taken off is not given back: lines are credited less their discount.
    given_before = sum(line.amount_minor for line in note.lines) - note.amount_minor
    return Document(
        kind=DocumentKind.CREDIT_NOTE,
        number=note.number,
        invoice_number=note.invoice_number,
        issued_at=note.issued_at,
        due_at=None,
        seller=invoice.seller,
        buyer=invoice.buyer,
        lines=lines,
        discounts=(Discount(OTHER_DISCOUNTS, given_before),) if given_before > 0 else (),
        tax=Tax(invoice.tax_name, invoice.tax_rate_bp, note.tax_minor) if note.tax_minor else None,
        total_minor=note.total_minor,
        credit_used_minor=0,
        settled=None,
        reverse_charge=invoice.reverse_charge,
        notes=_notes("", reverse_charge=invoice.reverse_charge),
        given_back=GivenBack(
            reason=_trimmed(note.reason),
            to_credit_minor=note.to_credit_minor,
            method=invoice.payment_method or "",
            to_method_minor=note.total_minor - note.to_credit_minor,
        ),
        used_in=_used_in(invoice),
        currency=invoice.currency,
        language=invoice.language,
    )


def address_lines(address: str, *, beside: Iterable[str]) -> tuple[str, ...]:
    """Return the lines of an address without what stands beside it anyway.

    It was written as on a letter: who it is, and the country, may stand in it already.
    """
    told = {" ".join(text.split()).casefold() for text in beside}
    lines = (" ".join(line.split()) for line in address.splitlines())
    return tuple(line for line in lines if line and line.casefold() not in told)


def discounts_of(invoice: InvoiceView) -> tuple[Discount, ...]:
    """Return the discounts by name; what no name is known for stands as one of its own."""
    rest = invoice.discount_minor - sum(discount.amount_minor for discount in invoice.discounts)
    return (*invoice.discounts, Discount(OTHER_DISCOUNTS, rest)) if rest else invoice.discounts


def tax_of(invoice: InvoiceView) -> Tax | None:
    """Return the tax as it stands on the invoice, if there is any."""
    if not invoice.tax_rate_bp and not invoice.tax_minor:
        return None
    return Tax(invoice.tax_name, invoice.tax_rate_bp, invoice.tax_minor)


def notes_of(invoice: InvoiceView) -> tuple[str, ...]:
    """Return the sentences at the invoice's foot."""
    return _notes(invoice.notes, reverse_charge=invoice.reverse_charge)


def _used_in(invoice: InvoiceView) -> Period | None:
    return BillingMonth.parse(invoice.billing_month).period if invoice.kind == "usage" else None


def _lines(invoice: InvoiceView) -> tuple[DocumentLine, ...]:
    return tuple(
        DocumentLine(
            line.description,
            # Only tokens are counted; a plan's period or what was carried is one by itself.
            line.quantity if line.model is not None or line.unit_price_nanos is not None else None,
            line.unit_price_nanos,
            line.amount_minor,
        )
        for line in invoice.lines
    )


def _settled(invoice: InvoiceView, paid_at: datetime) -> Settled:
    return Settled(
        amount_minor=invoice.due_minor,
        paid_at=paid_at,
        method=invoice.payment_method or "",
        transaction_id=invoice.transaction_id or "",
    )


def _notes(own: str, *, reverse_charge: bool) -> tuple[str, ...]:
    notes = (REVERSE_CHARGE if reverse_charge else "", _trimmed(own))
    return tuple(note for note in notes if note)


def _trimmed(own: str) -> str:
    trimmed = own.strip()
    # What needs no trimming stays the sentence that it may be.
    return own if own == trimmed else trimmed
