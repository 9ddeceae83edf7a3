"""Tables of the payments package."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.foundation.database import Base

PROVIDER_KNOWN = "provider IN ('stripe', 'paypal')"


class PaymentMethod(Base):
    """A card or wallet saved at a provider; we hold its reference, never its number."""

    __tablename__ = "payment_methods"
    __table_args__ = (
        CheckConstraint(PROVIDER_KNOWN, "provider_known"),
        CheckConstraint(
            "(consent_version IS NULL) = (consented_at IS NULL)", "consent_has_its_moment"
        ),
        UniqueConstraint("provider", "provider_reference"),
        Index(
            "uq_payment_methods_default",
            "user_id",
            unique=True,
            sqlite_where=text("is_default"),
            postgresql_where=text("is_default"),
        ),
        Index(None, "user_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    provider: Mapped[str]
    provider_customer: Mapped[str]
    provider_reference: Mapped[str]
    brand: Mapped[str]
    last4: Mapped[str]
    expires_on: Mapped[str | None]
    is_default: Mapped[bool]
    consent_version: Mapped[str | None]
    consented_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Payment(Base):
    """One attempt to be paid; committed before any provider is asked."""

    __tablename__ = "payments"
    __table_args__ = (
        CheckConstraint(PROVIDER_KNOWN, "provider_known"),
        CheckConstraint("purpose IN ('invoice', 'plan_change', 'topup')", "purpose_known"),
        CheckConstraint("method IN ('checkout', 'off_session', 'on_session')", "method_known"),
        CheckConstraint(
            "status IN ('created', 'pending', 'unknown', 'settled', 'failed', 'expired')",
            "status_known",
        ),
        CheckConstraint("currency = 'USD'", "currency_known"),
        CheckConstraint("amount_minor > 0", "amount_positive"),
        CheckConstraint("refunded_minor BETWEEN 0 AND amount_minor", "refunded_within_amount"),
        CheckConstraint(
            "(status = 'settled') = (settled_at IS NOT NULL)", "settled_has_its_moment"
        ),
        CheckConstraint(
            "status <> 'settled' OR provider_payment IS NOT NULL", "settled_has_its_payment"
        ),
        CheckConstraint(
            "(consent_version IS NULL) = (consented_at IS NULL)", "consent_has_its_moment"
        ),
        # The unique key behind settling: a provider's payment has one effect here.
        UniqueConstraint("provider", "provider_payment"),
        UniqueConstraint("provider", "provider_session"),
        Index(None, "user_id", "created_at"),
        Index(None, "status", "updated_at"),
        Index(None, "invoice_id"),
        # What operators look through, newest first.
        Index(None, "created_at", "id"),
        Index(
            "ix_payments_overpayments",
            "id",
            # As it is asked for there, word for word.
            sqlite_where=text("is_overpayment = 1"),
            postgresql_where=text("is_overpayment"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    # What the provider carries in its metadata to name this attempt.
    public_id: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoices.id"))
    purpose: Mapped[str]
    provider: Mapped[str]
    method: Mapped[str]
    attempt_number: Mapped[int]
    idempotency_key: Mapped[str] = mapped_column(unique=True)
    payment_method_id: Mapped[int | None] = mapped_column(ForeignKey("payment_methods.id"))
    status: Mapped[str] = mapped_column(default="created")
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(default="USD")
    refunded_minor: Mapped[int] = mapped_column(default=0)
    # Session, order or intent at the provider, and the payment that came of it.
    provider_session: Mapped[str | None]
    provider_payment: Mapped[str | None]
    checkout_url: Mapped[str | None]
    decline_code: Mapped[str | None]
    is_overpayment: Mapped[bool] = mapped_column(default=False)
    # Set where the customer has agreed that the card he pays with is saved.
    consent_version: Mapped[str | None]
    consented_at: Mapped[datetime | None]
    # Until when it can be paid on its page. None for charges of saved cards, and once the provider
    # has said that the payment is processing: then its money comes or not, whenever that is.
    expires_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Refund(Base):
    """Money given back, by us or at the provider."""

    __tablename__ = "refunds"
    __table_args__ = (
        CheckConstraint(
            "status IN ('created', 'pending', 'unknown', 'settled', 'failed')", "status_known"
        ),
        CheckConstraint("amount_minor > 0", "amount_positive"),
        UniqueConstraint("payment_id", "provider_refund"),
        Index(None, "status", "updated_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"))
    credit_note_id: Mapped[int | None] = mapped_column(ForeignKey("credit_notes.id"))
    amount_minor: Mapped[int]
    status: Mapped[str] = mapped_column(default="created")
    reason: Mapped[str]
    requested_by: Mapped[str]
    idempotency_key: Mapped[str] = mapped_column(unique=True)
    provider_refund: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Dispute(Base):
    """A payment the customer contests at his bank, or at the provider itself."""

    __tablename__ = "disputes"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'won', 'lost')", "status_known"),
        CheckConstraint("amount_minor > 0", "amount_positive"),
        UniqueConstraint("payment_id", "provider_dispute"),
        Index(None, "status", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"))
    user_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    provider_dispute: Mapped[str]
    amount_minor: Mapped[int]
    reason: Mapped[str]
    status: Mapped[str] = mapped_column(default="open")
    opened_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]


class ProviderEvent(Base):
    """A provider's signed message, kept as it came: the inbox."""

    __tablename__ = "provider_events"
    __table_args__ = (
        CheckConstraint(PROVIDER_KNOWN, "provider_known"),
        CheckConstraint("status IN ('waiting', 'processed', 'ignored')", "status_known"),
        CheckConstraint(
            "(status = 'waiting') = (next_try_at IS NOT NULL)", "waiting_has_its_next_try"
        ),
        CheckConstraint(
            "status <> 'ignored' OR ignored_because IS NOT NULL", "ignored_has_a_reason"
        ),
        UniqueConstraint("provider", "event_id"),
        Index(None, "status", "next_try_at"),
        Index(None, "status", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    provider: Mapped[str]
    event_id: Mapped[str]
    event_type: Mapped[str]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[str] = mapped_column(default="waiting")
    ignored_because: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    received_at: Mapped[datetime]
    processed_at: Mapped[datetime | None]
