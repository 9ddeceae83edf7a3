"""What a key may do, how long it works, and what its owner sees of that. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Protocol
from zoneinfo import ZoneInfo

from app.domain.accounts.errors import KeyEnded, KeyExpiryInvalid, KeyReplacedAlready
from app.domain.accounts.models import Key
from app.foundation.sentences import say

# A row that changed with every call would be a write for every read.
NOTED_EVERY = timedelta(minutes=5)
# How long before its end a key is shown as ending, and its owner told.
SOON = timedelta(days=7)
# Who has not used a key for that long does not miss it.
USED_LATELY = timedelta(days=30)
LASTS_MAX = timedelta(days=5 * 366)
WORKING_MAX = 100
LIMITED_TO_MAX = 100


class Scope(StrEnum):
    """What a key may do: to write is to read as well."""

    READ = "read"
    WRITE = "write"


class Expiry(StrEnum):
    """How long a new key is to last."""

    NEVER = "never"
    DAYS_30 = "30"
    DAYS_90 = "90"
    DAYS_365 = "365"
    ON_A_DAY = "date"


class Overlap(StrEnum):
    """How long a key goes on working beside the one that takes its place."""

    NONE = "now"
    HOUR = "1h"
    DAY = "24h"
    WEEK = "7d"


class KeyState(StrEnum):
    """How a key stands, as its owner sees it."""

    WORKS = "works"
    EXPIRES_SOON = "expires_soon"
    BEING_REPLACED = "being_replaced"
    EXPIRED = "expired"
    REVOKED = "revoked"


OVERLAPS = {
    Overlap.NONE: timedelta(),
    Overlap.HOUR: timedelta(hours=1),
    Overlap.DAY: timedelta(hours=24),
    Overlap.WEEK: timedelta(days=7),
}
LASTS = {
    Expiry.DAYS_30: timedelta(days=30),
    Expiry.DAYS_90: timedelta(days=90),
    Expiry.DAYS_365: timedelta(days=365),
}


@dataclass(frozen=True, slots=True)
class KeyTerms:
    """What a new key is called, what it may do, and how long."""

    name: str
    scope: Scope = Scope.WRITE
    # None: it never expires.
    expires_at: datetime | None = None
    # Of a gateway's key: the only accounts it may speak of, and whom it bills for the events of
    # others.
    limited_to: tuple[str, ...] = ()
    attribute_to: str | None = None
    attribute_by: tuple[str, ...] = ()


class Ending(Protocol):
    """Whatever ends: by itself, or because somebody has revoked it."""

    @property
    def expires_at(self) -> datetime | None:
        """Return when it ends by itself."""

    @property
    def revoked_at(self) -> datetime | None:
        """Return when it was ended."""


def has_ended(key: Ending, *, now: datetime) -> bool:
    """Tell whether the key is refused."""
    return key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now)


def state_of(key: Key, *, now: datetime) -> KeyState:
    """Return how the key stands."""
    if key.revoked_at is not None:
        return KeyState.REVOKED
    if key.replaced_by is not None:
        return KeyState.EXPIRED if has_ended(key, now=now) else KeyState.BEING_REPLACED
    if key.expires_at is None or now < key.expires_at - SOON:
        return KeyState.WORKS
    return KeyState.EXPIRED if has_ended(key, now=now) else KeyState.EXPIRES_SOON


def expires_at(
    choice: Expiry, *, day: date | None, zone: ZoneInfo, now: datetime
) -> datetime | None:
    """Return when a key that is made now ends; a day is that of its owner, to its end.

    Raises KeyExpiryInvalid.
    """
    if choice == Expiry.NEVER:
        return None
    if choice in LASTS:
        return now + LASTS[choice]
    if day is None or day >= (now + LASTS_MAX).date():
        raise KeyExpiryInvalid(say("Choose a day within the next five years."))
    midnight = datetime.combine(day + timedelta(days=1), time.min, tzinfo=zone)
    return midnight.astimezone(UTC)


def check_expiry(moment: datetime | None, *, now: datetime) -> None:
    """Refuse a key that would never work, or nearly for ever. Raises KeyExpiryInvalid."""
    if moment is not None and moment <= now:
        raise KeyExpiryInvalid(say("A key cannot end in the past: choose today or a later day."))
    if moment is not None and moment > now + LASTS_MAX:
        raise KeyExpiryInvalid(say("Choose a day within the next five years."))


def check_replaceable(key: Key, *, now: datetime) -> None:
    """Refuse to replace what does not work, or twice. Raises KeyEnded, KeyReplacedAlready."""
    if key.replaced_by is not None:
        raise KeyReplacedAlready(say("This key has been replaced already."))
    if has_ended(key, now=now):
        raise KeyEnded(say("This key no longer works. Make a new one instead."))


def end_of_replaced(key: Key, overlap: Overlap, *, now: datetime) -> datetime:
    """Return when a key that is replaced now ends: never later than it would have anyway."""
    ends_at = now + OVERLAPS[overlap]
    return ends_at if key.expires_at is None else min(ends_at, key.expires_at)


def end_of_successor(
    ends_at: datetime | None, *, made_at: datetime, now: datetime
) -> datetime | None:
    """Return when the key that takes another's place ends: it lasts as long as that one did."""
    return None if ends_at is None else now + (ends_at - made_at)


def is_worth_noting(last_used_at: datetime | None, *, now: datetime) -> bool:
    """Tell whether it is long enough ago that a use was noted."""
    return last_used_at is None or now >= last_used_at + NOTED_EVERY


def is_worth_a_warning(made_at: datetime, ends_at: datetime) -> bool:
    """Tell whether its owner may have forgotten that the key ends: not if he just chose it."""
    return ends_at - made_at > SOON
