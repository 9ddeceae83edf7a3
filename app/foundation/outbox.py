"""The outbox: work to be done after the commit, written in the same transaction as its reason.

The rows are the truth. A job queue may nudge somebody to look; whatever a crash loses is found
here again. Whoever does the work must be able to do it twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CheckConstraint, Index, Select, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from app.foundation import journal
from app.foundation.bulk import insert_rows
from app.foundation.database import COUNTED_MAX, Base, session
from app.foundation.errors import DomainError, Kind
from app.foundation.sentences import say

LEASE = timedelta(minutes=5)
RETRY_FIRST = timedelta(seconds=10)
RETRY_LAST = timedelta(hours=6)


class UnknownPromise(DomainError):
    """Nothing of this number has failed, or it is done by now."""

    kind = Kind.NOT_FOUND


class OutboxEntry(Base):
    """A piece of work that has been promised."""

    __tablename__ = "outbox_entries"
    __table_args__ = (
        CheckConstraint("attempts >= 0", "attempts_not_negative"),
        Index(None, "next_try_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    payload: Mapped[dict[str, object]]
    created_at: Mapped[datetime]
    # Null once it is done: nothing is due any more.
    next_try_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[datetime | None]
    last_error: Mapped[str | None]


def add(kind: str, payload: Mapping[str, object], *, now: datetime) -> OutboxEntry:
    """Promise a piece of work; it exists only if the running transaction commits."""
    entry = OutboxEntry(
        kind=kind, payload=dict(payload), created_at=now, next_try_at=now, attempts=0
    )
    session.add(entry)
    return entry


def add_all(kind: str, payloads: Sequence[Mapping[str, object]], *, now: datetime) -> None:
    """Promise several pieces of work of one kind: one statement, however many."""
    insert_rows(
        OutboxEntry,
        [
            {
                "kind": kind,
                "payload": dict(payload),
                "created_at": now,
                "next_try_at": now,
                "attempts": 0,
            }
            for payload in payloads
        ],
    )


def is_promised(kind: str, *, key: str, value: str, is_unbegun: bool = False) -> bool:
    """Tell whether work of this kind, with this in its payload, is still to be done.

    Of what nobody has begun yet, it is certain that it will see what is changed now.
    """
    # What is done has no next try: the index leaves it out, however much of it there is.
    waiting = select(OutboxEntry.id).where(
        OutboxEntry.next_try_at.is_not(None),
        OutboxEntry.kind == kind,
        OutboxEntry.payload[key].as_string() == value,
    )
    if is_unbegun:
        waiting = waiting.where(OutboxEntry.attempts == 0)
    return session.scalar(waiting.limit(1)) is not None


def promised_values(kind: str, *, key: str) -> Select[Any]:
    """Return the question what stands under this key in the work of this kind to be done."""
    waiting = (OutboxEntry.next_try_at.is_not(None), OutboxEntry.kind == kind)
    return select(OutboxEntry.payload[key].as_string()).where(*waiting)


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is promised and not done yet; both counts end at COUNTED_MAX."""

    waiting: int
    # Those of them that were tried and did not come off.
    failed: int
    # Since when the one that waits longest could have been done; None where nothing is due.
    due_since: datetime | None


def backlog(*, now: datetime) -> Backlog:
    """Return what is promised and not done: one look into the index, however much is done."""
    next_try_at, last_error = OutboxEntry.next_try_at, OutboxEntry.last_error
    # What is due first comes first: the counts may end, the oldest is among them.
    undone = select(next_try_at, last_error).where(next_try_at.is_not(None)).order_by(next_try_at)
    rows = undone.limit(COUNTED_MAX).subquery()
    waiting, failed, first = session.execute(
        select(func.count(), func.count(rows.c.last_error), func.min(rows.c.next_try_at))
    ).one()
    return Backlog(waiting, failed, first if first is not None and first <= now else None)


def claim(*, now: datetime, limit: int) -> list[OutboxEntry]:
    """Take what is due, oldest first, and lease it: nobody else gets it until the lease ends."""
    due = (
        select(OutboxEntry)
        .where(OutboxEntry.next_try_at <= now)
        .order_by(OutboxEntry.next_try_at, OutboxEntry.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    entries = list(session.scalars(due))
    for entry in entries:
        entry.attempts += 1
        entry.next_try_at = now + LEASE
    return entries


def locked(entry_id: int) -> OutboxEntry:
    """Return a claimed entry again, locked, in a later transaction than its claim's."""
    return session.get_one(OutboxEntry, entry_id, with_for_update=True, populate_existing=True)


def finish(entry: OutboxEntry, *, now: datetime) -> None:
    """Note that the work is done; what it was about is forgotten: it may name somebody."""
    entry.payload = {}
    entry.done_at = now
    entry.next_try_at = None
    entry.last_error = None


def forget_done(*, key: str, value: str) -> None:
    """Forget what was done with this in its payload, however long ago that was."""
    about = OutboxEntry.payload[key].as_string() == value
    done = update(OutboxEntry).where(OutboxEntry.done_at.is_not(None), about)
    session.execute(done.values(payload={}).execution_options(synchronize_session=False))


def postpone(entry: OutboxEntry, *, reason: str, now: datetime) -> None:
    """Note why the work failed and try again later, each time twice as late."""
    entry.last_error = reason
    entry.next_try_at = next_try_at(entry.attempts, now=now)


def next_try_at(attempts: int, *, now: datetime) -> datetime:
    """Return when to try again what has failed so often."""
    return now + min(RETRY_FIRST * (1 << min(max(attempts - 1, 0), 20)), RETRY_LAST)


def retry(entry_id: int, *, actor: str, now: datetime) -> OutboxEntry:
    """Let work that has failed be tried again at once. Raises UnknownPromise."""
    named = select(OutboxEntry).where(
        OutboxEntry.id == entry_id,
        OutboxEntry.next_try_at.is_not(None),
        OutboxEntry.last_error.is_not(None),
    )
    entry = session.scalar(named.with_for_update())
    if entry is None:
        raise UnknownPromise(say("There is no failed job of this number: it may be done by now."))
    entry.next_try_at = now
    details: dict[str, object] = {"job": entry.id, "kind": entry.kind}
    journal.write("job_retried", actor=actor, now=now, details=details)
    return entry
