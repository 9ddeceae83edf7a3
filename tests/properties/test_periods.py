"""Periods, over generated anchors and moments: they tile time."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from app.foundation.periods import (
    BillingMonth,
    Period,
    monthly_period,
    monthly_period_number,
    months_later,
)

MOMENTS = st.datetimes(
    datetime(2001, 1, 1),  # noqa: DTZ001  # the zone is the strategy's
    datetime(2099, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)
ZONES = st.integers(-12, 14).map(lambda hours: timezone(timedelta(hours=hours)))
NUMBERS = st.integers(-500, 500)


class TestMonthlyPeriod:
    @given(MOMENTS, NUMBERS)
    def test_ends_where_the_next_begins(self, anchor: datetime, number: int) -> None:
        following = monthly_period(anchor, number + 1)
        assert monthly_period(anchor, number).ends_at == following.starts_at

    @given(MOMENTS, MOMENTS)
    def test_holds_each_moment_exactly_once(self, anchor: datetime, moment: datetime) -> None:
        number = monthly_period_number(anchor, moment)
        assert moment in monthly_period(anchor, number)
        assert moment not in monthly_period(anchor, number - 1)
        assert moment not in monthly_period(anchor, number + 1)

    @given(MOMENTS, NUMBERS)
    def test_is_found_by_its_bounds(self, anchor: datetime, number: int) -> None:
        period = monthly_period(anchor, number)
        assert monthly_period_number(anchor, period.starts_at) == number
        assert monthly_period_number(anchor, period.ends_at) == number + 1

    @given(MOMENTS, MOMENTS, ZONES)
    def test_does_not_depend_on_the_zone_of_a_moment(
        self, anchor: datetime, moment: datetime, zone: timezone
    ) -> None:
        elsewhere = moment.astimezone(zone)
        number = monthly_period_number(anchor, moment)
        assert monthly_period_number(anchor, elsewhere) == number

    @given(MOMENTS, NUMBERS)
    def test_lasts_about_a_month(self, anchor: datetime, number: int) -> None:
        period = monthly_period(anchor, number)
        assert timedelta(days=28) <= period.ends_at - period.starts_at <= timedelta(days=31)

    @given(MOMENTS, NUMBERS)
    def test_keeps_the_anchor_s_day_wherever_the_month_has_it(
        self, anchor: datetime, months: int
    ) -> None:
        later = months_later(anchor, months)
        next_day = later + timedelta(days=1)
        assert later.day == anchor.day or (later.day < anchor.day and next_day.day == 1)
        assert later.timetz() == anchor.timetz()


class TestSecondsLeft:
    @given(MOMENTS, st.integers(1, 40 * 86_400), st.integers(-100, 41 * 86_400))
    def test_add_up_with_those_gone(self, start: datetime, length: int, after: int) -> None:
        period = Period(start, start + timedelta(seconds=length))
        left = period.seconds_left(start + timedelta(seconds=after))
        assert left == length - min(max(after, 0), length)


class TestBillingMonth:
    @given(MOMENTS, ZONES)
    def test_holds_the_moment_it_is_of(self, moment: datetime, zone: timezone) -> None:
        month = BillingMonth.of(moment.astimezone(zone))
        assert moment in month.period
        assert BillingMonth.parse(str(month)) == month

    @given(MOMENTS, NUMBERS)
    def test_counts_there_and_back(self, moment: datetime, months: int) -> None:
        month = BillingMonth.of(moment)
        assert month.plus(months).plus(-months) == month
        assert (month.plus(months) > month) is (months > 0)

    @given(MOMENTS)
    def test_ends_where_the_next_begins(self, moment: datetime) -> None:
        month = BillingMonth.of(moment)
        assert month.period.ends_at == month.plus(1).period.starts_at
