"""Extra tokens that are owned are drawn before overage, in a forecast as in a record."""

from datetime import date, timedelta

import pytest

from app.domain.reporting.covering import BeyondQuota, Covered, beyond_quota, less_covered
from app.domain.reporting.rules import Forecast, Pace
from app.domain.usage.views import Sums

DAY = 86_400
USD = 1_000_000_000
TODAY = date(2026, 11, 22)
# Ten days at 2 USD each, of which 1,000 tokens of overage came to 1 USD each.
PACE = Pace((2 * USD,) * 10, 10 * DAY)
ALL_DRAW = BeyondQuota(extra_tokens=0, overage_tokens=10_000, overage_nanos=20 * USD)


def covered(used: BeyondQuota, owned: int) -> tuple[Forecast, Covered]:
    # Five days are left: 10 USD ahead, perhaps 4 more or less.
    found = Forecast(11 * USD, 15 * USD, 19 * USD)
    return less_covered(found, used, PACE, spent=5 * USD, owned=owned, seconds_left=5 * DAY)


class TestLessCovered:
    @pytest.mark.parametrize(
        ("owned", "left", "taken"),
        [
            (0, Forecast(11 * USD, 15 * USD, 19 * USD), Covered()),
            # A thousand cost 2 USD, whatever comes.
            (1_000, Forecast(9 * USD, 13 * USD, 17 * USD), Covered(1_000, 2 * USD)),
            (4_999, Forecast(5 * USD, 5_002_000_000, 9_002_000_000), Covered(4_999, 9_998_000_000)),
            # All that is to be expected, and of what may come besides, what is left.
            (5_000, Forecast(5 * USD, 5 * USD, 9 * USD), Covered(5_000, 10 * USD)),
            (6_000, Forecast(5 * USD, 5 * USD, 7 * USD), Covered(5_000, 10 * USD)),
            (10**12, Forecast(5 * USD, 5 * USD, 5 * USD), Covered(5_000, 10 * USD)),
        ],
    )
    def test_takes_off_the_overage_first_to_come(self, owned, left, taken) -> None:
        assert covered(ALL_DRAW, owned) == (left, taken)

    def test_covers_nothing_that_draws_no_tokens(self) -> None:
        # Half of the cost is of models outside the plans.
        used = BeyondQuota(extra_tokens=0, overage_tokens=10_000, overage_nanos=10 * USD)
        left, taken = covered(used, 10**12)
        assert (left, taken) == (Forecast(8 * USD, 10 * USD, 12 * USD), Covered(5_000, 5 * USD))

    @pytest.mark.parametrize(("owned", "tokens"), [(2_000, 0), (2_500, 0), (2_501, 1)])
    def test_counts_none_twice_that_the_pace_draws_already(self, owned, tokens) -> None:
        used = BeyondQuota(extra_tokens=5_000, overage_tokens=10_000, overage_nanos=20 * USD)
        assert covered(used, owned)[1] == Covered(tokens, tokens * 2 * USD // 1_000)

    def test_covers_nothing_where_nothing_was_beyond_the_quota(self) -> None:
        used = BeyondQuota(extra_tokens=0, overage_tokens=0, overage_nanos=0)
        assert covered(used, 9_000)[1] == Covered()


def test_adds_up_the_whole_days_of_the_models_that_draw_tokens() -> None:
    def sums(number: int) -> Sums:
        return Sums(extra_tokens=number, overage_tokens=10 * number, final_nanos=100 * number)

    used = [
        (TODAY - timedelta(days=3), "in", sums(1_000)),
        (TODAY - timedelta(days=2), "in", sums(1)),
        (TODAY - timedelta(days=1), "in", sums(2)),
        (TODAY - timedelta(days=1), "out", sums(1_000)),
        (TODAY, "in", sums(1_000)),
    ]
    first = TODAY - timedelta(days=2)
    assert beyond_quota(used, first=first, today=TODAY, outside={"out"}) == BeyondQuota(3, 30, 300)
