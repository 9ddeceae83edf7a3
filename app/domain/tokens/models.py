"""Tables of the tokens package."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.foundation.database import Base

# What may become of extra tokens, as entries name it.
ENTRY_KINDS = ("top_up", "grant", "usage", "usage_void", "refund", "adjustment")


class TokenEntry(Base):
    """One movement of an account's extra tokens. Rows are only added; the sum is the balance."""

    __tablename__ = "token_entries"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('top_up', 'grant', 'usage', 'usage_void', 'refund', 'adjustment')",
            "kind_known",
        ),
        CheckConstraint("tokens <> 0", "tokens_not_zero"),
        CheckConstraint(
            "(tokens > 0 AND granted_tokens BETWEEN 0 AND tokens)"
            " OR (tokens < 0 AND granted_tokens BETWEEN tokens AND 0)",
            "granted_within_tokens",
        ),
        CheckConstraint("balance_after >= 0", "balance_not_negative"),
        Index(None, "user_id", "created_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    kind: Mapped[str]
    # Signed. The granted part is drawn before the bought one and cannot be refunded.
    tokens: Mapped[int]
    granted_tokens: Mapped[int] = mapped_column(default=0)
    balance_after: Mapped[int]
    # What one bought token cost, in pico-USD; null for everything else.
    price_pico: Mapped[int | None]
    # What it came from, once: `payment:17`, `coupon_usage:4`. Repeats are refused by the index.
    source: Mapped[str | None] = mapped_column(unique=True)
    note: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]


class AutoTopup(Base):
    """The guard of an account's automatic top-ups: what was tried, and why it waits."""

    __tablename__ = "auto_topups"
    __table_args__ = (CheckConstraint("declines_in_a_row >= 0", "declines_not_negative"),)

    user_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    last_attempt_at: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]
    declines_in_a_row: Mapped[int] = mapped_column(default=0)
    awaits_authentication: Mapped[bool] = mapped_column(default=False)
    switched_off_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
