"""Tables of the alerts package."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.foundation.database import Base


class Alert(Base):
    """A threshold that was crossed: told once per threshold and period."""

    __tablename__ = "alerts"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('tokens_left', 'quota_percent', 'spend', 'forecast')", "kind_known"
        ),
        CheckConstraint("threshold >= 0", "threshold_not_negative"),
        UniqueConstraint("user_id", "kind", "threshold", "span"),
        Index(None, "user_id", "crossed_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    kind: Mapped[str]
    # Tokens, percent or cents, as the kind says.
    threshold: Mapped[int]
    # What it is told once for: `period:17` or `month:2026-11`.
    span: Mapped[str]
    value: Mapped[int]
    crossed_at: Mapped[datetime]
    mailed_at: Mapped[datetime | None]
