"""What the last thirty days would have cost on each plan."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.catalog import queries as catalog
from app.domain.reporting.plan_costs import Used, by_day, compared, cost_on, plan_costs
from app.domain.subscriptions.rules import Terms
from app.domain.usage.views import Sums
from tests.factories.catalog import make_price

CENT = 10_000_000
FIRST = date(2026, 11, 1)
TERMS = Terms(
    plan_id="plan-pro",
    price_minor=1_000,
    quota=1_000,
    extra_token_price_pico=None,
    overage_discount_bp=0,
    max_concurrent_req=1,
    rate_limit_per_min=1,
)


def used(day: int, tokens: int, cost_nanos: int, *, draws_quota: bool = True) -> Used:
    return Used(FIRST + timedelta(days=day), draws_quota, tokens, cost_nanos)


@pytest.mark.parametrize(
    ("days", "discount_bp", "nanos"),
    [
        ([], 0, 1_000 * CENT),
        ([used(0, 999, 500)], 0, 1_000 * CENT),
        ([used(0, 1_000, 500)], 0, 1_000 * CENT),
        # One token of 1,001 is left to pay.
        ([used(0, 1_001, 1_001_000)], 0, 1_000 * CENT + 1_000),
        ([used(0, 1_000, 700), used(1, 10, 900)], 0, 1_000 * CENT + 900),
        ([used(0, 500, 700), used(1, 1_000, 900)], 0, 1_000 * CENT + 450),
        # What is outside of the plans draws nothing, and gets the discount all the same.
        ([used(0, 5_000, 900, draws_quota=False), used(1, 1_000, 800)], 1_000, 1_000 * CENT + 810),
        ([used(0, 2_000, 3)], 0, 1_000 * CENT + 2),
        ([used(0, 0, 0)], 0, 1_000 * CENT),
    ],
)
def test_a_plan_costs_its_price_and_what_its_quota_leaves(days, discount_bp, nanos) -> None:
    assert cost_on(replace(TERMS, overage_discount_bp=discount_bp), days) == nanos


def test_the_cheapest_is_best_and_of_equals_the_first() -> None:
    free = replace(TERMS, plan_id="plan-payg", price_minor=0, quota=0)
    assert compared([used(0, 1_000, 999 * CENT)], [free, TERMS]).best == "plan-payg"
    assert compared([used(0, 1_000, 1_000 * CENT)], [free, TERMS]).best == "plan-payg"
    assert compared([used(0, 1_000, 1_001 * CENT)], [free, TERMS]).best == "plan-pro"


def test_models_of_a_day_are_added_up() -> None:
    sums = [
        (FIRST + timedelta(days=1), True, Sums(total_tokens=1, cost_nanos=2)),
        (FIRST, True, Sums(total_tokens=3, cost_nanos=4)),
        (FIRST, False, Sums(total_tokens=5, cost_nanos=6)),
        (FIRST, True, Sums(total_tokens=7, cost_nanos=8)),
    ]
    assert by_day(sums) == [used(0, 5, 6, draws_quota=False), used(0, 10, 12), used(1, 1, 2)]


@given(
    st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**12)), max_size=30),
    st.integers(0, 10**9),
)
def test_more_quota_never_costs_more(days: list[tuple[int, int]], quota: int) -> None:
    spent = [used(day, tokens, nanos if tokens else 0) for day, (tokens, nanos) in enumerate(days)]
    less = cost_on(replace(TERMS, quota=quota), spent)
    more = cost_on(replace(TERMS, quota=quota + 1_000), spent)
    # Each day is rounded once.
    assert more <= less + len(spent)
    assert cost_on(replace(TERMS, quota=0), spent) == 1_000 * CENT + sum(
        u.cost_nanos for u in spent
    )


def test_nothing_is_said_of_whoever_used_nothing(ada, now) -> None:
    assert plan_costs(ada, catalog.plans(), now=now) is None


def test_models_that_no_quota_covers_are_told_apart(app, now) -> None:
    make_price("apart", included_in_plans=False)
    make_price("within")
    assert catalog.models_outside_plans(now=now) == {"apart"}
