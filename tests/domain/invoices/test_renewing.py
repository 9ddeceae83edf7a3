"""Whose periods are due: ended, not invoiced, or expired unpaid."""

from datetime import timedelta

import pytest

from app.domain.accounts.models import Account
from app.domain.invoices import renewing
from app.domain.invoices.models import CarriedAmount
from app.domain.subscriptions import operations
from app.foundation.database import session, transaction
from app.workflows.renew_subscriptions import renew_subscriptions
from tests.books import check_books
from tests.factories.purchases import SELLER, buy_plan
from tests.factories.usage import GRACE
from tests.fakes.payment_gateway import FakeGateway
from tests.moments import NOW

TICK = timedelta(microseconds=1)
END = NOW + timedelta(days=30)


@pytest.fixture
def pro(ada: Account, ben: Account) -> Account:
    """Ada on Pro; Ben pays as he goes and is never due before his own month ends."""
    buy_plan(ada, "plan-pro", gateway=FakeGateway())
    yield ada
    check_books()


def due(now) -> list[str]:
    session.rollback()
    return [user_id for user_id in renewing.due_accounts(now=now, limit=10) if user_id == "ada"]


class TestDueAccounts:
    @pytest.mark.parametrize(("at", "expected"), [(END - TICK, []), (END, ["ada"])])
    def test_are_those_whose_period_has_ended(self, pro: Account, at, expected) -> None:
        assert due(at) == expected

    def test_are_those_whom_usage_has_rolled_over(self, pro: Account) -> None:
        with transaction():
            operations.roll_over_account(pro, now=END, grace=GRACE)
        assert due(END) == ["ada"]
        assert due(END + GRACE - TICK) == ["ada"]

    def test_are_those_whose_grace_has_passed(self, pro: Account) -> None:
        with transaction():
            renew_subscriptions(seller=SELLER, grace=GRACE, now=END)
        assert due(END + GRACE - TICK) == []
        assert due(END + GRACE) == ["ada"]
        assert renewing.expired_invoices(["ada"]) == []
        session.rollback()
        with transaction():
            operations.roll_over_account(pro, now=END + GRACE, grace=GRACE)
        assert due(END + GRACE) == ["ada"]
        assert [plan_id for _, plan_id in renewing.expired_invoices(["ada"])] == ["plan-pro"]

    def test_are_no_more_than_asked_for(self, pro: Account) -> None:
        assert len(renewing.due_accounts(now=END + GRACE, limit=1)) == 1


class TestSmallAmounts:
    def test_are_those_of_plans_that_wait(self, pro: Account) -> None:
        given = {"user_id": "ada", "created_at": NOW, "amount_nanos": 290_000_000}
        bens = {**given, "user_id": "ben"}
        with transaction():
            session.add_all(
                [
                    CarriedAmount(**given, kind="other", from_month="2026-10"),
                    CarriedAmount(**given, kind="usage", from_month="2026-10"),
                    CarriedAmount(
                        **given, kind="other", from_month="2026-09", forgiven_by="operator:olga"
                    ),
                    CarriedAmount(**bens, kind="other", from_month="2026-10"),
                ]
            )
        small = renewing.small_amounts(["ada"])
        assert set(small) == {"ada"}
        assert [line.amount_minor for line in small["ada"]] == [29]
        # No usage was ever carried: the books must not be left like this.
        with transaction():
            session.query(CarriedAmount).delete()
