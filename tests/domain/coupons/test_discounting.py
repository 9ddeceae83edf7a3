"""What coupons take off an invoice: the order, the limits, and the state of each use."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.coupons import discounting
from app.domain.coupons.discounting import Idle, OpenUse, UseAct, UseStatus, discounts

PRO = "plan-pro"


def use(number: int = 1, *, percent: int | None = None, minor: int | None = None, **changes):
    given = {
        "usage_id": number,
        "code": f"C{number}",
        "type": "fixed" if percent is None else "percentage",
        "value": minor if percent is None else percent * 100,
        "remaining_minor": minor,
        "min_purchase_minor": 0,
        "applicable_plans": None,
        **changes,
    }
    return OpenUse(**given)


def given_off(amount_minor: int, *uses: OpenUse) -> list[int]:
    return [discount.minor for discount in discounts(amount_minor, uses, plan_id=PRO)]


class TestDiscounts:
    @pytest.mark.parametrize(
        ("amount", "uses", "expected"),
        [
            (10_000, [use(minor=1_000), use(2, percent=20)], [1_000, 1_800]),
            (10_000, [use(percent=15), use(2, percent=20)], [1_500, 1_700]),
            (10_000, [use(percent=20), use(2, minor=1_000)], [2_000, 1_000]),
            (10_000, [use(minor=20_000)], [10_000]),
            (10_000, [use(percent=100), use(2, minor=500)], [10_000]),
            (10_000, [use(percent=100)], [10_000]),
            (10_000, [], []),
            (0, [use(minor=500), use(2, percent=50)], []),
            (-300, [use(minor=500), use(2, percent=50)], []),
            # Half a cent goes up, and a percentage of next to nothing is nothing.
            (999, [use(percent=50)], [500]),
            (1, [use(percent=20)], []),
        ],
    )
    def test_takes_each_off_what_is_left(self, amount: int, uses, expected: list[int]) -> None:
        assert given_off(amount, *uses) == expected

    @pytest.mark.parametrize(("amount", "expected"), [(4_999, []), (5_000, [500]), (5_001, [500])])
    def test_wants_the_least_purchase_before_other_coupons(self, amount, expected) -> None:
        picky = use(2, minor=500, min_purchase_minor=5_000)
        assert given_off(amount, picky) == expected
        # What others took off before does not count against it.
        assert given_off(5_000, use(minor=4_000), picky) == [4_000, 500]

    def test_leaves_out_coupons_of_other_plans(self) -> None:
        basic, pro = use(1, minor=300, applicable_plans=("plan-basic",)), use(2, minor=400)
        assert given_off(1_000, basic, pro) == [400]
        assert given_off(1_000, use(minor=300, applicable_plans=(PRO, "plan-basic"))) == [300]

    def test_says_what_keeps_the_others(self) -> None:
        uses = [
            use(1, minor=300, applicable_plans=("plan-basic",), min_purchase_minor=9_999),
            use(2, minor=400, min_purchase_minor=1_001),
            use(3, percent=100, min_purchase_minor=1_000),
            use(4, minor=500),
        ]
        kept = discounting.idle_uses(1_000, uses, plan_id=PRO)
        assert [(each.code, idle) for each, idle in kept] == [
            *(("C1", Idle.OTHER_PLAN), ("C2", Idle.TOO_SMALL), ("C4", Idle.NOTHING_LEFT)),
        ]

    def test_keeps_the_rest_of_a_fixed_one(self) -> None:
        (discount,) = discounts(700, [use(minor=1_000)], plan_id=PRO)
        assert (discount.minor, discount.remaining_minor, discount.is_used_up) == (700, 300, False)
        (last,) = discounts(700, [use(minor=1_000, remaining_minor=300)], plan_id=PRO)
        assert (last.minor, last.remaining_minor, last.is_used_up) == (300, 0, True)

    def test_uses_a_percentage_up_at_once(self) -> None:
        (discount,) = discounts(700, [use(percent=10)], plan_id=PRO)
        assert (discount.remaining_minor, discount.is_used_up) == (None, True)

    @given(
        st.integers(-1_000, 10_000_000),
        st.lists(
            st.one_of(
                st.builds(lambda p: use(percent=p), st.integers(1, 100)),
                st.builds(
                    lambda m, least: use(minor=m, min_purchase_minor=least),
                    st.integers(1, 20_000_000),
                    st.integers(0, 10_000_000),
                ),
            ),
            max_size=8,
        ),
    )
    def test_never_takes_off_more_than_there_is(self, amount: int, uses: list[OpenUse]) -> None:
        given_discounts = discounts(amount, uses, plan_id=PRO)
        assert sum(discount.minor for discount in given_discounts) <= max(amount, 0)
        for discount in given_discounts:
            assert discount.minor > 0
            assert discount.remaining_minor is None or discount.remaining_minor >= 0


class TestUseTransitions:
    def test_know_every_cell(self) -> None:
        cells = {
            (UseStatus.OPEN, UseAct.TAKES_PART): UseStatus.OPEN,
            (UseStatus.OPEN, UseAct.TAKES_REST): UseStatus.USED_UP,
            # A fixed one that was used in part, and one part of it comes back.
            (UseStatus.OPEN, UseAct.COMES_BACK): UseStatus.OPEN,
            (UseStatus.USED_UP, UseAct.TAKES_PART): None,
            (UseStatus.USED_UP, UseAct.TAKES_REST): None,
            (UseStatus.USED_UP, UseAct.COMES_BACK): UseStatus.OPEN,
        }
        assert set(cells) == set(product(UseStatus, UseAct))
        for (status, act), expected in cells.items():
            assert discounting.USE_TRANSITIONS[status].get(act) is expected
            if expected is None:
                with pytest.raises(AssertionError):
                    discounting.used(status, act)
            else:
                assert discounting.used(status, act) is expected
