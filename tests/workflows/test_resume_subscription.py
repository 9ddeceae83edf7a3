"""Resuming: whatever waits is taken back, with all it held."""

from datetime import timedelta

import pytest

from app.domain.accounts.models import Account
from app.domain.payments.refunds import REFUND_PAYMENT
from app.domain.subscriptions import queries
from app.domain.subscriptions.errors import NothingToResume
from app.foundation.database import session, transaction
from app.workflows.cancel_subscription import cancel_subscription
from app.workflows.lapse_purchase import CLOSE_CHECKOUTS
from app.workflows.resume_subscription import resume_subscription
from tests.factories.payments import payment_row
from tests.factories.purchases import begin_switch, buy_plan, invoices_of, pay, promises
from tests.factories.redemptions import make_coupon, redeem, usage_of
from tests.factories.usage import GRACE
from tests.moments import NOW

END = NOW + timedelta(days=30)
pytestmark = pytest.mark.usefixtures("books")


def resume(account: Account, *, now=NOW) -> None:
    with transaction():
        resume_subscription(account, grace=GRACE, now=now)


def standing(account: Account, *, now=NOW):
    session.rollback()
    return queries.subscription_of(account.id, now=now, grace=GRACE)


class TestResumeSubscription:
    def test_takes_a_cancellation_back(self, ada: Account, gateway) -> None:
        buy_plan(ada, "plan-pro", gateway=gateway)
        with transaction():
            cancel_subscription(ada, grace=GRACE, now=NOW)
        resume(ada)
        assert (standing(ada).auto_renew, standing(ada).cancelled_at) == (True, None)
        assert standing(ada, now=END).plan_id == "plan-pro"

    def test_takes_a_downgrade_back(self, ada: Account, gateway) -> None:
        buy_plan(ada, "plan-pro", gateway=gateway)
        begin_switch(ada, "plan-basic", gateway=gateway)
        resume(ada)
        assert standing(ada, now=END).plan_id == "plan-pro"

    def test_takes_an_open_change_back_with_its_coupon(self, ada: Account, gateway) -> None:
        make_coupon()
        redeem("SAVE20", ada)
        checkout = begin_switch(ada, "plan-pro", gateway=gateway)
        resume(ada)
        (draft,) = invoices_of(ada)
        assert (draft.status, standing(ada).open_change) == ("void", None)
        assert usage_of(ada, "SAVE20").used_up_at is None
        assert promises(CLOSE_CHECKOUTS) == [{"invoice": draft.public_id}]
        # Its page was still open, and is paid all the same.
        pay(checkout, gateway=gateway)
        assert payment_row(checkout.payment_id).is_overpayment
        assert (standing(ada).plan_id, len(promises(REFUND_PAYMENT))) == ("plan-payg", 1)

    def test_finds_nothing_to_resume(self, ada: Account, gateway) -> None:
        with pytest.raises(NothingToResume):
            resume(ada)
        buy_plan(ada, "plan-pro", gateway=gateway)
        with transaction():
            cancel_subscription(ada, grace=GRACE, now=NOW)
        with pytest.raises(NothingToResume):
            resume(ada, now=END)
