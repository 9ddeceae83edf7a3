"""What the usage page is asked to show, read from its address. Bad values become notices."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from app.domain.usage.buckets import day_starts_at
from app.domain.usage.views import Granularity, Grouping
from app.entrypoints.moments import read_moment
from app.foundation.errors import InvalidFields
from app.foundation.paging import Cursor
from app.foundation.periods import BillingMonth, Period, months_later
from app.foundation.sentences import Sentence, say

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
CUSTOM = "custom"
AUTOMATIC = "auto"
EARLIEST = date(2000, 1, 1)
# Longer ranges are read by longer buckets: nobody can look at ten thousand bars.
HOURS_DAYS_MAX = 31
DAYS_DAYS_MAX = 366
RANGE_DAYS_MAX = 3_660
AUTOMATIC_HOURS_DAYS_MAX = 2
AUTOMATIC_DAYS_DAYS_MAX = 93
MODEL_LENGTH_MAX = 300

E = TypeVar("E", bound=StrEnum)


class Metric(StrEnum):
    """What the bars measure."""

    COST = "cost"
    TOKENS = "tokens"
    REQUESTS = "requests"


@dataclass(frozen=True, slots=True)
class Today:
    """The day it is for the customer, and the period he is in."""

    date: date
    zone: ZoneInfo
    period: Period


UNKNOWN = {
    "group_by": say("This page cannot keep that apart. Showing by model."),
    "metric": say("This page cannot measure that. Showing by cost."),
}

# The first day and the last one.
Days = tuple[date, date]


def _last_days(count: int) -> Callable[[date], Days]:
    return lambda today: (today - (count - 1) * DAY, today)


def _yesterday(today: date) -> Days:
    return today - DAY, today - DAY


def _this_month(today: date) -> Days:
    return today.replace(day=1), today


def _last_month(today: date) -> Days:
    last = today.replace(day=1) - DAY
    return last.replace(day=1), last


PERIOD = "period"
DEFAULT_RANGE = "30d"
RANGES: dict[str, tuple[Sentence, Callable[[date], Days]]] = {
    "today": (say("Today"), _last_days(1)),
    "yesterday": (say("Yesterday"), _yesterday),
    "7d": (say("7 days"), _last_days(7)),
    "30d": (say("30 days"), _last_days(30)),
    "month": (say("This month"), _this_month),
    "last-month": (say("Last month"), _last_month),
    PERIOD: (say("This period"), _last_days(31)),
    "90d": (say("90 days"), _last_days(90)),
}
RANGE_NAMES = {**{name: label for name, (label, _) in RANGES.items()}, CUSTOM: say("Custom")}
GRANULARITY_NAMES = {
    AUTOMATIC: say("Automatic"),
    "hour": say("Hour"),
    "day": say("Day"),
    "month": say("Month"),
}
GROUPING_NAMES = {
    Grouping.MODEL: say("Model"),
    Grouping.API_KEY: say("Gateway key"),
    Grouping.PROVIDER: say("Provider"),
}
METRIC_NAMES = {
    Metric.COST: say("Cost"),
    Metric.TOKENS: say("Tokens"),
    Metric.REQUESTS: say("Requests"),
}


@dataclass(frozen=True, slots=True)
class UsageFilter:
    """What to show: a span, how it is cut, what is kept apart, and what is measured."""

    range: str
    first: date
    last: date
    span: Period
    # As it was chosen: `auto` or a granularity.
    chosen_granularity: str
    granularity: Granularity
    group_by: Grouping
    metric: Metric
    # These narrow the requests, not the chart.
    model: str | None
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
        }
        said = {name: value for name, (value, default) in every.items() if value != default}
        if self.range == CUSTOM:
            said |= {"from": self.first.isoformat(), "to": self.last.isoformat()}
        return said

    @property
    def records_span(self) -> Period:
        """Return when the requests that are listed were made."""
        if self.hour is None:
            return self.span
        return Period(self.hour, min(self.hour + HOUR, self.span.ends_at))

    @property
    def parameters_here(self) -> dict[str, Any]:
        """Return the whole address of what is shown."""
        return self.parameters_of_records(cursor=self.cursor)

    @property
    def parameters_of_all(self) -> dict[str, Any]:
        """Return the address of the newest requests of every model and hour."""
        return replace(self, model=None, hour=None).parameters_of_records(cursor=None)

    def parameters_of_model(self, model: str) -> dict[str, Any]:
        """Return the address of the newest requests of one model."""
        return replace(self, model=model).parameters_of_records(cursor=None)

    def parameters_of_records(self, *, cursor: Cursor | None) -> dict[str, Any]:
        """Return the address of another page of the same requests."""
        said = self.parameters
        if self.model is not None:
            said["model"] = self.model
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
            last = months_later(starts_at, 1).date() - DAY
        return replace(
            self, range=CUSTOM, first=first, last=last, chosen_granularity=AUTOMATIC
        ).parameters


def parameters_of_month(billing_month: str) -> dict[str, str]:
    """Return the address of a whole billing month: 2026-11."""
    month = BillingMonth.parse(billing_month).period
    first, last = month.starts_at.date(), (month.ends_at - DAY).date()
    return {"range": CUSTOM, "from": first.isoformat(), "to": last.isoformat()}


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
        model=_read_model(asked, notices),
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


def _read_model(asked: Mapping[str, str], notices: list[Sentence]) -> str | None:
    model = asked.get("model") or None
    if model is not None and (len(model) > MODEL_LENGTH_MAX or not model.isprintable()):
        notices.append(say("No model has such a name. Showing the requests of all models."))
        return None
    return model


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
