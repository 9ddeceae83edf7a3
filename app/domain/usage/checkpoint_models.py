"""Tables of what was verified: closed months, and what their records came to."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from app.domain.usage.models import UsageSums
from app.foundation.database import Base


class VerifiedMonth(Base):
    """A billing month that was closed for everyone and found right after that."""

    __tablename__ = "verified_months"

    billing_month: Mapped[str] = mapped_column(primary_key=True)
    # Every record with a lower number was of a verified month then: what those came to is kept.
    records_below: Mapped[int]
    verified_at: Mapped[datetime]


class VerifiedUsage(UsageSums, Base):
    """What the covered records came to when they were verified, less and more what changed since.

    Covered are those whose number is below the highest `records_below`. Whoever voids, prices or
    prunes one of them changes its sum here in the same transaction. Models are apart as rollups
    keep them apart.
    """

    __tablename__ = "verified_usage"

    user_id: Mapped[str] = mapped_column(primary_key=True)
    billing_month: Mapped[str] = mapped_column(primary_key=True)
    period_id: Mapped[int] = mapped_column(primary_key=True)
    occurred_month: Mapped[str] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
