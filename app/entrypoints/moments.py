"""Moments that come back to us as we wrote them: RFC 3339, to the microsecond."""

import re
from datetime import UTC, datetime

MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9:]{8}(?:\.[0-9]{1,9})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)
# At the ends of the calendar are moments that some zones cannot show.
YEAR_MIN, YEAR_MAX = 2, 9998


def in_utc(moment: datetime) -> datetime:
    """Return a typed moment in UTC, which is meant where no zone is told. Raises ValueError."""
    if not YEAR_MIN <= moment.year <= YEAR_MAX:
        raise ValueError("beyond the calendar")
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def as_utc(moment: datetime) -> str:
    """Write the moment as RFC 3339 in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def read_moment(text: str) -> datetime:
    """Return the moment in UTC. Raises ValueError for what is none, or has no zone."""
    if not MOMENT.fullmatch(text):
        raise ValueError("no moment in RFC 3339")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("beyond the calendar") from error
