"""Accepted changes: fixed, one at a time, and applied to the period they were made for."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from app.domain.accounts.models import Account
from app.domain.subscriptions import changing, operations, plan_changes, queries
from app.domain.subscriptions.changing import Change, PlanChangeStatus, Standing
from app.domain.subscriptions.models import PlanChange
from app.foundation.database import session, transaction
from app.foundation.periods import Period
from tests.books import check_books
from tests.factories.accounts import make_account
from tests.factories.subscriptions import current_period
from tests.factories.usage import GRACE
from tests.moments import NOW

TICK = timedelta(microseconds=1)


@pytest.fixture(autouse=True)
def books(app):
    yield
    check_books()


@pytest.fixture
def basic() -> Account:
    """Ada on Basic, whose period began ten days ago."""
    return make_account("ada", plan_id="plan-basic")


def change_to(account: Account, plan_id: str) -> Change:
    period = current_period(account.id)
    terms = queries.terms_by_plan()
    bounds = Period(period.starts_at, period.ends_at)
    standing = Standing(bounds, terms[period.plan_id], is_unpaid=False, net_paid_minor=999)
    return changing.change(standing, terms[plan_id], now=NOW)


def accept(account: Account, plan_id: str) -> PlanChange:
    change, period = change_to(account, plan_id), current_period(account.id)
    session.rollback()
    with transaction():
        return plan_changes.accept(account, change, period_id=period.id, now=NOW)


def status(accepted: PlanChange) -> str:
    session.rollback()
    return plan_changes.plan_change(accepted.id).status


class TestAccept:
    def test_fixes_everything_for_half_an_hour(self, basic: Account) -> None:
        accepted = accept(basic, "plan-pro")
        assert accepted.status == "open"
        assert accepted.lapses_at == NOW + timedelta(minutes=30)
        change = change_to(basic, "plan-pro")
        assert (accepted.charge_minor, accepted.quota_change) == (
            change.charge_minor,
            change.quota_change,
        )
        assert plan_changes.find_open(basic).id == accepted.id

    def test_keeps_a_second_one_out(self, basic: Account) -> None:
        accept(basic, "plan-pro")
        with pytest.raises(IntegrityError):
            accept(basic, "plan-enterprise")


class TestStillFits:
    def fits(self, accepted: PlanChange, *, now=NOW) -> bool:
        session.rollback()
        return plan_changes.still_fits(plan_changes.plan_change(accepted.id), now=now)

    def test_ends_with_the_period(self, basic: Account) -> None:
        accepted, end = accept(basic, "plan-pro"), current_period(basic.id).ends_at
        assert self.fits(accepted, now=end - TICK)
        assert not self.fits(accepted, now=end)

    def test_ends_when_another_period_is_written(self, basic: Account) -> None:
        accepted, end = accept(basic, "plan-pro"), current_period(basic.id).ends_at
        with transaction():
            operations.roll_over_account(basic, now=end, grace=GRACE)
        assert not self.fits(accepted, now=end)

    def test_ends_with_the_plan(self, basic: Account) -> None:
        accepted = accept(basic, "plan-pro")
        with transaction():
            operations.end_now(basic, now=NOW)
        assert not self.fits(accepted)

    def test_lasts_over_periods_of_pay_as_you_go(self, ada: Account) -> None:
        accepted = accept(ada, "plan-pro")
        assert self.fits(accepted, now=NOW + timedelta(days=90))


class TestMove:
    @pytest.mark.parametrize("before", PlanChangeStatus)
    @pytest.mark.parametrize("after", PlanChangeStatus)
    def test_follows_the_table(self, basic: Account, before, after) -> None:
        accepted = accept(basic, "plan-pro")
        with transaction():
            session.get_one(PlanChange, accepted.id).status = before
        allowed = after in changing.CHANGE_TRANSITIONS[before]
        try:
            with transaction():
                row = plan_changes.plan_change(accepted.id)
                plan_changes.move(row, after, now=NOW)
        except AssertionError:
            assert not allowed and status(accepted) == before
        else:
            assert allowed and status(accepted) == after


class TestRefund:
    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("open", "refunded"),
            ("lapsed", "refunded"),
            ("applied", "applied"),
            ("refunded", "refunded"),
        ],
    )
    def test_notes_it_where_nothing_was_applied(self, basic: Account, before, after) -> None:
        accepted = accept(basic, "plan-pro")
        with transaction():
            session.get_one(PlanChange, accepted.id).status = before
        with transaction():
            plan_changes.refund(accepted.id, now=NOW)
        assert status(accepted) == after
