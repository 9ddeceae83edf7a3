"""Whether a coupon may be redeemed: each reason, and the moment at each bound."""

from datetime import timedelta

import pytest

from app.domain.coupons import redeeming
from app.domain.coupons.errors import (
    CouponAlreadyUsed,
    CouponExpired,
    CouponInactive,
    CouponNotStarted,
    CouponUsedUp,
    CouponWrongPlan,
    TooManyCouponGuesses,
)
from tests.factories.redemptions import DAY, view
from tests.moments import NOW

TICK = timedelta(microseconds=1)
START, END = NOW - DAY, NOW + DAY


def check(*, redeemed: int = 0, plans: tuple[str, ...] = ("plan-payg",), at=NOW, **changes) -> None:
    coupon = view(**changes)
    redeeming.check_redeemable(coupon, redeemed_by_account=redeemed, plan_ids=plans, now=at)


class TestCheckRedeemable:
    @pytest.mark.parametrize("at", [START, START + TICK, NOW, END - TICK])
    def test_lets_through_from_the_start_until_just_before_the_end(self, at) -> None:
        check(at=at)

    @pytest.mark.parametrize(
        ("at", "refusal"),
        [
            (START - TICK, CouponNotStarted),
            (END, CouponExpired),
            (END + TICK, CouponExpired),
        ],
    )
    def test_refuses_before_the_start_and_from_the_end_on(self, at, refusal) -> None:
        with pytest.raises(refusal, match="SAVE20"):
            check(at=at)

    def test_refuses_what_was_switched_off(self) -> None:
        with pytest.raises(CouponInactive):
            check(is_active=False)

    @pytest.mark.parametrize(("used", "is_fine"), [(9, True), (10, False)])
    def test_counts_all_redemptions(self, used: int, is_fine) -> None:
        if is_fine:
            check(used_count=used)
        else:
            with pytest.raises(CouponUsedUp):
                check(used_count=used)

    @pytest.mark.parametrize(("redeemed", "is_fine"), [(1, True), (2, False)])
    def test_counts_the_account_s_own(self, redeemed: int, is_fine) -> None:
        if is_fine:
            check(redeemed=redeemed, max_usage_per_user=2)
        else:
            with pytest.raises(CouponAlreadyUsed):
                check(redeemed=redeemed, max_usage_per_user=2)

    @pytest.mark.parametrize(
        ("applicable", "plans", "is_fine"),
        [
            (None, ("plan-payg",), True),
            (("plan-pro",), ("plan-pro",), True),
            (("plan-pro",), ("plan-basic", "plan-pro"), True),
            (("plan-pro", "plan-enterprise"), ("plan-basic", "plan-enterprise"), True),
            (("plan-pro",), ("plan-basic",), False),
            (("plan-pro",), ("plan-payg", "plan-basic"), False),
            ((), ("plan-pro",), False),
        ],
    )
    def test_wants_one_of_its_plans(self, applicable, plans, is_fine) -> None:
        if is_fine:
            check(applicable_plans=applicable, plans=plans)
        else:
            with pytest.raises(CouponWrongPlan):
                check(applicable_plans=applicable, plans=plans)


class TestCheckGuesses:
    def test_allows_ten_within_the_hour(self) -> None:
        redeeming.check_guesses(9)
        for count in (10, 11):
            with pytest.raises(TooManyCouponGuesses):
                redeeming.check_guesses(count)
        assert timedelta(hours=1) == redeeming.GUESSES_WITHIN
