"""Tables of the usage package."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.foundation.database import Base, Json

UNPRICED = text("status = 'unpriced'")
# All that can be said of one row: what is taken off comes as a row of negative sums, which is
# looked at before it meets the row that it is added to.
SUMS_ADD_UP = (
    "total_tokens = prompt_tokens + completion_tokens"
    " AND quota_tokens + extra_tokens + overage_tokens = total_tokens"
)


class RecordStatus(StrEnum):
    """Where a usage record stands."""

    COMPLETED = "completed"
    UNPRICED = "unpriced"
    VOIDED = "voided"


class BillingRecord(Base):
    """One request to a model: counted once, for ever."""

    __tablename__ = "billing_records"
    __table_args__ = (
        CheckConstraint("status IN ('completed', 'unpriced', 'voided')", "status_known"),
        CheckConstraint(
            "prompt_tokens >= 0 AND completion_tokens >= 0 AND total_tokens >= 0"
            " AND cached_tokens >= 0 AND cache_write_tokens >= 0 AND reasoning_tokens >= 0",
            "tokens_not_negative",
        ),
        CheckConstraint(
            "cached_tokens + cache_write_tokens <= prompt_tokens", "cached_within_prompt"
        ),
        CheckConstraint("reasoning_tokens <= completion_tokens", "reasoning_within_completion"),
        CheckConstraint("total_tokens = prompt_tokens + completion_tokens", "total_adds_up"),
        CheckConstraint(
            "quota_tokens + extra_tokens + overage_tokens = total_tokens"
            " AND quota_tokens >= 0 AND extra_tokens >= 0 AND overage_tokens >= 0",
            "split_adds_up",
        ),
        CheckConstraint("granted_tokens BETWEEN 0 AND extra_tokens", "granted_within_extra"),
        CheckConstraint(
            "final_nanos = cost_nanos - discount_nanos AND cost_nanos >= 0 AND final_nanos >= 0",
            "cost_adds_up",
        ),
        CheckConstraint("status <> 'unpriced' OR cost_nanos = 0", "unpriced_has_no_cost"),
        CheckConstraint(
            "status = 'voided' OR (status = 'unpriced') = (price_id IS NULL)",
            "unpriced_has_no_price",
        ),
        # Of the total nothing is said: once it could be left out, and two counts added up to it.
        CheckConstraint(
            "prompt_tokens <= 1000000000 AND completion_tokens <= 1000000000"
            " AND cost_nanos <= 1000000000000000 AND discount_nanos >= 0"
            " AND overage_discount_bp BETWEEN 0 AND 10000",
            "within_limits",
        ),
        CheckConstraint("(status = 'voided') = (voided_at IS NOT NULL)", "void_has_its_moment"),
        # The records page and the CSV walk this backwards.
        Index(None, "user_id", "occurred_at", "id"),
        Index(
            "ix_billing_records_unpriced",
            "model",
            "id",
            sqlite_where=UNPRICED,
            postgresql_where=UNPRICED,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscriptions.id"))
    period_id: Mapped[int] = mapped_column(ForeignKey("subscription_periods.id"))
    request_id: Mapped[str] = mapped_column(unique=True)
    model: Mapped[str]
    provider: Mapped[str | None]
    api_key_alias: Mapped[str | None]
    prompt_tokens: Mapped[int]
    completion_tokens: Mapped[int]
    total_tokens: Mapped[int]
    cached_tokens: Mapped[int]
    cache_write_tokens: Mapped[int]
    reasoning_tokens: Mapped[int]
    quota_tokens: Mapped[int]
    extra_tokens: Mapped[int]
    # The part of the extra tokens that had been granted, not bought: a void gives it back as such.
    granted_tokens: Mapped[int]
    overage_tokens: Mapped[int]
    # The multiplier of the moment: kept, so that a late price changes nothing but the cost.
    overage_discount_bp: Mapped[int]
    price_id: Mapped[int | None] = mapped_column(ForeignKey("model_prices.id"))
    cost_nanos: Mapped[int]
    discount_nanos: Mapped[int]
    final_nanos: Mapped[int]
    # Coupons act on invoices; the mission's column stays and is null.
    coupon_id: Mapped[int | None] = mapped_column(ForeignKey("coupons.id"))
    status: Mapped[str]
    billing_month: Mapped[str]
    occurred_at: Mapped[datetime]
    # False where the gateway sent none and the moment of arrival stands in.
    occurred_at_given: Mapped[bool]
    # True where the gateway guessed the counts, such as those of a stream that was broken off.
    is_estimated: Mapped[bool] = mapped_column(default=False)
    void_reason: Mapped[str | None]
    voided_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class UsageSums:
    """The sums that every rollup carries; voided records are not in them.

    Rollups have no foreign key to their account: they are only ever written beside a record that
    has one, and checking it again for each row took a quarter of the time of an upsert.
    """

    requests: Mapped[int]
    prompt_tokens: Mapped[int]
    completion_tokens: Mapped[int]
    total_tokens: Mapped[int]
    cached_tokens: Mapped[int]
    cache_write_tokens: Mapped[int]
    reasoning_tokens: Mapped[int]
    quota_tokens: Mapped[int]
    extra_tokens: Mapped[int]
    overage_tokens: Mapped[int]
    unpriced_tokens: Mapped[int]
    cost_nanos: Mapped[int]
    final_nanos: Mapped[int]


class UsageHourly(UsageSums, Base):
    """Usage by local hour (as the moment it starts), model, gateway key and provider."""

    __tablename__ = "usage_hourly"
    __table_args__ = (CheckConstraint(SUMS_ADD_UP, "sums_add_up"),)

    user_id: Mapped[str] = mapped_column(primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    # An empty string stands for "none was named", here and below.
    api_key: Mapped[str] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(primary_key=True)


class UsageDaily(UsageSums, Base):
    """Usage by the account's local date, model and gateway key."""

    __tablename__ = "usage_daily"
    __table_args__ = (CheckConstraint(SUMS_ADD_UP, "sums_add_up"),)

    user_id: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    api_key: Mapped[str] = mapped_column(primary_key=True)


