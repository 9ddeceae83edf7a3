"""Tables of the coupons package."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.foundation.database import Base, Json


class Coupon(Base):
    """A code and what it gives."""

    __tablename__ = "coupons"
    __table_args__ = (
        CheckConstraint("type IN ('percentage', 'fixed', 'free_tokens')", "type_known"),
        CheckConstraint("code = upper(code)", "code_upper_case"),
        CheckConstraint("value > 0", "value_positive"),
        CheckConstraint("type <> 'percentage' OR value <= 10000", "percentage_in_range"),
        CheckConstraint("used_count BETWEEN 0 AND max_uses", "used_within_max"),
        CheckConstraint("max_usage_per_user > 0", "per_user_positive"),
        CheckConstraint("min_purchase_minor >= 0", "min_purchase_not_negative"),
        CheckConstraint("expires_at > valid_from", "ends_after_it_starts"),
        Index(None, "created_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    type: Mapped[str]
    # Basis points, cents or tokens, as the type says.
    value: Mapped[int]
    max_uses: Mapped[int]
    used_count: Mapped[int] = mapped_column(default=0)
    max_usage_per_user: Mapped[int] = mapped_column(default=1)
    min_purchase_minor: Mapped[int] = mapped_column(default=0)
    valid_from: Mapped[datetime]
    expires_at: Mapped[datetime]
    is_active: Mapped[bool] = mapped_column(default=True)
    description: Mapped[str] = mapped_column(default="")
    created_by: Mapped[str]
    # Plan ids; null is every plan.
    applicable_plans: Mapped[list[str] | None] = mapped_column(Json)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class CouponUsage(Base):
    """One redemption of a coupon by one account."""

    __tablename__ = "coupon_usages"
    __table_args__ = (
        # The account's first, second … redemption of this coupon: no two can be the same one.
        UniqueConstraint("coupon_id", "user_id", "redemption_number"),
        CheckConstraint("redemption_number > 0", "redemption_number_positive"),
        CheckConstraint("discount_minor >= 0", "discount_not_negative"),
        CheckConstraint("remaining_minor >= 0", "remaining_not_negative"),
        CheckConstraint("tokens_granted >= 0", "tokens_not_negative"),
        Index(None, "user_id", "redeemed_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    coupon_id: Mapped[int] = mapped_column(ForeignKey("coupons.id"))
    user_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    redemption_number: Mapped[int] = mapped_column(default=1)
    # The sum given so far, over all invoices.
    discount_minor: Mapped[int] = mapped_column(default=0)
    # What is left of a fixed coupon; null for the others.
    remaining_minor: Mapped[int | None]
    tokens_granted: Mapped[int] = mapped_column(default=0)
    redeemed_at: Mapped[datetime]
    used_up_at: Mapped[datetime | None]


class CouponApplication(Base):
    """What one redemption took off one invoice."""

    __tablename__ = "coupon_applications"
    __table_args__ = (
        UniqueConstraint("usage_id", "invoice_id"),
        CheckConstraint("discount_minor > 0", "discount_positive"),
        Index(None, "invoice_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    usage_id: Mapped[int] = mapped_column(ForeignKey("coupon_usages.id"))
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoices.id"))
    discount_minor: Mapped[int]
    applied_at: Mapped[datetime]
    # Set when the unpaid invoice was voided and the discount given back.
    returned_at: Mapped[datetime | None]


class CouponGuess(Base):
    """A code that somebody tried and that does not exist; an account has few of them an hour."""

    __tablename__ = "coupon_guesses"
    __table_args__ = (Index(None, "user_id", "guessed_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    guessed_at: Mapped[datetime]
    # Tells the same code from others, and not what it was; null before there were digests.
    digest: Mapped[str | None]
