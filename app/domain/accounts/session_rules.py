"""How long somebody stays signed in, and how long a password counts as just entered. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.accounts.models import Role

# A row that changed with every page would be a write for every read.
NOTED_EVERY = timedelta(minutes=1)
FRESH_FOR = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session lasts that is not used, and how long it lasts at most."""

    idle: timedelta
    absolute: timedelta


# An operator reaches every customer's money: his sessions end with the working day.
LIMITS = {
    Role.CUSTOMER: Limits(idle=timedelta(days=14), absolute=timedelta(days=90)),
    Role.OPERATOR: Limits(idle=timedelta(hours=12), absolute=timedelta(hours=24)),
}
LONGEST = max(limits.absolute for limits in LIMITS.values())


def absolute_end(role: str, *, now: datetime) -> datetime:
    """Return when a session that begins now ends, whatever happens."""
    return now + LIMITS[Role(role)].absolute


def idle_end(role: str, *, ends_at: datetime, now: datetime) -> datetime:
    """Return when a session that is used now ends unless it is used again."""
    return min(now + LIMITS[Role(role)].idle, ends_at)


def is_worth_noting(last_seen_at: datetime, *, now: datetime) -> bool:
    """Tell whether it is long enough ago that a use was noted."""
    return now >= last_seen_at + NOTED_EVERY


def is_fresh(password_entered_at: datetime, *, now: datetime) -> bool:
    """Tell whether the password was entered lately enough for what only its owner may do."""
    return now < password_entered_at + FRESH_FOR
