"""Tables of the catalog package."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.foundation.database import Base, Json

PAY_AS_YOU_GO = "plan-payg"
IN_FORCE = text("replaced_at IS NULL")
IN_FORCE_FOR_EVER = text("replaced_at IS NULL AND effective_to IS NULL")


class Plan(Base):
    """A plan as it is offered now; running periods keep the terms they started with."""

    __tablename__ = "subscription_plans"
    __table_args__ = (
        CheckConstraint("monthly_quota >= 0", "quota_not_negative"),
        CheckConstraint("monthly_price_minor >= 0", "price_not_negative"),
        CheckConstraint("extra_token_price_pico > 0", "extra_token_price_positive"),
        CheckConstraint("overage_discount_bp BETWEEN 0 AND 10000", "overage_discount_in_range"),
        CheckConstraint("max_concurrent_req > 0 AND rate_limit_per_min > 0", "limits_positive"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    description: Mapped[str]
    monthly_quota: Mapped[int]
    monthly_price_minor: Mapped[int]
    # Null: no extra tokens are for sale on this plan.
    extra_token_price_pico: Mapped[int | None]
    support_level: Mapped[str]
    max_concurrent_req: Mapped[int]
    rate_limit_per_min: Mapped[int]
    overage_discount_bp: Mapped[int] = mapped_column(default=0)
    features: Mapped[list[str]] = mapped_column(Json)
    is_active: Mapped[bool] = mapped_column(default=True)
    # Hidden plans are what an account has, never what it chooses.
    is_hidden: Mapped[bool] = mapped_column(default=False)
    display_order: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @property
    def is_for_sale(self) -> bool:
        """Tell whether a customer may choose it."""
        return self.is_active and not self.is_hidden


class ModelPrice(Base):
    """What a model's tokens cost during `[effective_from, effective_to)`."""

    __tablename__ = "model_prices"
    __table_args__ = (
        CheckConstraint("effective_to > effective_from", "ends_after_it_starts"),
        CheckConstraint(
            "prompt_price_pico >= 0 AND completion_price_pico >= 0"
            " AND cache_read_price_pico >= 0 AND cache_write_price_pico >= 0",
            "prices_not_negative",
        ),
        # In force prices of a model follow one another: one start each, one open end. That each
        # starts where the one before ends is the operation's business, and verify's.
        Index(
            "uq_model_prices_start",
            "model_id",
            "effective_from",
            unique=True,
            sqlite_where=IN_FORCE,
            postgresql_where=IN_FORCE,
        ),
        Index(
            "uq_model_prices_open_end",
            "model_id",
            unique=True,
            sqlite_where=IN_FORCE_FOR_EVER,
            postgresql_where=IN_FORCE_FOR_EVER,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    model_id: Mapped[str]
    provider: Mapped[str | None]
    prompt_price_pico: Mapped[int]
    completion_price_pico: Mapped[int]
    # Null: such tokens cost what prompt tokens cost.
    cache_read_price_pico: Mapped[int | None]
    cache_write_price_pico: Mapped[int | None]
    # False: always overage; neither quota nor extra tokens are drawn.
    included_in_plans: Mapped[bool] = mapped_column(default=True)
    effective_from: Mapped[datetime]
    effective_to: Mapped[datetime | None]
    # Set when another price took this one's place: it prices nothing any more, but explains
    # the records it priced before.
    replaced_at: Mapped[datetime | None]
    # Who set it by hand, such as operator:olga; null for what came with the app or from a table.
    set_by: Mapped[str | None]
    created_at: Mapped[datetime]


class ModelAlias(Base):
    """Another name under which a model's usage is reported."""

    __tablename__ = "model_aliases"

    alias: Mapped[str] = mapped_column(primary_key=True)
    model_id: Mapped[str] = mapped_column(index=True)
    created_at: Mapped[datetime]
