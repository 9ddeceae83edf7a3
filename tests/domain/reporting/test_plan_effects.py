"""What a change of a plan comes to: for whom, from when, and how much."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.accounts.models import Account
from app.domain.catalog import queries as catalog
from app.domain.reporting.plan_effects import PlanEffect, plan_effect
from app.domain.subscriptions.models import Subscription
from app.domain.subscriptions.queries import terms_of
from app.domain.subscriptions.rules import Terms
from app.foundation.database import session
from tests.factories.accounts import make_account
from tests.factories.catalog import make_price
from tests.factories.subscriptions import current_period
from tests.factories.usage import make_usage
from tests.moments import NOW
from tests.statements import statements

NOTICE = timedelta(days=14)
CENT = 10_000_000
MICROSECOND = timedelta(microseconds=1)


def effect(*, now=NOW, **changes: object) -> PlanEffect:
    """Return what it comes to if Basic is changed so."""
    before: Terms = terms_of(catalog.plan("plan-basic"))
    session.commit()
    return plan_effect(before, replace(before, **changes), notice=NOTICE, now=now)


def decide(user_id: str, **changes: object) -> None:
    session.query(Subscription).filter_by(user_id=user_id).update(changes)
    session.commit()


@pytest.fixture
def bo(app) -> Account:
    """Somebody on Basic."""
    return make_account("bo", plan_id="plan-basic")


class TestPlanEffect:
    def test_reaches_nobody_where_nobody_has_the_plan(self, ada, noise) -> None:
        assert effect(price_minor=1) == PlanEffect(0, 0, 0, None, None, 0, 0, 0)

    def test_counts_who_renews_and_who_leaves(self, bo, noise) -> None:
        make_account("bea", plan_id="plan-basic", now=NOW - timedelta(days=5))
        make_account("bill", plan_id="plan-basic")
        decide("bill", auto_renew=False)
        make_account("bess", plan_id="plan-basic")
        decide("bess", pending_plan_id="plan-pro")
        # On Pro until then: his next period is of Basic.
        make_account("cem", plan_id="plan-pro")
        decide("cem", pending_plan_id="plan-basic")
        found = effect(price_minor=1_299)
        assert (found.subscribers, found.leaving, found.renewing) == (4, 2, 3)
        assert found.first_at == current_period("bea").ends_at
        assert found.last_at == current_period("bo").ends_at == current_period("cem").ends_at

    @pytest.mark.parametrize(
        ("before_notice", "soon"), [(MICROSECOND, 0), (timedelta(0), 0), (-MICROSECOND, 1)]
    )
    def test_counts_whom_no_notice_reaches_in_time(self, bo, before_notice, soon) -> None:
        at = current_period("bo").ends_at - NOTICE - before_notice
        assert effect(price_minor=1_299, now=at).renewing_soon == soon

    def test_whose_period_has_ended_unseen_renews_now(self, bo) -> None:
        later = current_period("bo").ends_at + timedelta(days=1)
        found = effect(price_minor=1_299, now=later)
        assert (found.first_at, found.last_at, found.renewing_soon) == (later, later, 1)

    def test_compares_what_their_last_days_would_have_cost(self, bo, noise) -> None:
        make_account("bea", plan_id="plan-basic")
        make_account("bill", plan_id="plan-basic")
        decide("bill", auto_renew=False)
        # 100,000 are in the plan; of 160,000 tokens for 4.80 USD, 60,000 are left to pay.
        for user_id in ("bo", "bill", "noise-payg"):
            make_usage(user_id, prompt_tokens=160_000, completion_tokens=0)
        found = effect(price_minor=1_299, quota=130_000)
        assert found.before_nanos == (2 * 999 + 180) * CENT
        assert found.after_nanos == (2 * 1_299 + 90) * CENT
        assert found.difference_nanos == 510 * CENT

    def test_models_outside_the_plans_draw_no_quota(self, bo) -> None:
        make_price("outside", included_in_plans=False)
        make_usage("bo", model="outside", prompt_tokens=1_000, completion_tokens=0)
        found = effect(quota=10**9, overage_discount_bp=5_000)
        overage = found.before_nanos - 999 * CENT
        assert overage > 0 and found.after_nanos == 999 * CENT + overage // 2

    def test_leaves_older_days_out(self, bo) -> None:
        for days, requests in ((29, 1), (30, 1)):
            make_usage(
                "bo",
                prompt_tokens=200_000,
                completion_tokens=0,
                request_id=f"days-{days}-{requests}",
                now=NOW - timedelta(days=days),
                occurred_at=NOW - timedelta(days=days),
            )
        # Its 100,000 tokens above the quota cost 3 USD.
        assert effect(price_minor=999).before_nanos == (999 + 300) * CENT

    def test_takes_three_statements(self, bo) -> None:
        for number in range(5):
            make_account(f"bo-{number}", plan_id="plan-basic")
        before = terms_of(catalog.plan("plan-basic"))
        with statements() as sent:
            plan_effect(before, before, notice=NOTICE, now=NOW)
        assert len(sent) == 3, sent
