"""How far what the outbox promises is: it waits, is being done, has failed, or nobody does it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, select

from app.foundation.database import session
from app.foundation.outbox import LEASE, OutboxEntry
from app.foundation.paging import Stretch, stretch

# A worker looks every few seconds, and whoever dies over his work gives it back with his lease:
# what could have been done for longer than that is done by nobody.
STUCK_AFTER = LEASE


class State(StrEnum):
    """How far a piece of work is that is not done yet. Each is in one state."""

    WAITING = "waiting"
    RUNNING = "running"
    FAILED = "failed"
    STUCK = "stuck"


@dataclass(frozen=True, slots=True)
class Undone:
    """A piece of work that is promised and not done yet."""

    id: int
    kind: str
    payload: Mapping[str, object]
    created_at: datetime
    next_try_at: datetime
    attempts: int
    last_error: str | None
    state: State


def undone(
    *, now: datetime, limit: int, state: State | None = None, before: int | None = None
) -> Stretch[Undone]:
    """Return the work that is not done, of a state or all of it, what was promised last first."""
    # What is done has no next try: the index leaves it out, however much of it there is.
    newest = select(OutboxEntry).where(OutboxEntry.next_try_at.is_not(None))
    if state is not None:
        newest = newest.where(conditions(now=now)[state])
    if before is not None:
        newest = newest.where(OutboxEntry.id < before)
    rows = session.scalars(newest.order_by(OutboxEntry.id.desc()).limit(limit + 1)).all()
    return stretch([_undone(row, now=now) for row in rows], limit=limit, number=lambda row: row.id)


def conditions(*, now: datetime) -> Mapping[State, ColumnElement[bool]]:
    """Return what holds for work in each state."""
    is_taken = OutboxEntry.next_try_at > now - STUCK_AFTER
    has_failed = OutboxEntry.last_error.is_not(None)
    begun = OutboxEntry.attempts > 0
    return {
        State.WAITING: and_(is_taken, ~has_failed, ~begun),
        State.RUNNING: and_(is_taken, ~has_failed, begun),
        # Of what has failed and is being tried again, nobody can tell before it ends.
        State.FAILED: and_(is_taken, has_failed),
        State.STUCK: OutboxEntry.next_try_at <= now - STUCK_AFTER,
    }


def state_of(
    *, next_try_at: datetime, attempts: int, last_error: str | None, now: datetime
) -> State:
    """Return how far work is: the same as `conditions` say, of one piece."""
    if next_try_at <= now - STUCK_AFTER:
        return State.STUCK
    if last_error is not None:
        return State.FAILED
    return State.RUNNING if attempts else State.WAITING


def _undone(row: OutboxEntry, *, now: datetime) -> Undone:
    next_try_at = row.next_try_at
    assert next_try_at is not None, "only what is done has no next try"
    return Undone(
        id=row.id,
        kind=row.kind,
        payload=row.payload,
        created_at=row.created_at,
        next_try_at=next_try_at,
        attempts=row.attempts,
        last_error=row.last_error,
        state=state_of(
            next_try_at=next_try_at, attempts=row.attempts, last_error=row.last_error, now=now
        ),
    )
