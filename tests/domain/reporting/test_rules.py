"""Forecasts, concerns and shares; no database."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.domain.reporting.rules import (
    Concern,
    Forecast,
    Pace,
    Standing,
    change_permille,
    concerns,
    forecast,
    pace_of,
    runs_out_at,
    share_permille,
    used_permille,
    with_plan,
)

DAY = 86_400
USD = 1_000_000_000
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def steady(per_day: int, *, days: int = 14) -> Pace:
    return Pace((per_day,) * days, days * DAY)


class TestForecast:
    @pytest.mark.parametrize(
        ("amount", "pace", "seconds_left", "expected"),
        [
            # The first day of a month of 30 days: nothing is spent, everything lies ahead.
            (0, steady(2 * USD), 30 * DAY, 60 * USD),
            (40 * USD, steady(2 * USD), 10 * DAY, 60 * USD),
            # The last second, and the end itself.
            (60 * USD, steady(86_400), 1, 60 * USD + 1),
            (60 * USD, steady(2 * USD), 0, 60 * USD),
            # Nothing was used for two weeks, or ever.
            (5 * USD, steady(0), 10 * DAY, 5 * USD),
            (0, steady(0), 10 * DAY, 0),
        ],
    )
    def test_goes_on_at_a_steady_pace(self, amount, pace, seconds_left, expected) -> None:
        assert forecast(amount, pace, seconds_left=seconds_left) == Forecast(
            expected, expected, expected
        )

    @pytest.mark.parametrize("days", [0, 1, 2])
    def test_says_nothing_after_too_few_days(self, days) -> None:
        assert forecast(USD, steady(USD, days=days), seconds_left=DAY) is None

    def test_begins_with_the_third_day(self) -> None:
        assert forecast(USD, steady(USD, days=3), seconds_left=DAY) is not None

    def test_gives_a_range_where_days_differ(self) -> None:
        # Mean 2 and variance 8/7 a day; over 7 days ahead, the mean being unsure, too:
        # 8/7 · 7 · (1 + 7/8) = 15, and 1.28 · √15 = 4.957…
        pace = Pace((1 * USD, 3 * USD) * 4, 8 * DAY)
        seen = forecast(10 * USD, pace, seconds_left=7 * DAY)
        assert seen.expected == 24 * USD
        assert seen.high - seen.expected == seen.expected - seen.low == 4_957_418_683

    def test_never_falls_below_what_is_spent_already(self) -> None:
        pace = Pace((0, 0, 0, 100 * USD), 4 * DAY)
        seen = forecast(100 * USD, pace, seconds_left=DAY)
        assert seen.low == 100 * USD
        assert seen.low < seen.expected < seen.high

    def test_counts_the_seconds_that_passed_where_clocks_change(self) -> None:
        # Three days, one of 25 hours: 73 hours.
        pace = Pace((24 * USD, 25 * USD, 24 * USD), 73 * 3600)
        assert forecast(0, pace, seconds_left=10 * 3600).expected == 10 * USD


class TestRunsOutAt:
    ENDS_AT = NOW + timedelta(days=10)

    def asked(self, tokens_left: int, pace: Pace) -> datetime | None:
        return runs_out_at(tokens_left, pace, now=NOW, ends_at=self.ENDS_AT)

    def test_divides_what_is_left_by_the_pace(self) -> None:
        assert self.asked(5_000, steady(1_000)) == NOW + timedelta(days=5)

    @pytest.mark.parametrize(
        ("tokens_left", "pace"),
        [
            (10_000, steady(1_000)),
            (10_001, steady(1_000)),
            (0, steady(1_000)),
            (5_000, steady(0)),
            (5_000, steady(1_000, days=2)),
            # A moment that no calendar has.
            (10**15, Pace((0, 0, 1), 3 * DAY)),
        ],
    )
    def test_lasts_or_is_not_known(self, tokens_left, pace) -> None:
        assert self.asked(tokens_left, pace) is None

    def test_tells_the_last_moment_before_the_end(self) -> None:
        assert self.asked(9_999, steady(1_000)) < self.ENDS_AT


class TestPaceOf:
    BERLIN = ZoneInfo("Europe/Berlin")
    # The clocks went back the day before, which had 25 hours.
    NOW = datetime(2026, 10, 26, 12, tzinfo=UTC)

    def of(self, *days: tuple[date, int], now: datetime = NOW) -> Pace:
        return pace_of(dict(days), local=self.BERLIN, now=now)

    def test_counts_whole_days_from_the_first_with_usage(self) -> None:
        pace = self.of((date(2026, 10, 23), 5), (date(2026, 10, 25), 7), (date(2026, 10, 26), 99))
        assert pace.daily == (5, 0, 7)
        assert pace.seconds == (24 + 24 + 25) * 3600

    def test_looks_back_two_weeks_over_whoever_came_before(self) -> None:
        pace = self.of((date(2026, 9, 1), 5), (date(2026, 10, 12), 7))
        assert pace.daily == (7, *[0] * 13)

    @pytest.mark.parametrize(("first", "days"), [(date(2026, 8, 28), 14), (date(2026, 8, 27), 1)])
    def test_forgets_after_sixty_days(self, first, days) -> None:
        assert len(self.of((first, 5), (date(2026, 10, 25), 7)).daily) == days

    def test_of_nothing_is_not_known(self) -> None:
        assert self.of() == Pace((), 0)
        assert not self.of((date(2026, 10, 26), 5)).is_known


class TestWithPlan:
    @pytest.mark.parametrize(
        ("spent", "ahead", "price_minor", "found"),
        [
            (5, None, 0, Forecast(5, 5, 5)),
            (5, None, 999, Forecast(9_990_000_005, 9_990_000_005, 9_990_000_005)),
            (5, Forecast(6, 8, 10), 0, Forecast(6, 8, 10)),
            (5, Forecast(6, 8, 10), 1, Forecast(10_000_006, 10_000_008, 10_000_010)),
        ],
    )
    def test_is_the_plan_and_what_usage_becomes(self, spent, ahead, price_minor, found) -> None:
        assert with_plan(spent, ahead, price_minor=price_minor) == found


def standing(**changes: object) -> Standing:
    given = {
        "is_suspended": False,
        "is_renewal_unpaid": False,
        "is_overdue": False,
        "is_top_up_declined": False,
        "is_top_up_without_card": False,
        "is_refused": False,
        "has_spent": False,
        "quota": 1_000,
        "quota_left": 900,
        "extra_tokens": 0,
        "alert_threshold": 0,
        "unpriced_tokens": 0,
    }
    return Standing(**{**given, **changes})


class TestConcerns:
    @pytest.mark.parametrize(
        ("changes", "found"),
        [
            ({}, ()),
            ({"is_suspended": True}, (Concern.SUSPENDED,)),
            ({"is_overdue": True}, (Concern.OVERDUE,)),
            ({"is_overdue": True, "is_suspended": True, "is_refused": True},
             (Concern.OVERDUE, Concern.SUSPENDED, Concern.REFUSED)),
            ({"is_renewal_unpaid": True}, (Concern.RENEWAL_UNPAID,)),
            ({"is_refused": True}, (Concern.REFUSED,)),
            ({"is_top_up_declined": True, "quota_left": 0},
             (Concern.TOP_UP_DECLINED, Concern.TOKENS_EXHAUSTED)),
            ({"is_top_up_without_card": True}, (Concern.TOP_UP_WITHOUT_CARD,)),
            # A card was there, and was declined: that says more.
            ({"is_top_up_without_card": True, "is_top_up_declined": True},
             (Concern.TOP_UP_DECLINED,)),
            ({"has_spent": True}, (Concern.SPEND_REACHED,)),
            ({"quota_left": 201}, ()),
            ({"quota_left": 200}, (Concern.TOKENS_LOW,)),
            ({"quota_left": 0}, (Concern.TOKENS_EXHAUSTED,)),
            ({"quota_left": 0, "extra_tokens": 500}, ()),
            ({"quota_left": 0, "extra_tokens": 100}, (Concern.TOKENS_LOW,)),
            ({"alert_threshold": 899}, ()),
            ({"alert_threshold": 900}, (Concern.TOKENS_LOW,)),
            ({"unpriced_tokens": 1}, (Concern.UNPRICED,)),
            # Who pays as he goes has nothing that could run out.
            ({"quota": 0, "quota_left": 0, "alert_threshold": 50}, ()),
            ({"quota": 0, "quota_left": 0, "extra_tokens": 5, "alert_threshold": 50},
             (Concern.TOKENS_LOW,)),
            ({"is_suspended": True, "quota_left": 0, "unpriced_tokens": 1},
             (Concern.SUSPENDED, Concern.TOKENS_EXHAUSTED, Concern.UNPRICED)),
        ],
    )  # fmt: skip
    def test_names_what_needs_attention(self, changes, found) -> None:
        assert concerns(standing(**changes)) == found


@pytest.mark.parametrize(
    ("after", "before", "permille"),
    [(150, 100, 500), (50, 100, -500), (100, 100, 0), (2, 3, -333), (5, 0, None), (0, 0, None)],
)
def test_changes_are_told_in_thousandths(after, before, permille) -> None:
    assert change_permille(after, before) == permille


@pytest.mark.parametrize(("part", "whole", "permille"), [(1, 3, 333), (0, 0, 0), (5, 5, 1000)])
def test_shares_are_told_in_thousandths(part, whole, permille) -> None:
    assert share_permille(part, whole) == permille


@pytest.mark.parametrize(
    ("limit_minor", "nanos", "permille"),
    [
        (None, 0, 1000),
        (0, 0, 1000),
        (100, 0, 0),
        (100, 500_000_000, 500),
        (100, 999_400_000, 999),
        (100, 1_000_000_000, 1000),
        (100, 5_000_000_000, 1000),
    ],
)
def test_no_more_than_all_of_a_limit_is_used(limit_minor, nanos, permille) -> None:
    assert used_permille(limit_minor, nanos) == permille
