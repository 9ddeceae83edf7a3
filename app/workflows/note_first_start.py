"""Note the first start: from when on this installation closes months by itself."""

from datetime import datetime

from sqlalchemy import select

from app.foundation import journal
from app.foundation.database import session
from app.foundation.journal import JournalEntry

STARTED = "installation_started"


def note_first_start(*, now: datetime) -> datetime:
    """Return when the worker of this installation was first started: now, if it never was."""
    # The journal's oldest note counts: two workers that start together may both write one.
    noted = select(JournalEntry.happened_at).where(
        JournalEntry.action == STARTED, JournalEntry.user_id.is_(None)
    )
    first = session.scalar(noted.order_by(JournalEntry.id).limit(1))
    if first is None:
        journal.write(STARTED, actor="system", now=now)
    return first or now
