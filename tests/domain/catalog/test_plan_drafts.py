"""What a plan may promise, and what an operator is warned of."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from app.domain.catalog import plan_drafts
from app.domain.catalog.errors import PlanInvalid
from app.domain.catalog.plan_drafts import PlanDraft
from app.domain.catalog.rules import Price

TEAM = PlanDraft(name="Team", monthly_quota=500_000, monthly_price=Decimal("49.99"))
# 0.0001 USD a token: what a token inside the plan costs, nearly.
INSIDE = Decimal("0.00009998")


def price(model_id: str, prompt_pico: int, completion_pico: int, *, included: bool = True) -> Price:
    since = datetime(1970, 1, 1, tzinfo=UTC)
    cached = (prompt_pico, prompt_pico)
    return Price(1, model_id, prompt_pico, completion_pico, *cached, included, since, None)


class TestCheckedPlanId:
    @pytest.mark.parametrize("text", ["plan-team", "plan-9", "plan-a-b", "plan-" + "x" * 40])
    def test_takes_what_programs_know_without_its_prefix(self, text: str) -> None:
        assert plan_drafts.checked_plan_id(text) == text

    @pytest.mark.parametrize(
        "text",
        ["", "team", "plan-", "plan-Team", "plan--a", "plan-a-", "plan-a b", "plan-" + "x" * 41],
    )
    def test_refuses_others(self, text: str) -> None:
        with pytest.raises(PlanInvalid) as refused:
            plan_drafts.checked_plan_id(text)
        assert refused.value.fields[0].path == "id"


class TestCheckedPlan:
    def test_stores_whole_units(self) -> None:
        draft = replace(
            TEAM, extra_token_price=Decimal("0.00012"), overage_discount=Decimal("12.5"), name=" T "
        )
        terms = plan_drafts.checked_plan(draft)
        assert terms.monthly_price_minor == 4_999
        assert terms.extra_token_price_pico == 120_000_000
        assert (terms.overage_discount_bp, terms.name) == (1_250, "T")

    @pytest.mark.parametrize(
        "changes",
        [
            {"monthly_price": 0},
            {"monthly_price": Decimal("0.50")},
            {"monthly_price": 1_000_000},
            {"monthly_quota": 0},
            {"monthly_quota": 10**12},
            {"overage_discount": 100},
            {"extra_token_price": Decimal("1E-12")},
            {"extra_token_price": 1},
            {"extra_token_price": None},
            {"features": ("a",) * 20},
        ],
    )
    def test_takes_what_lies_on_the_bounds(self, changes: dict) -> None:
        plan_drafts.checked_plan(replace(TEAM, **changes))

    @pytest.mark.parametrize(
        ("changes", "path"),
        [
            ({"name": "  "}, "name"),
            ({"name": "x" * 81}, "name"),
            ({"description": "a\x07"}, "description"),
            ({"support_level": ""}, "support_level"),
            ({"monthly_price": Decimal("0.49")}, "monthly_price"),
            ({"monthly_price": -1}, "monthly_price"),
            ({"monthly_price": Decimal("9.999")}, "monthly_price"),
            ({"monthly_price": Decimal("1000000.01")}, "monthly_price"),
            ({"monthly_quota": -1}, "monthly_quota"),
            ({"monthly_quota": 10**12 + 1}, "monthly_quota"),
            ({"overage_discount": Decimal("100.01")}, "overage_discount"),
            ({"overage_discount": Decimal("0.001")}, "overage_discount"),
            ({"extra_token_price": 0}, "extra_token_price"),
            ({"extra_token_price": -1}, "extra_token_price"),
            ({"extra_token_price": Decimal("1E-13")}, "extra_token_price"),
            ({"extra_token_price": Decimal("1.01")}, "extra_token_price"),
            ({"max_concurrent_req": 0}, "max_concurrent_req"),
            ({"rate_limit_per_min": 10**6 + 1}, "rate_limit_per_min"),
            ({"display_order": -1}, "display_order"),
            ({"features": ("a",) * 21}, "features"),
            ({"features": ("a", " ")}, "features[1]"),
        ],
    )
    def test_refuses_a_field_by_its_path(self, changes: dict, path: str) -> None:
        with pytest.raises(PlanInvalid) as refused:
            plan_drafts.checked_plan(replace(TEAM, **changes))
        assert [fault.path for fault in refused.value.fields] == [path]


class TestWarnings:
    @pytest.mark.parametrize(
        ("extra", "warned"),
        [
            (INSIDE - Decimal("1E-12"), True),
            (INSIDE, False),
            (INSIDE + Decimal("1E-12"), False),
            (None, False),
        ],
    )
    def test_compares_with_tokens_inside_the_plan(
        self, extra: Decimal | None, warned: bool
    ) -> None:
        terms = plan_drafts.checked_plan(replace(TEAM, extra_token_price=extra))
        found = [warning.code for warning in plan_drafts.warnings(terms, [])]
        assert found == ["extra_token_cheaper_than_plan"] * warned

    def test_says_what_as_many_tokens_cost(self) -> None:
        draft = replace(TEAM, monthly_quota=100_000, monthly_price=Decimal("9.99"))
        terms = plan_drafts.checked_plan(replace(draft, extra_token_price=Decimal("0.00002")))
        (warning,) = plan_drafts.warnings(terms, [])
        assert warning.detail.startswith(
            "100,000 extra tokens cost $2.00, the plan with as many costs $9.99:"
        )

    def test_compares_with_nothing_where_nothing_is_inside(self) -> None:
        draft = replace(TEAM, monthly_quota=0, extra_token_price=Decimal("1E-12"))
        assert plan_drafts.warnings(plan_drafts.checked_plan(draft), []) == ()

    @pytest.mark.parametrize(
        ("prices", "detail"),
        [
            ([price("a", 200_000_000, 300_000_000)], None),
            (
                [price("a", 222_222_223, 400_000_000)],
                "any overage of a: whoever buys them in time never pays that model’s price.",
            ),
            ([price("a", 222_222_222, 400_000_000)], None),
            ([price("a", 400_000_000, 100_000_000)], None),
            ([price("a", 400_000_000, 400_000_000, included=False)], None),
            (
                [price("b", 10**9, 10**9), price("a", 10**9, 10**9)],
                "any overage of a and one other model: whoever buys them in time"
                " never pays those models’ prices.",
            ),
        ],
    )
    def test_compares_with_overage_after_its_discount(self, prices, detail) -> None:
        draft = replace(TEAM, extra_token_price=Decimal("0.0002"), overage_discount=10)
        found = plan_drafts.warnings(plan_drafts.checked_plan(draft), prices)
        assert [warning.detail.endswith(detail or "") for warning in found] == [True] * bool(detail)
