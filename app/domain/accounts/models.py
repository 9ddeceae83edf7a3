"""Tables of the accounts package."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.foundation.database import Base, Json
from app.foundation.secret_keys import KeyKind


class Role(StrEnum):
    """What a person may do."""

    CUSTOMER = "customer"
    OPERATOR = "operator"


TO_BE_ERASED = text("deletion_due_at IS NOT NULL AND erased_at IS NULL")


class Account(Base):
    """A customer of the gateway, or an operator; the row that usage and money lock on."""

    __tablename__ = "accounts"
    __table_args__ = (
        CheckConstraint("role IN ('customer', 'operator')", "role_known"),
        CheckConstraint("email = lower(email)", "email_lower_case"),
        CheckConstraint("granted_tokens BETWEEN 0 AND extra_tokens", "granted_within_extra"),
        CheckConstraint("credit_minor >= 0", "credit_not_negative"),
        CheckConstraint("credit_limit_minor >= 0", "credit_limit_not_negative"),
        CheckConstraint(
            "(suspended_at IS NULL) = (suspended_because IS NULL)"
            " AND (suspended_because IS NULL OR suspended_because IN ('debt', 'operator'))",
            "suspended_for_a_reason",
        ),
        CheckConstraint(
            "(deletion_asked_at IS NULL) = (deletion_due_at IS NULL)", "deletion_has_its_moment"
        ),
        CheckConstraint(
            "erased_at IS NULL OR (password_hash IS NULL AND name = '')", "erased_has_no_name"
        ),
        Index(
            "ix_accounts_to_be_erased",
            "id",
            sqlite_where=TO_BE_ERASED,
            postgresql_where=TO_BE_ERASED,
        ),
    )

    # The id the gateway knows the customer by, such as user-123.
    id: Mapped[str] = mapped_column(primary_key=True)
    # The number that stands in invoice numbers.
    number: Mapped[int] = mapped_column(unique=True)
    email: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str | None]
    role: Mapped[str] = mapped_column(default=Role.CUSTOMER)
    name: Mapped[str] = mapped_column(default="")
    # IANA zone that groups and displays this account's usage.
    timezone: Mapped[str] = mapped_column(default="UTC")
    locale: Mapped[str] = mapped_column(default="en")
    # Balances: the ledgers are the truth, these are their sums, kept under this row's lock.
    extra_tokens: Mapped[int] = mapped_column(default=0)
    granted_tokens: Mapped[int] = mapped_column(default=0)
    credit_minor: Mapped[int] = mapped_column(default=0)
    # The operator's own limit for this account; null means the general one.
    credit_limit_minor: Mapped[int | None]
    suspended_at: Mapped[datetime | None]
    # 'debt' is lifted when the debt is paid, 'operator' only by an operator.
    suspended_because: Mapped[str | None]
    email_verified_at: Mapped[datetime | None]
    # When the owner asked for it to be deleted, and from when on it is closed.
    deletion_asked_at: Mapped[datetime | None]
    deletion_due_at: Mapped[datetime | None]
    # From then on nobody has this account; what tax law needs of it is kept under its id.
    erased_at: Mapped[datetime | None]
    is_demo: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @property
    def is_unclaimed(self) -> bool:
        """Tell whether nobody has read a mail of its yet, or could ever have signed in."""
        return self.password_hash is None and self.email_verified_at is None


class Counter(Base):
    """A number that is handed out once: taken and raised in one statement."""

    __tablename__ = "counters"
    __table_args__ = (CheckConstraint("value >= 0", "value_not_negative"),)

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int]


class Key(Base):
    """A secret key of a customer's program, a gateway or an operator's program."""

    __tablename__ = "keys"
    __table_args__ = (
        CheckConstraint(
            "kind IN (" + ", ".join(f"'{kind.value}'" for kind in KeyKind) + ")", "kind_known"
        ),
        CheckConstraint("(kind = 'obl_gw_') = (user_id IS NULL)", "gateways_have_no_account"),
        CheckConstraint("scope IN ('read', 'write')", "scope_known"),
        CheckConstraint(
            "kind = 'obl_gw_' OR (attributes_to IS NULL AND attributes_by = '[]')",
            "only_gateways_attribute",
        ),
        CheckConstraint("kind = 'obl_gw_' OR limited_to = '[]'", "only_gateways_are_limited"),
        Index(None, "user_id"),
        Index(None, "expires_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    # Null for a gateway's key, which speaks for all accounts.
    user_id: Mapped[str | None] = mapped_column(ForeignKey("accounts.id"))
    name: Mapped[str]
    public_id: Mapped[str] = mapped_column(unique=True)
    digest: Mapped[str]
    scope: Mapped[str] = mapped_column(default="write")
    # Whom a gateway's key bills for events in the formats of others: the account that the field
    # of that format names, or else this one.
    attributes_to: Mapped[str | None] = mapped_column(ForeignKey("accounts.id"))
    attributes_by: Mapped[list[str]] = mapped_column(Json, default=list)
    # The only accounts that a gateway's key may speak of; empty for all of them.
    limited_to: Mapped[list[str]] = mapped_column(Json, default=list)
    created_at: Mapped[datetime]
    # Exclusive, like every end in this house: from this moment on the key is refused.
    expires_at: Mapped[datetime | None]
    # Of the last few minutes' uses only the first is noted.
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    # The key that takes its place; both work until this one's end.
    replaced_by: Mapped[int | None] = mapped_column(ForeignKey("keys.id"), unique=True)
    # When it was decided whether its owner is to hear that it ends soon.
    expiry_told_at: Mapped[datetime | None]


class BillingSettings(Base):
    """What a customer has set for himself; one row per account."""

    __tablename__ = "billing_settings"
    __table_args__ = (
        UniqueConstraint("user_id"),
        CheckConstraint("currency = 'USD'", "currency_known"),
        CheckConstraint("invoice_frequency = 'monthly'", "invoice_frequency_known"),
        CheckConstraint("auto_topup_threshold >= 0", "auto_topup_threshold_not_negative"),
        CheckConstraint("auto_topup_amount_minor BETWEEN 500 AND 1000000", "auto_topup_amount"),
        CheckConstraint("auto_topup_max_per_month >= 0", "auto_topup_count_not_negative"),
        CheckConstraint("auto_topup_monthly_limit_minor >= 0", "auto_topup_limit_not_negative"),
        CheckConstraint("alert_threshold >= 0", "alert_threshold_not_negative"),
        CheckConstraint("alert_spend_minor >= 0", "alert_spend_not_negative"),
        CheckConstraint("spend_limit_minor >= 0", "spend_limit_not_negative"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    billing_email: Mapped[str | None]
    billing_address: Mapped[str | None]
    tax_id: Mapped[str | None]
    # ISO 3166-1 alpha-2.
    country: Mapped[str | None]
    currency: Mapped[str] = mapped_column(default="USD")
    auto_topup: Mapped[bool] = mapped_column(default=True)
    auto_topup_threshold: Mapped[int] = mapped_column(default=0)
    auto_topup_amount_minor: Mapped[int] = mapped_column(default=10_000)
    auto_topup_max_per_month: Mapped[int] = mapped_column(default=5)
    auto_topup_monthly_limit_minor: Mapped[int] = mapped_column(default=50_000)
    auto_pay: Mapped[bool] = mapped_column(default=False)
    invoice_frequency: Mapped[str] = mapped_column(default="monthly")
    send_invoice_email: Mapped[bool] = mapped_column(default=True)
    enable_alerts: Mapped[bool] = mapped_column(default=True)
    alert_threshold: Mapped[int] = mapped_column(default=0)
    alert_percents: Mapped[list[int]] = mapped_column(Json, default=lambda: [50, 80, 100])
    alert_spend_minor: Mapped[int | None]
    alert_forecast: Mapped[bool] = mapped_column(default=True)
    overage_enabled: Mapped[bool] = mapped_column(default=True)
    # The customer's own monthly cap on final cost; null is none.
    spend_limit_minor: Mapped[int | None]
    # Set when the operator has checked the VAT id: only then is the charge reversed.
    tax_id_approved_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
