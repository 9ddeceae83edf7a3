"""A demo account that began months ago."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.domain.accounts import queries
from app.domain.accounts.errors import RealAccountsPresent
from app.domain.subscriptions.models import Subscription, SubscriptionPeriod
from app.foundation.database import session, transaction
from app.workflows.open_demo_account import DemoAccount, open_demo_account
from app.workflows.verify_books import verify_books
from tests.factories.accounts import make_account
from tests.moments import NOW

pytestmark = pytest.mark.usefixtures("app")

PRO = DemoAccount("user-123", "demo@example.com", "Lumen", plan_id="plan-pro", alert_threshold=9)
GRACE = timedelta(days=7)
BEGAN = NOW - timedelta(days=91)


def open_it(who: DemoAccount = PRO, *, now=NOW):
    with transaction():
        return open_demo_account(who, began_at=BEGAN, now=now, grace=GRACE)


def periods(user_id: str = "user-123"):
    mine = select(SubscriptionPeriod).filter_by(user_id=user_id)
    return session.scalars(mine.order_by(SubscriptionPeriod.starts_at)).all()


class TestOpenDemoAccount:
    def test_has_paid_for_every_period_up_to_now(self) -> None:
        account = open_it()
        before, *paid = periods()
        assert (before.plan_id, before.ends_at) == ("plan-payg", BEGAN + timedelta(days=1))
        assert len(paid) == 3
        assert {p.plan_id for p in paid} == {"plan-pro"}
        assert all(p.grace_ends_at is None and p.quota == 1_000_000 for p in paid)
        assert [p.is_current for p in paid] == [False, False, True]
        assert paid[-1].starts_at <= NOW < paid[-1].ends_at
        assert account.is_demo and queries.settings_of(account).alert_threshold == 9
        assert verify_books() == []

    def test_goes_on_where_it_stands(self) -> None:
        open_it()
        count = len(periods())
        open_it()
        assert len(periods()) == count
        open_it(now=NOW + timedelta(days=70))
        assert len(periods()) == count + 3
        [running] = session.scalars(select(Subscription).filter_by(status="active"))
        assert running.plan_id == "plan-pro"
        assert verify_books() == []

    def test_pays_for_a_period_that_waits_for_it(self) -> None:
        open_it()
        current = periods()[-1]
        current.grace_ends_at, current.quota = current.starts_at + GRACE, 225_806
        session.commit()
        open_it()
        assert (periods()[-1].grace_ends_at, periods()[-1].quota) == (None, 1_000_000)

    def test_pays_as_it_goes_without_a_plan(self) -> None:
        open_it(DemoAccount("user-202", "mika@example.com", "Mika"))
        assert {period.plan_id for period in periods("user-202")} == {"plan-payg"}

    def test_is_refused_beside_real_accounts(self) -> None:
        make_account("ada")
        with pytest.raises(RealAccountsPresent):
            open_it()
        assert queries.find_account("user-123") is None
