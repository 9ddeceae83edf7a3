"""Rows that were kept long enough are deleted, so many at a time."""

from datetime import datetime

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import InstrumentedAttribute

from app.foundation.database import Base, session
from app.foundation.journal import JournalEntry
from app.foundation.outbox import OutboxEntry


def delete_some(
    model: type[Base],
    numbered: InstrumentedAttribute[int],
    *conditions: ColumnElement[bool],
    limit: int,
) -> int:
    """Delete up to so many rows, the oldest first, and return how many those were."""
    oldest = select(numbered).where(*conditions).order_by(numbered).limit(limit)
    gone = delete(model).where(numbered.in_(oldest)).returning(numbered)
    return len(session.scalars(gone).all())


def forget_promises(*, before: datetime, limit: int) -> int:
    """Delete promises that were kept before that."""
    entry = OutboxEntry
    return delete_some(entry, entry.id, entry.done_at < before, limit=limit)


def forget_journal(*, before: datetime, limit: int) -> int:
    """Delete what the journal has noted before that."""
    entry = JournalEntry
    # What tells which months are closed, and since when we run, is asked for ever.
    told = entry.user_id.is_not(None)
    return delete_some(entry, entry.id, entry.happened_at < before, told, limit=limit)
