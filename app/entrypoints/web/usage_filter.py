"""What the usage page is asked to show, read from its address. Bad values become notices."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from app.domain.usage.buckets import day_starts_at
from app.domain.usage.views import Granularity, Grouping, Only
from app.entrypoints.moments import read_moment
from app.entrypoints.web.usage_choices import (
    AUTOMATIC,
    CUSTOM,
    DEFAULT_RANGE,
    GRANULARITY_NAMES,
    NO_SUCH_NAME,
    PERIOD,
    RANGES,
    UNKNOWN,
    Days,
    Metric,
)
from app.foundation.errors import InvalidFields
from app.foundation.paging import Cursor
from app.foundation.periods import BillingMonth, Period
from app.foundation.sentences import Sentence, say

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
# What stands between two days in an address.
UNTIL = ".."
EARLIEST = date(2000, 1, 1)
# Longer ranges are read by longer buckets: nobody can look at ten thousand bars.
HOURS_DAYS_MAX = 31
DAYS_DAYS_MAX = 366
RANGE_DAYS_MAX = 3_660
AUTOMATIC_HOURS_DAYS_MAX = 2
AUTOMATIC_DAYS_DAYS_MAX = 93
NAME_LENGTH_MAX = 300

E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Today:
    """The day it is for the customer, and the period he is in."""

    date: date
    zone: ZoneInfo
    period: Period


@dataclass(frozen=True, slots=True)
class UsageFilter:
    """What to show: a span, how it is cut, what is kept apart, what is measured, and of whom."""

    range: str
    first: date
    last: date
    span: Period
    # As it was chosen: `auto` or a granularity.
    chosen_granularity: str
    granularity: Granularity
    group_by: Grouping
    metric: Metric
    only: Only
    # The range that led here, as an address has it: where there is a way back to.
    back: str
    # These narrow the requests, not the chart.
    hour: datetime | None
    cursor: Cursor | None
    notices: tuple[Sentence, ...]

    @property
    def parameters(self) -> dict[str, Any]:
        """Return the chart's part of the address, without what goes without saying."""
        every = {
            "range": (self.range, DEFAULT_RANGE),
            "granularity": (self.chosen_granularity, AUTOMATIC),
            "group_by": (self.group_by.value, Grouping.MODEL.value),
            "metric": (self.metric.value, Metric.COST.value),
            "back": (self.back, DEFAULT_RANGE),
        }
        said = {name: value for name, (value, default) in every.items() if value != default}
        if self.range == CUSTOM:
            said |= {"from": self.first.isoformat(), "to": self.last.isoformat()}
        return said | {group_by.value: name for group_by, name in self.only.named.items()}

    @property
    def records_span(self) -> Period:
        """Return when the requests that are listed were made."""
        if self.hour is None:
            return self.span
        return Period(self.hour, min(self.hour + HOUR, self.span.ends_at))

    @property
    def is_one_bucket(self) -> bool:
        """Tell whether it is a single day or month, as behind a bar."""
        return self.range == CUSTOM and (self.first == self.last or self.is_one_month)

    @property
    def is_one_month(self) -> bool:
        """Tell whether it is a calendar month from its first day to its last."""
        return self.first.day == 1 and self.last == _last_of_month(self.first)

    @property
    def parameters_here(self) -> dict[str, Any]:
        """Return the whole address of what is shown."""
        return self.parameters_of_records(cursor=self.cursor)

    @property
    def parameters_of_all(self) -> dict[str, Any]:
        """Return the address of the whole range's newest requests."""
        return replace(self, hour=None).parameters_of_records(cursor=None)

    @property
    def parameters_back(self) -> dict[str, Any]:
        """Return the address of the range that led to this day or month."""
        first, _, last = self.back.partition(UNTIL)
        whole = replace(self, range=self.back, chosen_granularity=AUTOMATIC, back=DEFAULT_RANGE)
        return whole.parameters | ({"range": CUSTOM, "from": first, "to": last} if last else {})

    def parameters_of_group(self, group: str) -> dict[str, Any]:
        """Return the address of one group of those that are kept apart."""
        return self._narrowed(self.group_by, group).parameters_of_records(cursor=None)

    def parameters_without(self, group_by: Grouping) -> dict[str, Any]:
        """Return the address of the same of every model, gateway key or provider."""
        return self._narrowed(group_by, None).parameters_of_records(cursor=None)

    def parameters_of_records(self, *, cursor: Cursor | None) -> dict[str, Any]:
        """Return the address of another page of the same requests."""
        said = self.parameters
        if self.hour is not None:
            said["hour"] = written(self.hour)
        if cursor is not None:
            said["cursor"] = str(cursor)
        return said

    def parameters_of_bucket(self, starts_at: datetime) -> dict[str, Any]:
        """Return the address of what is behind a bar: a day or month alone, an hour's requests."""
        if self.granularity is Granularity.HOUR:
            return replace(self, hour=starts_at).parameters_of_records(cursor=None)
        first = last = starts_at.date()
        if self.granularity is Granularity.MONTH:
            last = _last_of_month(first)
        days = f"{self.first}{UNTIL}{self.last}"
        return replace(
            self,
            range=CUSTOM,
            first=first,
            last=last,
            chosen_granularity=AUTOMATIC,
            back=days if self.range == CUSTOM else self.range,
        ).parameters

    def _narrowed(self, group_by: Grouping, name: str | None) -> "UsageFilter":
        return replace(self, only=replace(self.only, **{group_by.value: name}))


