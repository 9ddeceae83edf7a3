"""Usage over time, read from the rollups: as fast at ten million records as at ten thousand."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    and_,
    cast,
    column,
    extract,
    func,
    select,
    true,
    values,
)

from app.domain.usage.buckets import Bucket, buckets, day_starts_at, month_starts_at, whole_days
from app.domain.usage.models import UsageDaily, UsageHourly, UsageMonthly, UsageSums
from app.domain.usage.rules import local_hour
from app.domain.usage.views import EVERYTHING, Granularity, Grouping, Only
from app.foundation.database import UTCDateTime, Whole, session
from app.foundation.errors import FieldError, InvalidFields
from app.foundation.periods import Period
from app.foundation.sentences import say

SUMS = tuple(UsageSums.__annotations__)
# A chart of more is unreadable, and an answer of more a burden on everyone.
ROWS_MAX = 100_000

# The start of a bucket in UTC, the group, and the sums in the order of SUMS.
Row = tuple[datetime, str, Sequence[int]]


@dataclass(frozen=True, slots=True)
class Question:
    """Whose usage is asked for, over which span, and how it is cut; the span is in UTC."""

    user_id: str
    span: Period
    granularity: Granularity
    group_by: Grouping
    zone: ZoneInfo
    only: Only = EVERYTHING

    @property
    def days(self) -> Iterator[Bucket]:
        """Return the local days of the span."""
        return buckets(self.span, granularity=Granularity.DAY, zone=self.zone)

    @property
    def buckets(self) -> Iterator[Bucket]:
        """Return the local days or months of the span."""
        return buckets(self.span, granularity=self.granularity, zone=self.zone)

    def is_within(self, rollup: type[UsageDaily | UsageHourly]) -> ColumnElement[bool]:
        """Return whether a row of the rollup is of the account and the groups asked for."""
        named = (getattr(rollup, group) == name for group, name in self.only.named.items())
        return and_(rollup.user_id == self.user_id, *named)


def sums_over(rollup: type[UsageDaily | UsageHourly | UsageMonthly]) -> list[ColumnElement[int]]:
    """Return the sums over a rollup's rows, as whole numbers on both databases."""
    return [cast(func.sum(getattr(rollup, name)), Whole).label(name) for name in SUMS]


def by_hour(asked: Question) -> Iterator[Row]:
    """Return hours: those of the account's zone, counted to the asked zone's hour they begin in."""
    hour, group = UsageHourly.hour, getattr(UsageHourly, asked.group_by)
    statement = (
        select(hour, group, *sums_over(UsageHourly))
        .where(asked.is_within(UsageHourly))
        .where(hour >= asked.span.starts_at, hour < asked.span.ends_at)
        .group_by(hour, group)
    )
    begins: dict[datetime, datetime] = {}
    for starts_at, group, *sums in _rows(statement):
        if starts_at not in begins:
            begins[starts_at] = local_hour(starts_at, asked.zone)[0]
        yield begins[starts_at], group, sums


def from_days(asked: Question) -> Iterator[Row]:
    """Return days or months of the account's own zone: whole days by day, cut ones by hour."""
    first, end = whole_days(asked.span, asked.zone)
    if first == end:
        yield from from_hours(asked, list(asked.buckets))
        return
    yield from _whole_days(asked, first, end)
    body = Period(day_starts_at(first, asked.zone), day_starts_at(end, asked.zone))
    edges = _around(body, asked.span)
    cut = [bucket for edge in edges for bucket in replace(asked, span=edge).buckets]
    yield from from_hours(asked, cut)


def from_hours(asked: Question, parts: Sequence[Bucket]) -> Iterator[Row]:
    """Return days or months of any zone, added up from hours in one statement."""
    if not parts:
        return
    columns = [column(name, UTCDateTime) for name in ("starts_at", "begins_at", "ends_at")]
    spans = [(cut.starts_at, cut.part.starts_at, cut.part.ends_at) for cut in parts]
    bounds = values(*columns, name="spans").data(spans).cte("bounds")
    for starts_at, group, *sums in _rows(_added_up(asked, bounds)):
        yield starts_at, group, sums


def _added_up(asked: Question, bounds: CTE) -> Select[Any]:
    group, sums = getattr(UsageHourly, asked.group_by), sums_over(UsageHourly)
    of_account = asked.is_within(UsageHourly)
    within = (UsageHourly.hour >= bounds.c.begins_at) & (UsageHourly.hour < bounds.c.ends_at)
    if session.get_bind().dialect.name == "postgresql":
        # Joined plainly, PostgreSQL compares every hour with every bucket: 9 s for three years.
        added = select(group, *sums).where(of_account, within).group_by(group).lateral("added")
        return select(bounds.c.starts_at, *added.c).select_from(bounds.join(added, true()))
    hours = select(bounds.c.starts_at, group, *sums).select_from(bounds)
    joined = hours.join(UsageHourly, of_account & within)
    return joined.group_by(bounds.c.starts_at, group)


def _whole_days(asked: Question, first: date, end: date) -> Iterator[Row]:
    day, group = UsageDaily.day, getattr(UsageDaily, asked.group_by)
    by_month = asked.granularity is Granularity.MONTH
    keys = [extract("year", day), extract("month", day)] if by_month else [day]
    statement = (
        select(*keys, group, *sums_over(UsageDaily))
        .where(asked.is_within(UsageDaily), day >= first, day < end)
        .group_by(*keys, group)
    )
    for row in _rows(statement):
        if by_month:
            yield month_starts_at(int(row[0]), int(row[1]), asked.zone), row[2], row[3:]
        else:
            yield day_starts_at(row[0], asked.zone), row[1], row[2:]


def _around(body: Period, span: Period) -> Iterator[Period]:
    """Return what the span has before and after the body."""
    if span.starts_at < body.starts_at:
        yield Period(span.starts_at, body.starts_at)
    if body.ends_at < span.ends_at:
        yield Period(body.ends_at, span.ends_at)


def _rows(statement: Select[Any]) -> Sequence[Sequence[Any]]:
    rows = session.execute(statement.limit(ROWS_MAX + 1)).all()
    if len(rows) > ROWS_MAX:
        message = say("This range holds more than can be shown: shorten it, or take longer steps.")
        raise InvalidFields(message, fields=[FieldError("from", "range_too_long", message)])
    return rows
