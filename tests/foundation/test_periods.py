"""Periods: half-open, anchored, and never drifting."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from app.foundation.periods import (
    BillingMonth,
    Period,
    monthly_period,
    monthly_period_number,
    months_later,
)

SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


NOVEMBER = Period(moment("2026-11-01"), moment("2026-12-01"))


class TestPeriod:
    @pytest.mark.parametrize(
        ("asked", "held"),
        [
            (NOVEMBER.starts_at - MICROSECOND, False),
            (NOVEMBER.starts_at, True),
            (NOVEMBER.ends_at - MICROSECOND, True),
            (NOVEMBER.ends_at, False),
        ],
    )
    def test_holds_its_start_and_not_its_end(self, asked: datetime, held: bool) -> None:
        assert (asked in NOVEMBER) is held

    def test_knows_its_length(self) -> None:
        assert NOVEMBER.seconds == 30 * 86_400

    @pytest.mark.parametrize(
        ("asked", "left"),
        [
            (NOVEMBER.starts_at - SECOND, 30 * 86_400),
            (NOVEMBER.starts_at, 30 * 86_400),
            (NOVEMBER.starts_at + SECOND, 30 * 86_400 - 1),
            (NOVEMBER.ends_at - SECOND, 1),
            (NOVEMBER.ends_at - MICROSECOND, 0),
            (NOVEMBER.ends_at, 0),
            (NOVEMBER.ends_at + SECOND, 0),
        ],
    )
    def test_counts_whole_seconds_left(self, asked: datetime, left: int) -> None:
        assert NOVEMBER.seconds_left(asked) == left

    def test_refuses_to_end_before_it_starts(self) -> None:
        with pytest.raises(AssertionError, match="end after"):
            Period(NOVEMBER.ends_at, NOVEMBER.starts_at)

    def test_refuses_to_be_empty(self) -> None:
        with pytest.raises(AssertionError, match="end after"):
            Period(NOVEMBER.starts_at, NOVEMBER.starts_at)

    def test_refuses_naive_bounds(self) -> None:
        with pytest.raises(AssertionError, match="naive"):
            Period(datetime(2026, 11, 1), datetime(2026, 12, 1))  # noqa: DTZ001  # the point of it


class TestMonthsLater:
    @pytest.mark.parametrize(
        ("anchor", "months", "expected"),
        [
            ("2026-01-31T10:30:00", 0, "2026-01-31T10:30:00"),
            ("2026-01-31T10:30:00", 1, "2026-02-28T10:30:00"),
            ("2026-01-31T10:30:00", 2, "2026-03-31T10:30:00"),
            ("2026-01-31T10:30:00", 3, "2026-04-30T10:30:00"),
            ("2028-01-31", 1, "2028-02-29"),
            ("2028-02-29", 12, "2029-02-28"),
            ("2028-02-29", 48, "2032-02-29"),
            ("2100-01-30", 1, "2100-02-28"),
            ("2026-12-15", 1, "2027-01-15"),
            ("2026-01-15", -1, "2025-12-15"),
            ("2026-03-31", -1, "2026-02-28"),
            ("2026-11-22T12:00:00.000001", 1, "2026-12-22T12:00:00.000001"),
        ],
    )
    def test_keeps_day_and_time_where_it_can(self, anchor: str, months: int, expected: str) -> None:
        assert months_later(moment(anchor), months) == moment(expected)


class TestMonthlyPeriod:
    def test_does_not_drift_after_february(self) -> None:
        anchor = moment("2026-01-31T08:00:00")
        starts = [monthly_period(anchor, number).starts_at for number in range(4)]
        assert starts == [
            moment("2026-01-31T08:00:00"),
            moment("2026-02-28T08:00:00"),
            moment("2026-03-31T08:00:00"),
            moment("2026-04-30T08:00:00"),
        ]

    def test_follows_without_a_gap(self) -> None:
        anchor = moment("2026-01-31T08:00:00")
        for number in range(-30, 30):
            following = monthly_period(anchor, number + 1)
            assert monthly_period(anchor, number).ends_at == following.starts_at


class TestMonthlyPeriodNumber:
    @pytest.mark.parametrize(
        ("asked", "number"),
        [
            ("2026-01-31T08:00:00", 0),
            ("2026-02-28T07:59:59.999999", 0),
            ("2026-02-28T08:00:00", 1),
            ("2026-03-31T07:59:59.999999", 1),
            ("2026-03-31T08:00:00", 2),
            ("2026-01-31T07:59:59.999999", -1),
            ("2025-12-31T08:00:00", -1),
            ("2025-12-31T07:59:59.999999", -2),
            ("2025-01-31T08:00:00", -12),
            ("2027-01-31T08:00:00", 12),
        ],
    )
    def test_finds_the_period_that_holds_the_moment(self, asked: str, number: int) -> None:
        anchor = moment("2026-01-31T08:00:00")
        assert monthly_period_number(anchor, moment(asked)) == number
        assert moment(asked) in monthly_period(anchor, number)

    @pytest.mark.parametrize("hours", [-12, -5, 0, 5, 14])
    def test_does_not_depend_on_the_zone_the_moment_is_written_in(self, hours: int) -> None:
        anchor = moment("2026-01-01")
        asked = moment("2026-03-01").astimezone(timezone(timedelta(hours=hours)))
        assert monthly_period_number(anchor, asked) == 2
        assert monthly_period_number(anchor, asked - MICROSECOND) == 1


class TestBillingMonth:
    @pytest.mark.parametrize(
        ("asked", "month"),
        [
            ("2026-10-31T23:59:59.999999+00:00", "2026-10"),
            ("2026-11-01T00:00:00+00:00", "2026-11"),
            # New Year in Berlin is still the old year in UTC.
            ("2027-01-01T00:30:00+01:00", "2026-12"),
            ("2026-12-31T23:30:00-05:00", "2027-01"),
        ],
    )
    def test_is_a_calendar_month_in_utc(self, asked: str, month: str) -> None:
        assert str(BillingMonth.of(datetime.fromisoformat(asked))) == month

    @pytest.mark.parametrize("text", ["2000-01", "2026-11", "9998-12"])
    def test_reads_what_it_writes(self, text: str) -> None:
        assert str(BillingMonth.parse(text)) == text

    @pytest.mark.parametrize(
        "text",
        [
            "", "2026", "2026-13", "2026-00", "2026-1", "26-11", "2026-11-01", "2026/11",
            " 2026-11", "2026-11\n", "1999-12", "9999-12", "２０２６-11", "-026-11", "2026-+1",
        ],
    )  # fmt: skip
    def test_refuses_anything_else(self, text: str) -> None:
        with pytest.raises(ValueError, match="written like 2026-11"):
            BillingMonth.parse(text)

    @pytest.mark.parametrize(
        ("text", "start", "end"),
        [
            ("2026-11", "2026-11-01", "2026-12-01"),
            ("2026-12", "2026-12-01", "2027-01-01"),
            ("2028-02", "2028-02-01", "2028-03-01"),
            ("9998-12", "9998-12-01", "9999-01-01"),
        ],
    )
    def test_has_bounds(self, text: str, start: str, end: str) -> None:
        assert BillingMonth.parse(text).period == Period(moment(start), moment(end))

    @pytest.mark.parametrize(
        ("months", "expected"), [(0, "2026-11"), (1, "2026-12"), (2, "2027-01"), (-11, "2025-12")]
    )
    def test_counts_on(self, months: int, expected: str) -> None:
        assert str(BillingMonth.parse("2026-11").plus(months)) == expected

    def test_orders_by_time(self) -> None:
        months = [BillingMonth.parse(text) for text in ("2027-01", "2026-12", "2026-02")]
        assert [str(month) for month in sorted(months)] == ["2026-02", "2026-12", "2027-01"]
