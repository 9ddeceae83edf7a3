"""How a stretch of time is cut into local days and months. Pure; every moment is in UTC."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.domain.usage.rules import local_hour
from app.domain.usage.views import Granularity
from app.foundation.errors import FieldError, InvalidFields
from app.foundation.periods import MONTHS_PER_YEAR, QUARTER_SECONDS, QUARTERS_PER_DAY, Period
from app.foundation.sentences import say

DAY = timedelta(days=1)
SPAN_MAX = {
    Granularity.HOUR: (92 * DAY, say("By hour, a range has at most 92 days.")),
    Granularity.DAY: (1_100 * DAY, say("By day, a range has at most 1,100 days.")),
    Granularity.MONTH: (7_305 * DAY, say("By month, a range has at most 20 years.")),
}
# 92 days are 92 days, too, where clocks have made one of them longer.
TOLERANCE = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A local day or month by its start, and the part of it that lies in the span."""

    starts_at: datetime
    part: Period


def check_span(span: Period, *, granularity: Granularity) -> None:
    """Refuse a span of more buckets than anybody could look at."""
    longest, message = SPAN_MAX[granularity]
    if span.ends_at - span.starts_at > longest + TOLERANCE:
        raise InvalidFields(message, fields=[FieldError("from", "range_too_long", message)])


def day_starts_at(day: date, zone: ZoneInfo) -> datetime:
    """Return the first moment of a local day."""
    # Where clocks jump over midnight, this is the moment they land.
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def month_starts_at(year: int, month: int, zone: ZoneInfo) -> datetime:
    """Return the first moment of a local month."""
    return day_starts_at(date(year, month, 1), zone)


def buckets(span: Period, *, granularity: Granularity, zone: ZoneInfo) -> Iterator[Bucket]:
    """Cut the span at the zone's midnights, or at those before its months' first days."""
    day = span.starts_at.astimezone(zone).date()
    first = day.replace(day=1) if granularity is Granularity.MONTH else day
    while (starts_at := day_starts_at(first, zone)) < span.ends_at:
        following = _following(first, granularity)
        begin = max(starts_at, span.starts_at)
        end = min(day_starts_at(following, zone), span.ends_at)
        # Zones that moved across the date line have skipped whole days.
        if begin < end:
            yield Bucket(starts_at, Period(begin, end))
        first = following


def whole_days(span: Period, zone: ZoneInfo) -> tuple[date, date]:
    """Return the first local day that lies whole in the span, and the first one after those."""
    first = span.starts_at.astimezone(zone).date()
    if day_starts_at(first, zone) < span.starts_at:
        first += DAY
    return first, max(first, span.ends_at.astimezone(zone).date())


def cuts_an_hour(moment: datetime, zone: ZoneInfo) -> bool:
    """Tell whether the moment lies inside an hour of the zone, not between two."""
    return local_hour(moment, zone)[0] != moment


def clock_shifts(zone: ZoneInfo, *, first: int, last: int) -> list[tuple[int, int]]:
    """Return by how many quarters of an hour the zone's clocks are ahead of UTC, and from when on.

    Quarters are numbered from 1970; the first of them is `first`, and what is told of the last
    holds on.
    """
    shifts = [(first, _shift(zone, first))]
    before = first
    while before < last:
        quarter = min(before + QUARTERS_PER_DAY, last)
        if _shift(zone, quarter) != shifts[-1][1]:
            # Clocks change at most once a day: the quarter is found by halves.
            within, ahead = range(before, quarter), shifts[-1][1]
            quarter = before + bisect_left(within, 1, key=lambda at: _shift(zone, at) != ahead)
            shifts.append((quarter, _shift(zone, quarter)))
        before = quarter
    return shifts


def _shift(zone: ZoneInfo, quarter: int) -> int:
    offset = datetime.fromtimestamp(quarter * QUARTER_SECONDS, zone).utcoffset()
    assert offset is not None, "a zone has an offset at every moment"
    return offset // timedelta(seconds=QUARTER_SECONDS)


def _following(day: date, granularity: Granularity) -> date:
    if granularity is not Granularity.MONTH:
        return day + DAY
    year, month0 = divmod(day.year * MONTHS_PER_YEAR + day.month, MONTHS_PER_YEAR)
    return date(year, month0 + 1, 1)
