"""How long ago something was, in words: what waits is read by its age."""

from collections.abc import Callable
from datetime import datetime, timedelta

from app.foundation.sentences import Sentence, say, say_count

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def ages(*, now: datetime) -> Callable[[datetime], Sentence]:
    """Return what says how old something is now."""
    return lambda since: age(since, now=now)


def age(since: datetime, *, now: datetime) -> Sentence:
    """Return how long ago that was, in the largest unit that it fills."""
    passed = now - since
    if passed < MINUTE:
        return say("under a minute")
    if passed < HOUR:
        return say_count("{number:,} minute", "{number:,} minutes", passed // MINUTE)
    if passed < DAY:
        return say_count("{number:,} hour", "{number:,} hours", passed // HOUR)
    return say_count("{number:,} day", "{number:,} days", passed // DAY)
