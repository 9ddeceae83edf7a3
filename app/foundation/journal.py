"""The journal: who did what, when. Rows are only added."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Index, func, select
from sqlalchemy.orm import Mapped, mapped_column

from app.foundation.database import Base, session
from app.foundation.paging import Stretch, stretch
from app.foundation.periods import Period


class JournalEntry(Base):
    """One act of a person, a key or the system itself."""

    __tablename__ = "journal_entries"
    __table_args__ = (
        Index(None, "user_id", "id"),
        Index(None, "action", "id"),
        Index(None, "actor", "id"),
    )

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


def entries(
    *,
    limit: int,
    actor: str | None = None,
    action: str | Collection[str] | None = None,
    user_id: str | None = None,
    span: Period | None = None,
    before: int | None = None,
) -> Stretch[JournalEntry]:
    """Return the newest acts: of an actor, of kinds, about an account, of a time, or all."""
    given = {"actor": actor, "user_id": user_id}
    wanted = {name: value for name, value in given.items() if value is not None}
    newest = select(JournalEntry).filter_by(**wanted).order_by(JournalEntry.id.desc())
    if action is not None:
        kinds = [action] if isinstance(action, str) else list(action)
        newest = newest.where(JournalEntry.action.in_(kinds))
    if span is not None:
        happened = JournalEntry.happened_at
        newest = newest.where(happened >= span.starts_at, happened < span.ends_at)
    if before is not None:
        newest = newest.where(JournalEntry.id < before)
    rows = session.scalars(newest.limit(limit + 1)).all()
    return stretch(rows, limit=limit, number=lambda row: row.id)


def entries_with(
    kinds: Collection[str], *, name: str, value: str, limit: int
) -> Sequence[JournalEntry]:
    """Return the newest acts of these kinds among whose details this one stands."""
    told = JournalEntry.details[name].as_string()
    newest = select(JournalEntry).where(JournalEntry.action.in_(kinds), told == value)
    return session.scalars(newest.order_by(JournalEntry.id.desc()).limit(limit)).all()


def find_last(action: str) -> JournalEntry | None:
    """Return the newest act of a kind, if there is one."""
    of_kind = select(JournalEntry).where(JournalEntry.action == action)
    return session.scalar(of_kind.order_by(JournalEntry.id.desc()).limit(1))


def actions() -> list[str]:
    """Return the kinds of acts that were ever noted, in their order."""
    # From kind to kind: a look into the index for each, however many acts there are.
    kinds = select(func.min(JournalEntry.action).label("kind")).cte("kinds", recursive=True)
    following = select(func.min(JournalEntry.action)).where(JournalEntry.action > kinds.c.kind)
    kinds = kinds.union_all(select(following.scalar_subquery()).where(kinds.c.kind.is_not(None)))
    found = select(kinds.c.kind).where(kinds.c.kind.is_not(None)).order_by(kinds.c.kind)
    return list(session.scalars(found))
