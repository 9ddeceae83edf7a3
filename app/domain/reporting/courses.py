"""How an amount has grown day by day, and where it goes at the pace of the last days. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from app.domain.reporting.rules import Pace
from app.domain.usage.buckets import day_starts_at
from app.foundation.money import round_half_up
from app.foundation.periods import Period

DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Course:
    """What an amount was at the end of each local day of a span, and what it may become."""

    days: tuple[date, ...]
    # Up to today, which ends with what it is now.
    grown: tuple[int, ...]
    # From today's amount on to the span's end; empty while too few days have been seen.
    ahead: tuple[int, ...]

    @property
    def now(self) -> int:
        """Return what the amount is now."""
        return self.grown[-1]

    @property
    def end(self) -> int:
        """Return what it becomes at this pace; what it is now where no pace is known."""
        return self.ahead[-1] if self.ahead else self.now


def course(
    amount: int,
    daily: Mapping[date, int],
    pace: Pace,
    *,
    span: Period,
    local: ZoneInfo,
    now: datetime,
) -> Course:
    """Return how the amount has become what it is in the span, and how it goes on."""
    days = _days(span, local)
    past = [day for day in days if day <= now.astimezone(local).date()] or [days[0]]
    return Course(
        days=tuple(days),
        grown=_grown(amount, daily, past),
        ahead=_ahead(amount, pace, days[len(past) - 1 :], span=span, local=local, now=now),
    )


def _days(span: Period, local: ZoneInfo) -> list[date]:
    first = span.starts_at.astimezone(local).date()
    last = (span.ends_at - INSTANT).astimezone(local).date()
    return [first + number * DAY for number in range((last - first).days + 1)]


def _grown(amount: int, daily: Mapping[date, int], past: list[date]) -> tuple[int, ...]:
    # Counted back from now: what the first day had before the span began then falls away.
    grown = [amount]
    for _, later in reversed(list(pairwise(past))):
        grown.append(max(grown[-1] - daily.get(later, 0), 0))
    return tuple(reversed(grown))


def ends_of(days: Sequence[date], *, span: Period, local: ZoneInfo) -> list[datetime]:
    """Return when each of the days ends; the last one with the span at the latest."""
    return [min(day_starts_at(day + DAY, local), span.ends_at) for day in days]


def _ahead(
    amount: int, pace: Pace, days: list[date], *, span: Period, local: ZoneInfo, now: datetime
) -> tuple[int, ...]:
    if not pace.is_known:
        return ()
    ends = ends_of(days, span=span, local=local)
    seconds = [max(int((end - now).total_seconds()), 0) for end in ends]
    return tuple(amount + round_half_up(pace.total * each, pace.seconds) for each in seconds)
