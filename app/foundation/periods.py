"""Half-open stretches of time, `[start, end)`, and the arithmetic of months."""

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

MONTHS_PER_YEAR = 12
# No zone of this century cuts a quarter of an hour.
QUARTER_SECONDS = 15 * 60
QUARTERS_PER_HOUR = 4
QUARTERS_PER_DAY = 24 * QUARTERS_PER_HOUR


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time that holds its start and not its end."""

    starts_at: datetime
    ends_at: datetime

    def __post_init__(self) -> None:
        """Refuse periods that end before they start, or that know no zone."""
        assert self.starts_at.tzinfo is not None, "naive datetime"
        assert self.starts_at < self.ends_at, "a period must end after it starts"

    def __contains__(self, moment: datetime) -> bool:
        """Tell whether the moment lies in the period."""
        return self.starts_at <= moment < self.ends_at

    @property
    def seconds(self) -> int:
        """Return the length in whole seconds."""
        return int((self.ends_at - self.starts_at).total_seconds())

    def seconds_left(self, now: datetime) -> int:
        """Return the whole seconds from now to the end: 0 after it, the length before the start."""
        left = int((self.ends_at - now).total_seconds())
        return min(max(left, 0), self.seconds)


def months_later(anchor: datetime, months: int) -> datetime:
    """Return the same day and time so many months on, or the month's last day if it has none."""
    year, month0 = divmod(anchor.year * MONTHS_PER_YEAR + anchor.month - 1 + months, 12)
    day = min(anchor.day, calendar.monthrange(year, month0 + 1)[1])
    return anchor.replace(year=year, month=month0 + 1, day=day)


def monthly_period(anchor: datetime, number: int) -> Period:
    """Return the anchor's period of that number; the first is number 0."""
    # Each bound is counted from the anchor, so 31 Jan → 28 Feb → 31 Mar does not drift.
    return Period(months_later(anchor, number), months_later(anchor, number + 1))


def monthly_period_number(anchor: datetime, moment: datetime) -> int:
    """Return the number of the anchor's period that holds the moment; below 0 before the anchor."""
    # The calendar of the anchor's zone counts, whatever zone the moment is written in.
    moment = moment.astimezone(anchor.tzinfo)
    months = (moment.year - anchor.year) * MONTHS_PER_YEAR + moment.month - anchor.month
    return months if months_later(anchor, months) <= moment else months - 1


@lru_cache(maxsize=1024)
def _month_text(year: int, month: int) -> str:
    # Written several times for each record that is posted, and nearly always the same.
    return f"{year:04d}-{month:02d}"


def month_of(moment: datetime) -> str:
    """Return the calendar month in UTC that holds the moment, as text: `2026-11`."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return _month_text(moment.year, moment.month)


@dataclass(frozen=True, slots=True, order=True)
class BillingMonth:
    """A calendar month in UTC, written `2026-11`."""

    year: int
    month: int

    @classmethod
    def of(cls, moment: datetime) -> "BillingMonth":
        """Return the month that holds the moment."""
        if moment.tzinfo is not UTC:
            moment = moment.astimezone(UTC)
        return cls(moment.year, moment.month)

    @classmethod
    def parse(cls, text: str) -> "BillingMonth":
        """Read `2026-11`. Raises ValueError for anything else."""
        match = re.fullmatch(r"([0-9]{4})-(0[1-9]|1[0-2])", text)
        # The last year has months that no datetime can end.
        if match is None or not "2000" <= match[1] < "9999":
            raise ValueError("a month is written like 2026-11")
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        """Return `2026-11`."""
        return _month_text(self.year, self.month)

    @property
    def period(self) -> Period:
        """Return the month's bounds."""
        start = datetime(self.year, self.month, 1, tzinfo=UTC)
        return Period(start, months_later(start, 1))

    def plus(self, months: int) -> "BillingMonth":
        """Return the month so many months on."""
        return BillingMonth.of(months_later(self.period.starts_at, months))
