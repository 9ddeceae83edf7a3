"""What usage ahead costs: quota first, then extra tokens, then overage, as in a record."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from app.domain.reporting.covering import (
    Covered,
    MonthAhead,
    Stretch,
    UsedBefore,
    month_ahead,
    stretches_until,
    used_before,
)
from app.domain.reporting.rules import Forecast, Pace
from app.domain.subscriptions.queries import PeriodView
from app.domain.subscriptions.rules import Terms
from app.domain.usage.views import Sums

DAY = 86_400
USD = 1_000_000_000
TODAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MONTH_END = datetime(2026, 12, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SPENT = 5 * USD
# Ten days of 1,000 tokens each, at 2 USD a thousand.
PACE = Pace((2 * USD,) * 10, 10 * DAY)
ALL_DRAW = UsedBefore(PACE, drawing_tokens=10_000, drawing_nanos=20 * USD)
# The same cost, half of it of models outside the plans.
HALF_DRAWS = UsedBefore(PACE, drawing_tokens=5_000, drawing_nanos=10 * USD)
NONE_DRAWS = UsedBefore(PACE, drawing_tokens=0, drawing_nanos=0)


def five_days(quota: int = 0, *, discount_bp: int = 0) -> tuple[Stretch, ...]:
    return (Stretch(5 * DAY, quota, discount_bp),)


def renewing(quota: int, renewed: int, *, discount_bp: int = 0) -> tuple[Stretch, ...]:
    """Two days of the period that runs, then three of the next."""
    return (Stretch(2 * DAY, quota, 0), Stretch(3 * DAY, renewed, discount_bp))


class TestMonthAhead:
    @pytest.mark.parametrize(
        ("used", "stretches", "extra", "ahead_minor", "covered"),
        [
            # No quota at all: all of it is overage.
            (ALL_DRAW, five_days(), 0, 1_000, Covered()),
            # The quota lasts, to the token; one more is paid.
            (ALL_DRAW, five_days(10**9), 0, 0, Covered()),
            (ALL_DRAW, five_days(5_000), 0, 0, Covered()),
            (ALL_DRAW, five_days(4_995), 0, 1, Covered()),
            # It runs out in between.
            (ALL_DRAW, five_days(3_000), 0, 400, Covered()),
            # It is renewed in between, and what was left does not go with it.
            (ALL_DRAW, renewing(0, 10**6), 0, 400, Covered()),
            (ALL_DRAW, renewing(10**6, 0), 0, 600, Covered()),
            # Used up before the renewal, covered after it; used up again.
            (ALL_DRAW, renewing(1_500, 3_000), 0, 100, Covered()),
            (ALL_DRAW, renewing(1_500, 2_000), 0, 300, Covered()),
            # Each period's overage at its own discount.
            (ALL_DRAW, five_days(discount_bp=1_000), 0, 900, Covered()),
            (ALL_DRAW, renewing(0, 0, discount_bp=5_000), 0, 700, Covered()),
            # Extra tokens only where they would be drawn.
            (ALL_DRAW, five_days(), 1_000, 800, Covered(1_000, 2 * USD)),
            (ALL_DRAW, five_days(10**6), 1_000, 0, Covered()),
            (ALL_DRAW, five_days(4_500), 1_000, 0, Covered(500, USD)),
            (ALL_DRAW, renewing(0, 10**6), 500, 300, Covered(500, USD)),
            (ALL_DRAW, renewing(1_000, 2_000), 1_500, 100, Covered(1_500, 3 * USD)),
            # What they cover would have been discounted too.
            (ALL_DRAW, five_days(discount_bp=1_000), 1_000, 720, Covered(1_000, 18 * USD // 10)),
            # Models outside the plans cost what they cost, less the discount of overage.
            (NONE_DRAWS, five_days(10**6), 10**6, 1_000, Covered()),
            (NONE_DRAWS, five_days(10**6, discount_bp=1_000), 0, 900, Covered()),
            (HALF_DRAWS, five_days(10**6), 0, 500, Covered()),
            (HALF_DRAWS, five_days(1_500), 500, 600, Covered(500, USD)),
        ],
    )
    def test_draws_quota_then_extra_tokens_then_overage(
        self, used, stretches, extra, ahead_minor, covered
    ) -> None:
        # Days that are all alike leave no range.
        end = SPENT + ahead_minor * USD // 100
        found = month_ahead(SPENT, used, stretches, extra_tokens=extra)
        assert found == MonthAhead(Forecast(end, end, end), covered)

    @pytest.mark.parametrize("quota", [0, 3_000, 5_000, 8_000])
    def test_the_range_follows(self, quota) -> None:
        uneven = replace(ALL_DRAW, listed=Pace((USD, 3 * USD) * 5, 10 * DAY))
        free = month_ahead(0, uneven, five_days(), extra_tokens=0).cost
        assert free.low < free.expected == 10 * USD < free.high
        # Whatever comes, so much of it is covered, and never more than comes.
        found = month_ahead(0, uneven, five_days(quota), extra_tokens=0).cost
        ends = (free.low, free.expected, free.high)
        assert found == Forecast(*(max(end - quota * 2 * USD // 1_000, 0) for end in ends))

    def test_goes_nowhere_without_usage(self) -> None:
        idle = UsedBefore(Pace((0,) * 10, 10 * DAY), drawing_tokens=0, drawing_nanos=0)
        found = month_ahead(SPENT, idle, renewing(0, 0), extra_tokens=10)
        assert found == MonthAhead(Forecast(SPENT, SPENT, SPENT), Covered())
        # Nor where the month is over, nor where nothing has a price yet.
        over = month_ahead(SPENT, ALL_DRAW, (Stretch(0, 0, 0),), extra_tokens=10)
        unpriced = month_ahead(
            SPENT, replace(idle, drawing_tokens=10**6), five_days(), extra_tokens=10
        )
        assert over == unpriced == found

    def test_foretells_nothing_from_two_days(self) -> None:
        brief = replace(ALL_DRAW, listed=Pace((USD, USD), 2 * DAY))
        assert month_ahead(SPENT, brief, five_days(), extra_tokens=9) == MonthAhead(None, Covered())


def period(plan_id: str, starts_at: datetime, *, quota: int, used: int = 0) -> PeriodView:
    terms = Terms(
        plan_id=plan_id,
        price_minor=0,
        quota=quota,
        extra_token_price_pico=None,
        overage_discount_bp=quota // 100,
        max_concurrent_req=1,
        rate_limit_per_min=1,
    )
    ends_at = starts_at + timedelta(days=30)
    return PeriodView(None, starts_at, ends_at, None, terms, quota, used, used)


class TestStretchesUntil:
    @pytest.mark.parametrize(
        ("starts_at", "first", "second"),
        [
            (NOW - SECOND, 0, 734_400),
            (NOW, 0, 734_400),
            (NOW + SECOND, 1, 734_399),
            (MONTH_END - SECOND, 734_399, 1),
            (MONTH_END, 734_400, 0),
            (MONTH_END + SECOND, 734_400, 0),
        ],
    )
    def test_change_where_the_following_period_starts(self, starts_at, first, second) -> None:
        current = period("plan-basic", NOW - timedelta(days=20), quota=100_000, used=99_990)
        following = period("plan-pro", starts_at, quota=200_000)
        assert stretches_until(MONTH_END, current, following, now=NOW) == (
            Stretch(first, 10, 1_000),
            Stretch(second, 200_000, 2_000),
        )

    def test_expect_that_a_renewal_is_paid(self) -> None:
        current = period("plan-basic", NOW - timedelta(days=20), quota=100_000)
        # Until it is paid, it may use the days of grace only.
        following = replace(period("plan-basic", NOW + SECOND, quota=100_000), quota=20_000)
        assert stretches_until(MONTH_END, current, following, now=NOW)[1].quota == 100_000


def test_adds_up_the_whole_days_of_the_models_that_draw_tokens() -> None:
    def sums(number: int) -> Sums:
        return Sums(total_tokens=10 * number, cost_nanos=100 * number)

    used = [
        (TODAY - timedelta(days=3), "in", sums(1_000)),
        (TODAY - timedelta(days=2), "in", sums(1)),
        (TODAY - timedelta(days=1), "in", sums(2)),
        (TODAY - timedelta(days=1), "out", sums(1_000)),
        (TODAY, "in", sums(1_000)),
    ]
    pace = Pace((100, 100_200), 2 * DAY)
    assert used_before(pace, used, today=TODAY, outside={"out"}) == UsedBefore(pace, 30, 300)
