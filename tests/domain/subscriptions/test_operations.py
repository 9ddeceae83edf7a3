"""Periods as they are written: begun, paid, and rolled over for many accounts at once."""

from datetime import datetime, timedelta

import pytest

from app.domain.accounts.models import Account
from app.domain.accounts.operations import lock_accounts
from app.domain.catalog.models import Plan
from app.domain.subscriptions import operations, queries
from app.domain.subscriptions.errors import PeriodNotOwed
from app.domain.subscriptions.models import Subscription, SubscriptionPeriod
from app.foundation.database import end_reading, session, transaction
from app.workflows.verify_books import verify_books
from tests.factories.accounts import AGE, make_account
from tests.factories.subscriptions import current_period
from tests.moments import NOW
from tests.statements import statements

pytestmark = pytest.mark.usefixtures("app")

DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
GRACE = 7 * DAY
START = NOW - AGE
END = START + 30 * DAY


@pytest.fixture(autouse=True)
def books(app) -> None:
    """After each test, every account has one current period and no gap between periods."""
    yield
    end_reading()
    assert verify_books() == []


def roll_over(*user_ids: str, now: datetime) -> bool:
    with transaction():
        lock_accounts(user_ids)
        pairs = queries.periods_since(user_ids, since=now)
        return operations.roll_over(pairs, now=now, grace=GRACE)


def subscriptions_of(user_id: str) -> list[Subscription]:
    session.expire_all()
    found = session.query(Subscription).filter_by(user_id=user_id)
    return found.order_by(Subscription.anchor_at).all()


def periods_of(user_id: str) -> list[SubscriptionPeriod]:
    session.expire_all()
    found = session.query(SubscriptionPeriod).filter_by(user_id=user_id)
    return found.order_by(SubscriptionPeriod.starts_at).all()


class TestBeginPlan:
    def test_ends_pay_as_you_go_now_and_starts_a_full_period(self) -> None:
        ada = make_account("ada")
        with transaction():
            plan = session.get_one(Plan, "plan-pro")
            operations.begin_plan(ada, plan, now=NOW)
        before, after = periods_of("ada")
        assert (before.ends_at, before.is_current) == (NOW, False)
        assert (after.starts_at, after.ends_at) == (NOW, datetime.fromisoformat("2026-12-22T12Z"))
        assert (after.is_current, after.grace_ends_at) == (True, None)
        assert (after.quota, after.plan_quota, after.price_minor) == (1_000_000, 1_000_000, 9_999)
        assert (after.overage_discount_bp, after.max_concurrent_req) == (1_000, 20)
        payg, pro = subscriptions_of("ada")
        assert (payg.status, payg.cancelled_at) == ("cancelled", NOW)
        assert (pro.status, pro.plan_id, pro.anchor_at) == ("active", "plan-pro", NOW)

    def test_wants_what_has_ended_rolled_over_first(self) -> None:
        ada = make_account("ada")
        with pytest.raises(AssertionError, match="roll over"), transaction():
            operations.begin_plan(ada, session.get_one(Plan, "plan-pro"), now=END)


class TestMarkPaid:
    def test_makes_the_quota_whole(self) -> None:
        make_account("ada", plan_id="plan-pro")
        roll_over("ada", now=END)
        assert subscriptions_of("ada")[0].status == "past_due"
        with transaction():
            operations.mark_paid(current_period("ada"), now=END + GRACE - MICROSECOND)
        period = current_period("ada")
        assert (period.quota, period.grace_ends_at) == (1_000_000, None)
        assert subscriptions_of("ada")[0].status == "active"
        # What is paid does not expire.
        assert not roll_over("ada", now=END + GRACE)

    def test_refuses_a_period_that_is_not_owed(self) -> None:
        make_account("ada", plan_id="plan-pro")
        with pytest.raises(PeriodNotOwed), transaction():
            operations.mark_paid(current_period("ada"), now=NOW)

    def test_refuses_a_period_whose_grace_is_over_rolled_over_or_not(self) -> None:
        make_account("ada", plan_id="plan-pro")
        roll_over("ada", now=END)
        unpaid = current_period("ada")
        with pytest.raises(PeriodNotOwed), transaction():
            operations.mark_paid(unpaid, now=END + GRACE)
        roll_over("ada", now=END + GRACE)
        session.refresh(unpaid)
        with pytest.raises(PeriodNotOwed), transaction():
            operations.mark_paid(unpaid, now=END)
        assert [s.status for s in subscriptions_of("ada")] == ["expired", "active"]


