"""The inbox: providers' signed messages, each kept once, until what they tell of is done."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.domain.payments.errors import UnknownEvent
from app.domain.payments.gateway import EventNotice
from app.domain.payments.models import ProviderEvent
from app.foundation import journal, outbox
from app.foundation.bulk import any_of
from app.foundation.database import session
from app.foundation.sentences import say

WAITING, PROCESSED, IGNORED = "waiting", "processed", "ignored"
FOLLOW_UP_EVENT = "follow_up_event"


def receive(notice: EventNotice, *, now: datetime) -> bool:
    """Keep the message and promise to look into it; tell whether it is new."""
    known = select(ProviderEvent.id).where(
        ProviderEvent.provider == notice.provider, ProviderEvent.event_id == notice.event_id
    )
    if session.scalar(known) is not None:
        return False
    event = ProviderEvent(
        provider=notice.provider,
        event_id=notice.event_id,
        event_type=notice.event_type,
        body=notice.body,
        status=WAITING,
        next_try_at=now,
        received_at=now,
    )
    try:
        with session.begin_nested():
            session.add(event)
    except IntegrityError:
        # The same message came twice at the same moment, and the other one was first.
        return False
    outbox.add(FOLLOW_UP_EVENT, {"event": event.id}, now=now)
    return True


def known(provider: str, event_ids: Collection[str]) -> set[str]:
    """Return those of a provider's events that the inbox holds already."""
    held = select(ProviderEvent.event_id).where(
        ProviderEvent.provider == provider, any_of(ProviderEvent.event_id, event_ids)
    )
    return set(session.scalars(held))


def lock(event_row_id: int) -> ProviderEvent:
    """Lock an event of the inbox. Raises UnknownEvent."""
    locked = select(ProviderEvent).where(ProviderEvent.id == event_row_id).with_for_update()
    event = session.scalars(locked).one_or_none()
    if event is None:
        raise UnknownEvent(say("The inbox holds no event {event}.", {"event": event_row_id}))
    return event


def finish(event: ProviderEvent, *, now: datetime) -> None:
    """Note that what the event tells of is done."""
    event.attempts += 1
    event.status, event.processed_at = PROCESSED, now
    event.next_try_at = event.last_error = event.ignored_because = None


def ignore(event: ProviderEvent, *, because: str, now: datetime) -> None:
    """Note that the event is none of our business, and why."""
    event.attempts += 1
    event.status, event.ignored_because, event.processed_at = IGNORED, because, now
    event.next_try_at = event.last_error = None


def postpone(event: ProviderEvent, *, reason: str, now: datetime) -> None:
    """Note why the event could not be dealt with yet; the outbox comes back to it."""
    event.attempts += 1
    event.last_error = reason
    event.next_try_at = outbox.next_try_at(event.attempts, now=now)


def replay(provider: str, event_id: str, *, actor: str, now: datetime) -> None:
    """Look into the event once more, whatever was made of it before. Raises UnknownEvent."""
    named = select(ProviderEvent).where(
        ProviderEvent.provider == provider, ProviderEvent.event_id == event_id
    )
    event = session.scalars(named.with_for_update()).one_or_none()
    if event is None:
        raise UnknownEvent(
            say(
                "The inbox holds no event {event} of {provider}.",
                {"event": event_id, "provider": provider},
            )
        )
    event.status, event.next_try_at = WAITING, now
    event.ignored_because = event.processed_at = None
    outbox.add(FOLLOW_UP_EVENT, {"event": event.id}, now=now)
    details: dict[str, object] = {"provider": provider, "event": event_id}
    journal.write("event_replayed", actor=actor, now=now, details=details)