def parameters_of_month(billing_month: str) -> dict[str, str]:
    """Return the address of a whole billing month: 2026-11."""
    month = BillingMonth.parse(billing_month).period
    first, last = month.starts_at.date(), (month.ends_at - DAY).date()
    return {"range": CUSTOM, "from": first.isoformat(), "to": last.isoformat()}


def _last_of_month(first: date) -> date:
    return (first.replace(day=1) + 31 * DAY).replace(day=1) - DAY


def written(hour: datetime) -> str:
    """Return the hour as an address has it: 2026-11-22T14:00:00Z."""
    return hour.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def read_filter(asked: Mapping[str, str], today: Today) -> UsageFilter:
    """Read what is asked; whatever cannot be read falls back and is said in a notice."""
    notices: list[Sentence] = []
    name, first, last, span = _read_range(asked, today, notices)
    chosen, granularity = _read_granularity(asked, first, last, notices)
    return UsageFilter(
        range=name,
        first=first,
        last=last,
        span=span,
        chosen_granularity=chosen,
        granularity=granularity,
        group_by=_one_of(Grouping, asked, "group_by", Grouping.MODEL, notices),
        metric=_one_of(Metric, asked, "metric", Metric.COST, notices),
        only=_read_only(asked, notices),
        back=_read_back(asked, today),
        hour=_read_hour(asked, span, notices),
        cursor=_read_cursor(asked, notices),
        notices=tuple(notices),
    )


def _read_range(
    asked: Mapping[str, str], today: Today, notices: list[Sentence]
) -> tuple[str, date, date, Period]:
    name = asked.get("range") or (CUSTOM if asked.get("from") else DEFAULT_RANGE)
    custom = _read_days(asked, today, notices) if name == CUSTOM else None
    if name == PERIOD:
        return _period_so_far(today)
    if custom is None and name not in RANGES:
        if name != CUSTOM:
            notices.append(say("There is no such range. Showing the last 30 days."))
        name = DEFAULT_RANGE
    first, last = custom or RANGES[name][1](today.date)
    span = Period(day_starts_at(first, today.zone), day_starts_at(last + DAY, today.zone))
    return name, first, last, span


def _period_so_far(today: Today) -> tuple[str, date, date, Period]:
    """Return the subscription's period, up to the end of today."""
    period = today.period
    ends_at = min(period.ends_at, day_starts_at(today.date + DAY, today.zone))
    first = period.starts_at.astimezone(today.zone).date()
    return PERIOD, first, today.date, Period(period.starts_at, ends_at)


