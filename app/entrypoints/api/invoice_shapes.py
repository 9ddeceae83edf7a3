"""How invoices are written as JSON, and how a month to invoice is read."""

from collections.abc import Mapping
from datetime import datetime

from app.domain.invoices.filing import InvoiceFile
from app.domain.invoices.rules import Line
from app.domain.invoices.views import CreditNoteView, Discount, InvoiceView
from app.entrypoints.api.answering import moment_text
from app.entrypoints.api.describing import parts
from app.entrypoints.api.reading_fields import Shape, ShortBody
from app.foundation.money import percent_from_basis_points, usd_from_minor, usd_from_nanos
from app.foundation.periods import BillingMonth

Body = dict[str, object]


def listed_invoice(invoice: InvoiceView) -> Body:
    """Return an invoice as it stands in a list."""
    return {
        "id": invoice.id,
        "invoice_number": invoice.invoice_number,
        "billing_month": invoice.billing_month,
        "kind": invoice.kind,
        "status": invoice.status,
        "amount": usd_from_minor(invoice.amount_minor),
        "final_amount": usd_from_minor(invoice.final_minor),
        "issued_at": _moment(invoice.issued_at),
        "due_date": _moment(invoice.due_at),
        "paid_at": _moment(invoice.paid_at),
    }


def invoice_body(file: InvoiceFile) -> Body:
    """Return a whole invoice with its items, and all that its document says."""
    invoice, tax = file.invoice, file.tax
    return {
        **listed_invoice(invoice),
        "user_id": invoice.user_id,
        "currency": invoice.currency,
        "discount_amount": usd_from_minor(invoice.discount_minor),
        "tax_amount": usd_from_minor(invoice.tax_minor),
        "amount_due": usd_from_minor(invoice.due_minor if invoice.is_payable else 0),
        "payment_method": invoice.payment_method,
        "items": [_item(line) for line in invoice.lines],
        "discounts": [_discount(discount) for discount in file.discounts],
        "tax_name": None if tax is None else tax.name,
        # In percent.
        "tax_rate": None if tax is None else percent_from_basis_points(tax.rate_bp),
        "reverse_charge": invoice.reverse_charge,
        "credit_used": usd_from_minor(invoice.credit_used_minor),
        "credit_notes": [_credit_note(note) for note in file.credit_notes],
        "notes": "\n".join(file.notes),
        "void_reason": invoice.void_reason,
        "replaced_by": file.replaced_by,
        "replaces": file.replaces,
    }


def _month(value: object) -> BillingMonth:
    return BillingMonth.parse(value if isinstance(value, str) else "")


MONTH = Shape(_month, "a month, written like 2026-11", parts.month(), code="month_invalid")
GENERATION = ShortBody("The month.", {"billing_month": MONTH})


def month_to_generate(body: Mapping[str, object]) -> BillingMonth:
    """Return the month that is named. Raises Refusal."""
    month: BillingMonth = GENERATION.read(body)["billing_month"]
    return month


def _item(line: Line) -> Body:
    price = line.unit_price_nanos
    return {
        "model": line.model,
        "quantity": line.quantity,
        "unit_price": None if price is None else usd_from_nanos(price),
        "amount": usd_from_minor(line.amount_minor),
        "description": line.description,
    }


def _discount(discount: Discount) -> Body:
    return {"description": discount.name, "amount": usd_from_minor(discount.amount_minor)}


def _credit_note(note: CreditNoteView) -> Body:
    return {
        "credit_note_number": note.number,
        "reason": note.reason,
        "amount": usd_from_minor(note.amount_minor),
        "tax_amount": usd_from_minor(note.tax_minor),
        "final_amount": usd_from_minor(note.total_minor),
        "issued_at": moment_text(note.issued_at),
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment_text(moment)
