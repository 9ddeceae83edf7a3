"""Plans made and changed: what runs keeps its terms."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
from flask import Flask

from app.domain.accounts.models import Account
from app.domain.catalog import plan_making, queries
from app.domain.catalog.errors import PayAsYouGoFixed, PlanIdTaken, PlanInvalid, UnknownPlan
from app.domain.catalog.models import Plan
from app.domain.catalog.plan_drafts import PlanDraft
from app.foundation.database import session, transaction
from app.foundation.journal import JournalEntry
from tests.factories.accounts import make_account
from tests.factories.catalog import make_price
from tests.factories.subscriptions import current_period
from tests.moments import NOW
from tests.statements import statements

TEAM = PlanDraft(name="Team", monthly_quota=500_000, monthly_price=Decimal("49.99"))


def create(plan_id: str = "plan-team", draft: PlanDraft = TEAM) -> Plan:
    with transaction():
        return plan_making.create_plan(plan_id, draft, actor="operator:olga", now=NOW)


def change(plan_id: str, **changes: object) -> Plan:
    with transaction():
        return plan_making.change_plan(
            plan_id, partial(replace, **changes), actor="operator:olga", now=NOW
        )


def acts() -> list[tuple[str, dict]]:
    return [
        (row.action, row.details) for row in session.query(JournalEntry).order_by(JournalEntry.id)
    ]


class TestCreatePlan:
    def test_offers_a_plan_and_notes_it(self, app: Flask) -> None:
        create()
        assert [plan.id for plan in queries.plans_for_sale()][-1] == "plan-team"
        ((action, details),) = acts()
        assert (action, details["id"], details["monthly_price_minor"]) == (
            *("plan_created", "plan-team", 4_999),
        )

    @pytest.mark.parametrize(
        ("plan_id", "refusal"), [("plan-pro", PlanIdTaken), ("Team", PlanInvalid)]
    )
    def test_refuses(self, app: Flask, plan_id: str, refusal) -> None:
        with pytest.raises(refusal):
            create(plan_id)
        assert acts() == []


class TestChangePlan:
    def test_changes_what_is_named_and_no_running_period(self, app: Flask) -> None:
        make_account("pia", plan_id="plan-pro")
        plan = change("plan-pro", monthly_price=120, monthly_quota=5)
        assert (plan.monthly_price_minor, plan.monthly_quota, plan.name) == (12_000, 5, "Pro")
        assert plan.updated_at == NOW
        period = current_period("pia")
        assert (period.price_minor, period.quota) == (9_999, 1_000_000)
        ((action, details),) = acts()
        assert (action, details) == (
            "plan_changed",
            {
                "id": "plan-pro",
                "monthly_price_minor": {"from": 9_999, "to": 12_000},
                "monthly_quota": {"from": 1_000_000, "to": 5},
            },
        )

    def test_takes_a_plan_off_the_shelf(self, app: Flask) -> None:
        change("plan-pro", is_active=False)
        assert "plan-pro" not in [plan.id for plan in queries.plans_for_sale()]

    def test_notes_nothing_where_nothing_changes(self, app: Flask) -> None:
        before = queries.plan("plan-pro").updated_at
        assert change("plan-pro", monthly_price=Decimal("99.99")).updated_at == before
        assert acts() == []

    @pytest.mark.parametrize(
        "changes",
        [
            {"monthly_quota": 1},
            {"monthly_price": 1},
            {"extra_token_price": Decimal("0.001")},
            {"overage_discount": 1},
            {"is_active": False},
        ],
    )
    def test_leaves_pay_as_you_go_what_it_is(self, ada: Account, changes: dict) -> None:
        with pytest.raises(PayAsYouGoFixed):
            change("plan-payg", **changes)
        assert change("plan-payg", rate_limit_per_min=30).rate_limit_per_min == 30

    def test_knows_no_other(self, app: Flask) -> None:
        with pytest.raises(UnknownPlan):
            change("plan-x", name="X")


class TestChangeOf:
    def test_tells_and_changes_nothing(self, app: Flask) -> None:
        plan = queries.plan("plan-pro")
        draft = replace(plan_making.draft_of(plan), monthly_quota=5, name="Professional")
        change = plan_making.change_of(plan, draft)
        assert change.changed == {
            "name": {"from": "Pro", "to": "Professional"},
            "monthly_quota": {"from": 1_000_000, "to": 5},
        }
        assert change.is_of_terms and change.terms.monthly_quota == 5
        assert plan.name == "Pro" and acts() == []

    @pytest.mark.parametrize(
        ("changes", "is_of_terms"),
        [
            ({}, False),
            ({"name": "P", "description": "p", "features": ("p",), "display_order": 9}, False),
            ({"is_active": False, "support_level": "none"}, False),
            ({"monthly_price": 1}, True),
            ({"extra_token_price": None}, True),
            ({"overage_discount": 1}, True),
            ({"max_concurrent_req": 1}, True),
            ({"rate_limit_per_min": 1}, True),
        ],
    )
    def test_tells_terms_from_words(self, app: Flask, changes: dict, is_of_terms: bool) -> None:
        plan = queries.plan("plan-pro")
        draft = replace(plan_making.draft_of(plan), **changes)
        assert plan_making.change_of(plan, draft).is_of_terms is is_of_terms

    def test_refuses_what_changing_would(self, app: Flask) -> None:
        for plan_id, changes, refusal in (
            ("plan-payg", {"monthly_quota": 1}, PayAsYouGoFixed),
            ("plan-pro", {"monthly_quota": -1}, PlanInvalid),
        ):
            plan = queries.plan(plan_id)
            with pytest.raises(refusal):
                plan_making.change_of(plan, replace(plan_making.draft_of(plan), **changes))


class TestVersionsOf:
    def test_are_those_of_the_plan_alone(self, app: Flask) -> None:
        for plan_id, price in (("plan-pro", 1), ("plan-basic", 2), ("plan-pro", 3)):
            change(plan_id, monthly_price=price)
        pro = queries.plan("plan-pro")
        prices = [
            entry.details["monthly_price_minor"]["to"]
            for entry in plan_making.versions_of(pro, limit=9)
        ]
        assert prices == [300, 100]
        assert len(plan_making.versions_of(pro, limit=1)) == 1
        assert plan_making.versions_of(queries.plan("plan-enterprise"), limit=9) == []


class TestPlansWithWarnings:
    def test_reads_all_at_once(self, app: Flask) -> None:
        with statements() as sent:
            found = plan_making.plans_with_warnings(now=NOW)
        assert len(sent) == 2, sent
        for plan, warnings in found:
            assert warnings == plan_making.warnings_of(plan, now=NOW)


class TestWarningsOf:
    def test_tells_what_basic_was_shipped_with(self, app: Flask) -> None:
        codes = [
            warning.code for warning in plan_making.warnings_of(queries.plan("plan-basic"), now=NOW)
        ]
        assert codes == ["extra_token_cheaper_than_plan", "extra_token_cheaper_than_overage"]
        assert plan_making.warnings_of(queries.plan("plan-payg"), now=NOW) == ()

    def test_reads_the_prices_of_now(self, app: Flask) -> None:
        dear = {"prompt_pico": 10**9, "completion_pico": 10**9}
        make_price("dear-once", **dear, effective_to=NOW)
        make_price("dear-later", **dear, effective_from=NOW + timedelta(seconds=1))
        pro = queries.plan("plan-pro")
        assert plan_making.warnings_of(pro, now=NOW) == ()
        make_price("dear", **dear, effective_from=NOW)
        (warning,) = plan_making.warnings_of(pro, now=NOW)
        assert warning.detail.startswith(
            "At $150.00 per million, extra tokens are cheaper than any overage of dear:"
        )
