"""Tables of the subscriptions package."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.foundation.database import Base


class SubscriptionStatus(StrEnum):
    """Where a subscription stands."""

    ACTIVE = "active"
    PAST_DUE = "past_due"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


RUNNING = text("status IN ('active', 'past_due')")


class Subscription(Base):
    """An account's time on one plan; its periods carry the bounds, the terms and the counters."""

    __tablename__ = "subscriptions"
    __table_args__ = (
        CheckConstraint("status IN ('active', 'past_due', 'cancelled', 'expired')", "status_known"),
        CheckConstraint("billing_cycle = 'monthly'", "billing_cycle_known"),
        CheckConstraint("auto_renew OR pending_plan_id IS NULL", "one_change_at_a_time"),
        Index(
            "uq_subscriptions_running",
            "user_id",
            unique=True,
            sqlite_where=RUNNING,
            postgresql_where=RUNNING,
        ),
        Index(None, "user_id", "status"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    plan_id: Mapped[str] = mapped_column(ForeignKey("subscription_plans.id"))
    status: Mapped[str] = mapped_column(default=SubscriptionStatus.ACTIVE)
    billing_cycle: Mapped[str] = mapped_column(default="monthly")
    # Every period's bounds are counted from here, so that the 31st comes back after February.
    anchor_at: Mapped[datetime]
    # False is cancel_at_period_end.
    auto_renew: Mapped[bool] = mapped_column(default=True)
    pending_plan_id: Mapped[str | None] = mapped_column(ForeignKey("subscription_plans.id"))
    cancelled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class SubscriptionPeriod(Base):
    """One period with the terms it started with and what was used in it."""

    __tablename__ = "subscription_periods"
    __table_args__ = (
        UniqueConstraint("user_id", "starts_at"),
        UniqueConstraint("user_id", "ends_at"),
        CheckConstraint("ends_at > starts_at", "ends_after_it_starts"),
        CheckConstraint("price_minor >= 0 AND quota >= 0", "terms_not_negative"),
        CheckConstraint("overage_discount_bp BETWEEN 0 AND 10000", "overage_discount_in_range"),
        CheckConstraint("quota_tokens_used BETWEEN 0 AND quota", "quota_not_exceeded"),
        CheckConstraint("tokens_used >= quota_tokens_used", "used_covers_quota_used"),
        Index(
            "uq_subscription_periods_current",
            "user_id",
            unique=True,
            sqlite_where=text("is_current"),
            postgresql_where=text("is_current"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscriptions.id"))
    user_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    is_current: Mapped[bool]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    # When the grace of an unpaid renewal ends; null once it is paid, or where nothing is owed.
    grace_ends_at: Mapped[datetime | None]
    plan_id: Mapped[str] = mapped_column(ForeignKey("subscription_plans.id"))
    price_minor: Mapped[int]
    # What the period may use now: less than the plan's quota during grace, more after an upgrade.
    quota: Mapped[int]
    # The quota of the plan itself: what an upgrade compares with, and what payment makes whole.
    plan_quota: Mapped[int]
    extra_token_price_pico: Mapped[int | None]
    overage_discount_bp: Mapped[int]
    max_concurrent_req: Mapped[int]
    rate_limit_per_min: Mapped[int]
    tokens_used: Mapped[int] = mapped_column(default=0)
    quota_tokens_used: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]


class PlanChange(Base):
    """An upgrade that was accepted: its amounts and quota are fixed until its session ends."""

    __tablename__ = "plan_changes"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'applied', 'lapsed', 'refunded')", "status_known"),
        CheckConstraint("credit_minor >= 0 AND charge_minor >= 0", "amounts_not_negative"),
        CheckConstraint("quota_change >= 0", "quota_change_not_negative"),
        Index(
            "uq_plan_changes_open",
            "user_id",
            unique=True,
            sqlite_where=text("status = 'open'"),
            postgresql_where=text("status = 'open'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    period_id: Mapped[int] = mapped_column(ForeignKey("subscription_periods.id"))
    from_plan_id: Mapped[str] = mapped_column(ForeignKey("subscription_plans.id"))
    to_plan_id: Mapped[str] = mapped_column(ForeignKey("subscription_plans.id"))
    status: Mapped[str] = mapped_column(default="open")
    credit_minor: Mapped[int]
    charge_minor: Mapped[int]
    quota_change: Mapped[int]
    accepted_at: Mapped[datetime]
    lapses_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
