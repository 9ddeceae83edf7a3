"""Ending a plan now, and paying for a period while that still can be done."""

from datetime import timedelta

import pytest

from app.domain.accounts.models import Account
from app.domain.subscriptions import operations
from app.foundation.database import session, transaction
from tests.books import check_books
from tests.factories.accounts import make_account
from tests.factories.subscriptions import current_period
from tests.factories.usage import GRACE
from tests.moments import NOW

TICK = timedelta(microseconds=1)


@pytest.fixture
def basic(app) -> Account:
    yield make_account("ada", plan_id="plan-basic")
    check_books()


class TestEndNow:
    def test_goes_on_with_pay_as_you_go(self, basic: Account) -> None:
        with transaction():
            operations.end_now(basic, now=NOW)
        period = current_period(basic.id)
        assert (period.plan_id, period.starts_at, period.quota) == ("plan-payg", NOW, 0)


class TestPayPeriod:
    def test_tells_whether_it_still_could_be_paid(self, basic: Account) -> None:
        end = current_period(basic.id).ends_at
        with transaction():
            operations.roll_over_account(basic, now=end, grace=GRACE)
        period = current_period(basic.id)
        with transaction():
            assert not operations.pay_period(period.id, now=end + GRACE)
        with transaction():
            assert operations.pay_period(period.id, now=end + GRACE - TICK)
        session.refresh(period)
        assert (period.quota, period.grace_ends_at) == (100_000, None)
        # It is whole already.
        with transaction():
            assert operations.pay_period(period.id, now=end)
