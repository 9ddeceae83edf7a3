"""The journal: who did what, when. Rows are only added."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Index, select
from sqlalchemy.orm import Mapped, mapped_column

from app.foundation.database import Base, session


class JournalEntry(Base):
    """One act of a person, a key or the system itself."""

    __tablename__ = "journal_entries"
    __table_args__ = (Index(None, "user_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    happened_at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    # No foreign key: the journal outlives what it speaks of.
    user_id: Mapped[str | None]
    details: Mapped[dict[str, object]]


def write(
    action: str,
    *,
    actor: str,
    now: datetime,
    user_id: str | None = None,
    details: Mapping[str, object] | None = None,
) -> None:
    """Note an act in the running transaction; `actor` reads like `customer:user-123`."""
    entry = JournalEntry(
        happened_at=now, actor=actor, action=action, user_id=user_id, details=dict(details or {})
    )
    session.add(entry)


def find_last_of_system(action: str) -> JournalEntry | None:
    """Return the newest entry of an act that was about nobody's account."""
    # From the end of the index: what is done every hour stands within an hour's entries.
    ours = select(JournalEntry).where(JournalEntry.user_id.is_(None), JournalEntry.action == action)
    return session.scalar(ours.order_by(JournalEntry.id.desc()).limit(1))
