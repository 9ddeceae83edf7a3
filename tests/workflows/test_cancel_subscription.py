"""Cancelling: the plan runs to its period's end."""

from datetime import timedelta

import pytest

from app.domain.accounts.models import Account
from app.domain.subscriptions import queries
from app.domain.subscriptions.errors import ChangeInProgress, NothingToCancel
from app.foundation.database import session, transaction
from app.workflows.cancel_subscription import cancel_subscription
from tests.factories.purchases import begin_switch, buy_plan
from tests.factories.usage import GRACE
from tests.moments import NOW

TICK, DAY = timedelta(microseconds=1), timedelta(days=1)
END = NOW + 30 * DAY
pytestmark = pytest.mark.usefixtures("books")


def cancel(account: Account, *, now=NOW) -> None:
    with transaction():
        cancel_subscription(account, grace=GRACE, now=now)


def standing(account: Account, *, now):
    session.rollback()
    return queries.subscription_of(account.id, now=now, grace=GRACE)


class TestCancelSubscription:
    def test_lets_the_plan_run_until_its_period_ends(self, ada: Account, gateway) -> None:
        buy_plan(ada, "plan-pro", gateway=gateway)
        cancel(ada, now=NOW + DAY)
        now = standing(ada, now=END - TICK)
        assert (now.plan_id, now.auto_renew, now.cancelled_at) == ("plan-pro", False, NOW + DAY)
        then = standing(ada, now=END)
        assert (then.plan_id, then.auto_renew, then.cancelled_at) == ("plan-payg", True, None)

    def test_clears_a_downgrade(self, ada: Account, gateway) -> None:
        buy_plan(ada, "plan-pro", gateway=gateway)
        begin_switch(ada, "plan-basic", gateway=gateway)
        cancel(ada)
        assert standing(ada, now=NOW).pending_plan_id is None
        assert standing(ada, now=END).plan_id == "plan-payg"

    def test_is_cleared_by_a_downgrade(self, ada: Account, gateway) -> None:
        buy_plan(ada, "plan-pro", gateway=gateway)
        cancel(ada)
        begin_switch(ada, "plan-basic", gateway=gateway)
        now = standing(ada, now=NOW)
        assert (now.auto_renew, now.pending_plan_id, now.cancelled_at) == (True, "plan-basic", None)
        assert standing(ada, now=END).plan_id == "plan-basic"

    def test_finds_nothing_to_cancel(self, ada: Account, gateway) -> None:
        with pytest.raises(NothingToCancel):
            cancel(ada)
        buy_plan(ada, "plan-pro", gateway=gateway)
        cancel(ada)
        with pytest.raises(NothingToCancel):
            cancel(ada)
        with pytest.raises(NothingToCancel):
            cancel(ada, now=END)

    def test_waits_for_a_change_that_is_being_paid(self, ada: Account, gateway) -> None:
        buy_plan(ada, "plan-basic", gateway=gateway)
        begin_switch(ada, "plan-pro", gateway=gateway)
        with pytest.raises(ChangeInProgress):
            cancel(ada)