class TestRollOver:
    def test_writes_nothing_before_the_end(self) -> None:
        make_account("ada")
        assert not roll_over("ada", now=END - timedelta(microseconds=1))
        assert len(periods_of("ada")) == 1

    def test_renews_into_grace(self) -> None:
        make_account("ada", plan_id="plan-pro")
        assert roll_over("ada", now=END)
        before, after = periods_of("ada")
        assert (before.is_current, before.ends_at) == (False, END)
        assert (after.is_current, after.starts_at) == (True, END)
        assert (after.grace_ends_at, after.quota) == (END + GRACE, 225_806)
        assert after.plan_quota == 1_000_000
        [subscription] = subscriptions_of("ada")
        assert after.subscription_id == before.subscription_id == subscription.id
        assert subscription.status == "past_due"

    def test_expires_an_unpaid_renewal_to_pay_as_you_go(self) -> None:
        make_account("ada", plan_id="plan-pro")
        roll_over("ada", now=END)
        assert roll_over("ada", now=END + GRACE)
        _, unpaid, payg = periods_of("ada")
        assert (unpaid.ends_at, unpaid.quota) == (END + GRACE, 225_806)
        assert (payg.starts_at, payg.plan_id, payg.is_current) == (END + GRACE, "plan-payg", True)
        pro, after = subscriptions_of("ada")
        assert (pro.status, pro.cancelled_at) == ("expired", END + GRACE)
        assert (after.status, after.plan_id, after.anchor_at) == (
            "active",
            "plan-payg",
            END + GRACE,
        )
        assert payg.subscription_id == after.id

    def test_cancels_at_the_end(self) -> None:
        make_account("ada", plan_id="plan-pro")
        subscriptions_of("ada")[0].auto_renew = False
        session.commit()
        assert roll_over("ada", now=END)
        pro, payg = subscriptions_of("ada")
        assert (pro.status, pro.cancelled_at, pro.plan_id) == ("cancelled", END, "plan-pro")
        assert (payg.status, payg.plan_id) == ("active", "plan-payg")

    def test_applies_a_pending_plan_and_forgets_it(self) -> None:
        make_account("ada", plan_id="plan-pro")
        subscriptions_of("ada")[0].pending_plan_id = "plan-basic"
        session.commit()
        assert roll_over("ada", now=END)
        [subscription] = subscriptions_of("ada")
        assert (subscription.plan_id, subscription.pending_plan_id) == ("plan-basic", None)
        assert periods_of("ada")[-1].price_minor == 999

    def test_catches_up_on_months_without_a_request(self) -> None:
        make_account("ada", plan_id="plan-pro")
        assert roll_over("ada", now=END + 100 * DAY)
        plans = [period.plan_id for period in periods_of("ada")]
        assert plans == ["plan-pro"] * 2 + ["plan-payg"] * 4
        assert [period.is_current for period in periods_of("ada")].index(True) == 5
        assert [s.status for s in subscriptions_of("ada")] == ["expired", "active"]

    def test_leaves_other_accounts_alone(self, noise: list[Account]) -> None:
        make_account("ada")
        roll_over("ada", now=END + 100 * DAY)
        assert all(len(periods_of(account.id)) == 1 for account in noise)

    def test_takes_as_many_statements_for_fifty_accounts_as_for_one(self) -> None:
        def sent_for(*user_ids: str) -> int:
            with statements() as sent:
                assert roll_over(*user_ids, now=END + 100 * DAY)
            return len(sent)

        plans = ("plan-payg", "plan-pro")
        many = [make_account(f"user-{n}", plan_id=plans[n % 2]).id for n in range(50)]
        make_account("ada", plan_id="plan-pro")
        assert sent_for(*many) == sent_for("ada")
