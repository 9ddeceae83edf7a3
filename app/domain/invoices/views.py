"""What questions about invoices are answered with: frozen, and free of tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.domain.invoices.rules import Line
from app.foundation.languages import ENGLISH


@dataclass(frozen=True, slots=True)
class Discount:
    """What was taken off, and by what: a coupon's code."""

    name: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class InvoiceView:
    """An invoice as customers see it; a draft has no number and no dates."""

    id: str
    user_id: str
    kind: str
    billing_month: str
    # With `overdue` for an issued one past its due date.
    status: str
    invoice_number: str | None
    currency: str
    amount_minor: int
    discount_minor: int
    tax_minor: int
    final_minor: int
    credit_used_minor: int
    issued_at: datetime | None
    due_at: datetime | None
    paid_at: datetime | None
    payment_method: str | None
    seller: Mapping[str, object]
    buyer: Mapping[str, object]
    notes: str
    lines: tuple[Line, ...] = ()
    tax_name: str = ""
    tax_rate_bp: int = 0
    reverse_charge: bool = False
    transaction_id: str | None = None
    # By name, as far as names are known; in lists they are left out.
    discounts: tuple[Discount, ...] = ()
    voided_at: datetime | None = None
    void_reason: str | None = None
    # What credit notes took back of it so far, with tax.
    credited_minor: int = 0
    # Of its documents: fixed at its issue.
    language: str = ENGLISH

    @property
    def is_payable(self) -> bool:
        """Tell whether the customer can pay it now."""
        return self.status in ("issued", "overdue") and self.due_minor > 0

    @property
    def due_minor(self) -> int:
        """Return what is left to pay."""
        return self.final_minor - self.credit_used_minor


@dataclass(frozen=True, slots=True)
class CreditedLine:
    """What a credit note takes back of one line."""

    description: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class CreditNoteView:
    """A credit note as customers see it: net, and the tax that comes with it."""

    number: str
    invoice_number: str
    reason: str
    issued_at: datetime
    amount_minor: int
    tax_minor: int
    lines: tuple[CreditedLine, ...]
    # How much of it became account credit; the rest went back the way it had been paid.
    to_credit_minor: int = 0

    @property
    def total_minor(self) -> int:
        """Return what is taken back in all."""
        return self.amount_minor + self.tax_minor


@dataclass(frozen=True, slots=True)
class InvoicesWanted:
    """Which issued invoices are looked for, by the status that is shown, or all that are open."""

    status: str | None = None
    kind: str | None = None


ALL_INVOICES = InvoicesWanted()


@dataclass(frozen=True, slots=True)
class InvoicesPage:
    """A page of invoices, newest first, without their lines."""

    invoices: tuple[InvoiceView, ...]
    total: int