class UsageMonthly(UsageSums, Base):
    """Usage by billing month and model: what invoices and limits read.

    The month of occurrence is kept apart, so that statistics by occurrence are as exact as
    invoices by billing month.
    """

    __tablename__ = "usage_monthly"
    # The operator's month reads it over all accounts; it grows with their months, not with usage.
    __table_args__ = (CheckConstraint(SUMS_ADD_UP, "sums_add_up"), Index(None, "billing_month"))

    user_id: Mapped[str] = mapped_column(primary_key=True)
    billing_month: Mapped[str] = mapped_column(primary_key=True)
    occurred_month: Mapped[str] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)


class PrunedUsage(UsageSums, Base):
    """What records summed up to that are kept no longer, by the quarter of an hour.

    No zone of this century cuts a quarter: hours and days can be cut anew from these sums as they
    could from the records.
    """

    __tablename__ = "pruned_usage"

    user_id: Mapped[str] = mapped_column(primary_key=True)
    # The number of the quarter of an hour, counted from 1970.
    quarter: Mapped[int] = mapped_column(primary_key=True)
    period_id: Mapped[int] = mapped_column(primary_key=True)
    billing_month: Mapped[str] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    # An empty string stands for "none was named".
    api_key: Mapped[str] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(primary_key=True)


class PrunedRequest(Base):
    """A request whose record is kept no longer: sent again, it is told apart and not billed."""

    __tablename__ = "pruned_requests"

    # SHA-256 of the request id, and of what the record said.
    request_digest: Mapped[str] = mapped_column(primary_key=True)
    content_digest: Mapped[str]
    # Null where the gateway had sent none.
    occurred_at: Mapped[datetime | None]


class UsageLabel(Base):
    """A model, gateway key or provider that an account's rollups keep apart."""

    __tablename__ = "usage_labels"
    __table_args__ = (CheckConstraint("kind IN ('model', 'api_key', 'provider')", "kind_known"),)

    user_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    label: Mapped[str] = mapped_column(primary_key=True)


class MonthClose(Base):
    """A billing month that takes no more usage: for one account, or (null) for all of them."""

    __tablename__ = "month_closes"
    __table_args__ = (
        UniqueConstraint("billing_month", "user_id"),
        Index(
            "uq_month_closes_everyone",
            "billing_month",
            unique=True,
            sqlite_where=text("user_id IS NULL"),
            postgresql_where=text("user_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    billing_month: Mapped[str]
    user_id: Mapped[str | None] = mapped_column(ForeignKey("accounts.id"))
    closed_at: Mapped[datetime]


class UsageCorrection(Base):
    """An amount the next usage invoice must carry because a closed month changed."""

    __tablename__ = "usage_corrections"
    __table_args__ = (
        CheckConstraint("kind IN ('void', 'shortfall')", "kind_known"),
        CheckConstraint("amount_nanos <> 0", "amount_not_zero"),
        UniqueConstraint("kind", "record_id"),
        Index(None, "user_id", "invoice_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    kind: Mapped[str]
    record_id: Mapped[int | None] = mapped_column(ForeignKey("billing_records.id"))
    # The month that was billed wrongly, not the one that will carry the line.
    billing_month: Mapped[str]
    description: Mapped[str]
    # What the description was made of, for whoever reads it in another language.
    wording: Mapped[dict[str, object]] = mapped_column(Json, default=dict)
    # Signed: negative gives back.
    amount_nanos: Mapped[int]
    # The invoice that carries it; null while it waits.
    invoice_id: Mapped[int | None] = mapped_column(ForeignKey("invoices.id"))
    created_at: Mapped[datetime]
