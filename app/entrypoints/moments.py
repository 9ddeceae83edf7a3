"""Moments that come back to us as we wrote them: RFC 3339, to the microsecond."""

import re
from datetime import UTC, datetime

MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9:]{8}(?:\.[0-9]{1,9})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def read_moment(text: str) -> datetime:
    """Return the moment in UTC. Raises ValueError for what is none, or has no zone."""
    if not MOMENT.fullmatch(text):
        raise ValueError("no moment in RFC 3339")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("beyond the calendar") from error
