"""How many of providers' events and of attempts to pay wait for an end. Reads only."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select

from app.domain.payments.inbox import WAITING
from app.domain.payments.models import Payment, ProviderEvent
from app.domain.payments.rules import UNDECIDED
from app.foundation.database import COUNTED_MAX, session


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many of a kind wait, and since when the oldest does; the count ends at COUNTED_MAX."""

    count: int
    since: datetime | None


def waiting_events() -> Waiting:
    """Return how many of providers' events were kept and not worked off so far."""
    waiting = select(ProviderEvent.received_at.label("since"))
    due = waiting.where(ProviderEvent.status == WAITING).order_by(ProviderEvent.next_try_at)
    return _counted(due)


def undecided_attempts() -> Waiting:
    """Return how many attempts to pay are neither settled nor given up."""
    undecided = select(Payment.created_at.label("since")).where(Payment.status.in_(UNDECIDED))
    return _counted(undecided)


def _counted(waiting: Select[datetime]) -> Waiting:
    rows = waiting.limit(COUNTED_MAX).subquery()
    count, since = session.execute(select(func.count(), func.min(rows.c.since))).one()
    return Waiting(count, since)
