"""Tables of the invoices package."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.foundation.database import Base, Json
from app.foundation.languages import ENGLISH

USAGE = text("kind = 'usage'")
USAGE_OF_A_MONTH = text("kind = 'usage' AND status <> 'void'")


def _written_out(month: str) -> str:
    """Return that a month is written as 2026-11."""
    year_and_dash = f"length({month}) = 7 AND substr({month}, 5, 1) = '-'"
    return f"{year_and_dash} AND substr({month}, 6) BETWEEN '01' AND '12'"


class Invoice(Base):
    """What an account owes for a month, a period or a purchase; never changed once issued."""

    __tablename__ = "invoices"
    __table_args__ = (
        CheckConstraint("kind IN ('subscription', 'usage', 'topup')", "kind_known"),
        CheckConstraint(
            "status IN ('draft', 'issued', 'paid', 'refunded', 'void')", "status_known"
        ),
        CheckConstraint("currency = 'USD'", "currency_known"),
        CheckConstraint(_written_out("billing_month"), "billing_month_written_out"),
        CheckConstraint("amount_minor - discount_minor + tax_minor = final_minor", "totals_add_up"),
        CheckConstraint("discount_minor >= 0 AND final_minor >= 0", "totals_not_negative"),
        CheckConstraint(
            "credit_used_minor >= 0 AND credit_used_minor <= final_minor", "credit_within_final"
        ),
        CheckConstraint(
            "status IN ('draft', 'void')"
            " OR (invoice_number IS NOT NULL AND issued_at IS NOT NULL AND due_at IS NOT NULL)",
            "issued_has_number_and_dates",
        ),
        CheckConstraint(
            "(status IN ('paid', 'refunded')) = (paid_at IS NOT NULL)", "paid_has_its_moment"
        ),
        Index(
            "uq_invoices_usage_of_a_month",
            "user_id",
            "billing_month",
            unique=True,
            sqlite_where=USAGE_OF_A_MONTH,
            postgresql_where=USAGE_OF_A_MONTH,
        ),
        Index(None, "user_id", "billing_month"),
        Index(None, "user_id", "issued_at", "id"),
        # What operators look through, newest first.
        Index(None, "issued_at", "id"),
        Index(None, "status", "due_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    # The id that programs see, such as inv-4Jx2…: not guessable from another one.
    public_id: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    kind: Mapped[str]
    billing_month: Mapped[str]
    status: Mapped[str] = mapped_column(default="draft")
    invoice_number: Mapped[str | None] = mapped_column(unique=True)
    period_id: Mapped[int | None] = mapped_column(ForeignKey("subscription_periods.id"))
    plan_id: Mapped[str | None] = mapped_column(ForeignKey("subscription_plans.id"))
    plan_change_id: Mapped[int | None] = mapped_column(ForeignKey("plan_changes.id"), unique=True)
    currency: Mapped[str] = mapped_column(default="USD")
    amount_minor: Mapped[int]
    discount_minor: Mapped[int] = mapped_column(default=0)
    tax_minor: Mapped[int] = mapped_column(default=0)
    final_minor: Mapped[int]
    credit_used_minor: Mapped[int] = mapped_column(default=0)
    tax_rate_bp: Mapped[int] = mapped_column(default=0)
    tax_name: Mapped[str] = mapped_column(default="")
    reverse_charge: Mapped[bool] = mapped_column(default=False)
    # Both parties as they were at issue: the document must not change with the settings.
    seller: Mapped[dict[str, object]] = mapped_column(Json, default=dict)
    buyer: Mapped[dict[str, object]] = mapped_column(Json, default=dict)
    # Of its documents, its receipt's and its credit notes' too: the customer's own at issue.
    language: Mapped[str] = mapped_column(default=ENGLISH)
    issued_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    paid_at: Mapped[datetime | None]
    voided_at: Mapped[datetime | None]
    void_reason: Mapped[str | None]
    # The invoice that took this one's place after the operator voided it.
    replaced_by_id: Mapped[int | None] = mapped_column(ForeignKey("invoices.id"))
    payment_method: Mapped[str | None]
    transaction_id: Mapped[str | None]
    notes: Mapped[str] = mapped_column(default="")
    # SHA-256 over everything that must not change once it is issued.
    content_digest: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class InvoiceLine(Base):
    """One line of an invoice."""

    __tablename__ = "invoice_lines"
    __table_args__ = (
        UniqueConstraint("invoice_id", "position"),
        CheckConstraint("quantity >= 0", "quantity_not_negative"),
        CheckConstraint("credited_minor >= 0", "credited_not_negative"),
        CheckConstraint(
            "credited_minor = 0 OR credited_minor <= amount_minor", "credited_within_line"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoices.id"))
    position: Mapped[int]
    kind: Mapped[str]
    # In English; beside it what it was made of, for whoever reads it in another language.
    description: Mapped[str]
    wording: Mapped[dict[str, object]] = mapped_column(Json, default=dict)
    model: Mapped[str | None]
    quantity: Mapped[int]
    # For display, USD per 1,000 tokens in nano-USD; null where the line is no product of two.
    unit_price_nanos: Mapped[int | None]
    # What the cents were rounded from; null for lines that were never finer than cents.
    amount_nanos: Mapped[int | None]
    amount_minor: Mapped[int]
    # What credit notes took back of it so far.
    credited_minor: Mapped[int] = mapped_column(default=0)


class InvoiceCounter(Base):
    """The last invoice number of an account and month: locked while the next is taken."""

    __tablename__ = "invoice_counters"
    __table_args__ = (CheckConstraint("last_number >= 0", "number_not_negative"),)

    user_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    # 'INV' or 'CN': invoices and credit notes count apart.
    series: Mapped[str] = mapped_column(primary_key=True)
    month: Mapped[str] = mapped_column(primary_key=True)
    last_number: Mapped[int]


class CarriedAmount(Base):
    """A net too small to invoice, waiting for the next one."""

    __tablename__ = "carried_amounts"
    __table_args__ = (
        CheckConstraint("kind IN ('usage', 'other')", "kind_known"),
        CheckConstraint("invoice_id IS NULL OR forgiven_by IS NULL", "invoiced_or_forgiven"),
        CheckConstraint(_written_out("from_month"), "from_month_written_out"),
        Index(
            "uq_carried_amounts_usage",
            "user_id",
            "from_month",
            unique=True,
            sqlite_where=USAGE,
            postgresql_where=USAGE,
        ),
        # What waits of an account: gateways ask for it before each request.
        Index(None, "user_id", "invoice_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    kind: Mapped[str]
    from_month: Mapped[str]
    # Usage is carried exactly; everything else in whole cents, written as nanos too.
    amount_nanos: Mapped[int]
    invoice_id: Mapped[int | None] = mapped_column(ForeignKey("invoices.id"), index=True)
    # Who let the amount go, where it was forgiven instead of invoiced.
    forgiven_by: Mapped[str | None]
    created_at: Mapped[datetime]


class CreditNote(Base):
    """A document that takes back part of an issued invoice."""

    __tablename__ = "credit_notes"
    __table_args__ = (
        CheckConstraint("amount_minor > 0 AND tax_minor >= 0", "amounts_in_range"),
        Index(None, "invoice_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoices.id"))
    user_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    credit_note_number: Mapped[str] = mapped_column(unique=True)
    reason: Mapped[str]
    # What the reason was made of, where it is one of ours.
    wording: Mapped[dict[str, object]] = mapped_column(Json, default=dict)
    amount_minor: Mapped[int]
    tax_minor: Mapped[int]
    content_digest: Mapped[str]
    issued_at: Mapped[datetime]


class CreditNoteLine(Base):
    """What a credit note takes back of one line."""

    __tablename__ = "credit_note_lines"
    __table_args__ = (
        UniqueConstraint("credit_note_id", "invoice_line_id"),
        CheckConstraint("amount_minor > 0", "amount_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    credit_note_id: Mapped[int] = mapped_column(ForeignKey("credit_notes.id"))
    invoice_line_id: Mapped[int] = mapped_column(ForeignKey("invoice_lines.id"))
    amount_minor: Mapped[int]


class CreditEntry(Base):
    """One movement of an account's credit, in cents. Rows are only added."""

    __tablename__ = "credit_entries"
    __table_args__ = (
        CheckConstraint("amount_minor <> 0", "amount_not_zero"),
        CheckConstraint("balance_after_minor >= 0", "balance_not_negative"),
        Index(None, "user_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    kind: Mapped[str]
    amount_minor: Mapped[int]
    balance_after_minor: Mapped[int]
    source: Mapped[str] = mapped_column(unique=True)
    note: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]


class TaxRate(Base):
    """The tax of a country, as the operator has entered it."""

    __tablename__ = "tax_rates"
    __table_args__ = (CheckConstraint("rate_bp BETWEEN 0 AND 10000", "rate_in_range"),)

    country: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    rate_bp: Mapped[int]
    updated_at: Mapped[datetime]