def _read_days(asked: Mapping[str, str], today: Today, notices: list[Sentence]) -> Days | None:
    """Return the days of a custom range; None, and a notice, if they make none."""
    try:
        first = date.fromisoformat(asked.get("from", ""))
        last = date.fromisoformat(asked["to"]) if asked.get("to") else today.date
    except ValueError:
        notices.append(say("Dates are written like 2026-11-22. Showing the last 30 days."))
        return None
    latest = today.date + DAYS_DAYS_MAX * DAY
    if first > last:
        notices.append(say("The range ends before it starts. Showing the last 30 days."))
    elif first < EARLIEST or last > latest:
        notices.append(
            say("There is no usage so long ago or so far ahead. Showing the last 30 days.")
        )
    elif (last - first).days > RANGE_DAYS_MAX:
        notices.append(say("A range has at most ten years. Showing the last 30 days."))
    else:
        return first, last
    return None


def _read_granularity(
    asked: Mapping[str, str], first: date, last: date, notices: list[Sentence]
) -> tuple[str, Granularity]:
    days = (last - first).days + 1
    chosen = asked.get("granularity") or AUTOMATIC
    if chosen not in GRANULARITY_NAMES:
        notices.append(say("There is no such step. The range decides how it is cut."))
        chosen = AUTOMATIC
    if chosen == Granularity.HOUR and days > HOURS_DAYS_MAX:
        notices.append(
            say("Hours are shown for ranges of up to {most} days.", {"most": HOURS_DAYS_MAX})
        )
        chosen = AUTOMATIC
    if chosen == Granularity.DAY and days > DAYS_DAYS_MAX:
        notices.append(
            say("Days are shown for ranges of up to {most} days.", {"most": DAYS_DAYS_MAX})
        )
        chosen = AUTOMATIC
    return chosen, _automatic(days) if chosen == AUTOMATIC else Granularity(chosen)


def _automatic(days: int) -> Granularity:
    if days <= AUTOMATIC_HOURS_DAYS_MAX:
        return Granularity.HOUR
    return Granularity.DAY if days <= AUTOMATIC_DAYS_DAYS_MAX else Granularity.MONTH


def _one_of(
    known: type[E], asked: Mapping[str, str], name: str, default: E, notices: list[Sentence]
) -> E:
    value = asked.get(name) or default
    if value not in {member.value for member in known}:
        notices.append(UNKNOWN[name])
        return default
    return known(value)


def _read_only(asked: Mapping[str, str], notices: list[Sentence]) -> Only:
    """Read the names that narrow what is shown; a model always has one."""
    return Only(
        model=_read_name(asked, Grouping.MODEL, notices) or None,
        api_key=_read_name(asked, Grouping.API_KEY, notices),
        provider=_read_name(asked, Grouping.PROVIDER, notices),
    )


def _read_name(asked: Mapping[str, str], group_by: Grouping, notices: list[Sentence]) -> str | None:
    name = asked.get(group_by.value)
    # What is there without a name is asked for by an empty one, which is printable, too.
    if name is not None and (len(name) > NAME_LENGTH_MAX or not name.isprintable()):
        notices.append(NO_SUCH_NAME[group_by])
        return None
    return name


def _read_back(asked: Mapping[str, str], today: Today) -> str:
    """Read which range led here; what cannot be one leads back to the usual one."""
    back = asked.get("back", "")
    first, _, last = back.partition(UNTIL)
    days = _read_days({"from": first, "to": last}, today, []) if last else None
    return back if days or back in RANGES else DEFAULT_RANGE


def _read_hour(asked: Mapping[str, str], span: Period, notices: list[Sentence]) -> datetime | None:
    """Return the hour whose requests are asked for, if it lies in what is shown."""
    if not asked.get("hour"):
        return None
    try:
        hour = read_moment(asked["hour"])
    except ValueError:
        notices.append(say("There is no such hour. Showing the requests of the whole range."))
        return None
    if hour not in span:
        notices.append(say("That hour is not in this range. Showing the whole range’s requests."))
        return None
    return hour


def _read_cursor(asked: Mapping[str, str], notices: list[Sentence]) -> Cursor | None:
    try:
        return Cursor.parse(asked["cursor"]) if asked.get("cursor") else None
    except InvalidFields:
        notices.append(say("That page of requests does not exist. Showing the newest."))
        return None
