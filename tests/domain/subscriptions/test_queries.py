"""What readers see of periods is what a writer writes, at every moment."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from app.domain.accounts.operations import lock_accounts
from app.domain.subscriptions import operations, queries
from app.domain.subscriptions.models import Subscription, SubscriptionPeriod
from app.foundation.database import end_reading, session, transaction
from tests.factories.accounts import AGE, make_account
from tests.factories.catalog import make_plan
from tests.factories.usage import make_usage
from tests.moments import NOW
from tests.statements import statements

pytestmark = pytest.mark.usefixtures("app")

DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
GRACE = 7 * DAY
START = NOW - AGE  # 12 November, noon
END = START + 30 * DAY
MOMENTS = [
    NOW,
    END - MICROSECOND,
    END,
    END + GRACE - MICROSECOND,
    END + GRACE,
    END + 31 * DAY,
    END + 100 * DAY,
    END + 1_000 * DAY,
]


def make_subscriber(**changes: object) -> None:
    plan_id = changes.pop("plan_id", "plan-pro")
    make_account("ada", plan_id=plan_id)
    subscription = session.query(Subscription).filter_by(user_id="ada").one()
    period = session.query(SubscriptionPeriod).filter_by(user_id="ada").one()
    for name, value in changes.items():
        setattr(period if hasattr(period, name) else subscription, name, value)
    session.commit()


def roll_over(now: datetime) -> bool:
    with transaction():
        lock_accounts({"ada"})
        pairs = queries.periods_since(["ada"], since=now)
        return operations.roll_over(pairs, now=now, grace=GRACE)


def view(now: datetime) -> queries.PeriodView:
    end_reading()
    return queries.current_period("ada", now=now, grace=GRACE)


class TestCurrentPeriod:
    @pytest.mark.parametrize(
        "changes",
        [
            {"plan_id": "plan-payg"},
            {"plan_id": "plan-pro"},
            {"plan_id": "plan-pro", "auto_renew": False},
            {"plan_id": "plan-pro", "pending_plan_id": "plan-basic"},
            {"plan_id": "plan-free"},
            {"plan_id": "plan-pro", "pending_plan_id": "plan-free"},
            {"plan_id": "plan-basic", "grace_ends_at": START + 15 * DAY, "status": "past_due"},
        ],
        ids=str,
    )
    def test_reads_what_rolling_over_writes(self, changes: dict[str, object]) -> None:
        make_plan("plan-free", monthly_price_minor=0)
        make_subscriber(**changes)
        for now in MOMENTS:
            seen = view(now)
            roll_over(now)
            assert view(now) == seen
            assert seen.starts_at <= now
            assert now < (seen.grace_ends_at or seen.ends_at)

    def test_is_the_same_however_late_it_is_written(self) -> None:
        make_subscriber(pending_plan_id="plan-basic")
        seen = [view(now) for now in MOMENTS]
        roll_over(MOMENTS[-1])
        # Written at once, over three years late: the same as step by step.
        assert view(MOMENTS[-1]) == seen[-1]

    def test_counts_what_was_used_only_in_the_running_one(self) -> None:
        make_subscriber()
        make_usage(prompt_tokens=1_000, completion_tokens=0)
        here, next_one = view(NOW), view(END)
        assert (here.tokens_used, here.quota_tokens_used) == (1_000, 1_000)
        assert here.tokens_remaining == 999_000
        assert (next_one.tokens_used, next_one.tokens_remaining) == (0, 233_333 - 7_527)

    def test_takes_the_plan_s_terms_of_the_moment_it_is_written(self) -> None:
        make_subscriber()
        plan = make_plan("plan-later")
        before = view(END)
        session.get_one(type(plan), "plan-pro").monthly_quota = 2_000_000
        session.commit()
        assert view(NOW).quota == 1_000_000
        assert view(END).terms == replace(before.terms, quota=2_000_000)

    def test_takes_one_statement_unless_the_period_has_ended(self) -> None:
        make_subscriber()
        with statements() as sent:
            view(NOW)
        assert len(sent) == 1
        with statements() as sent:
            view(END + 1_000 * DAY)
        assert len(sent) == 2


class TestPeriodsUntilNow:
    def test_are_the_written_ones_and_those_to_come(self) -> None:
        make_subscriber()
        roll_over(END)
        now = END + GRACE
        end_reading()
        periods = queries.periods_until_now("ada", since=START, now=now, grace=GRACE)
        assert [(p.starts_at, p.terms.plan_id) for p in periods] == [
            (START, "plan-pro"),
            (END, "plan-pro"),
            (now, "plan-payg"),
        ]

    def test_leave_out_what_ended_by_then(self) -> None:
        make_subscriber()
        roll_over(END + GRACE)
        for since, count in [(END - MICROSECOND, 3), (END, 2), (END + GRACE, 1)]:
            end_reading()
            periods = queries.periods_until_now("ada", since=since, now=END + GRACE, grace=GRACE)
            assert len(periods) == count


class TestUsagePeriods:
    def test_are_the_current_one_and_those_that_ended_since(self) -> None:
        make_subscriber()
        make_account("ben")
        roll_over(END + 100 * DAY)
        with transaction():
            later = queries.usage_periods(["ada"], since=END + GRACE)
            everything = queries.usage_periods(["ada", "ben"], since=START)
        assert {period.user_id for period in later} == {"ada"}
        assert len([p for p in everything if p.user_id == "ada"]) == len(later) + 2
        assert [p.is_current for p in later].count(True) == 1

    @pytest.mark.parametrize(
        ("beyond", "is_over"), [(-MICROSECOND, False), (0 * DAY, True), (MICROSECOND, True)]
    )
    def test_know_when_they_are_over(self, beyond: timedelta, is_over: bool) -> None:
        make_subscriber(grace_ends_at=START + 15 * DAY)
        [period] = queries.usage_periods(["ada"], since=NOW)
        assert period.is_over(START + 15 * DAY + beyond) == is_over
        [paid] = [period._replace(grace_ends_at=None)]
        assert paid.is_over(END + beyond) == is_over


class TestCurrentPeriods:
    @pytest.mark.parametrize("now", MOMENTS)
    def test_reads_for_many_what_is_read_for_one(self, now: datetime) -> None:
        user_ids = ["ada", "ben", "cleo"]
        for user_id, plan_id in zip(user_ids, ("plan-payg", "plan-basic", "plan-pro"), strict=True):
            make_account(user_id, plan_id=plan_id)
        make_account("dora", plan_id="plan-pro")
        views = queries.current_periods(user_ids, now=now, grace=GRACE)
        assert views == {
            user_id: queries.current_period(user_id, now=now, grace=GRACE) for user_id in user_ids
        }


class TestCurrentAndFollowing:
    def ahead(self, now: datetime) -> tuple[queries.PeriodView, queries.PeriodView]:
        terms = queries.terms_by_plan()
        return queries.current_and_following("ada", terms=terms, now=now, grace=GRACE)

    def test_the_plan_goes_on(self) -> None:
        make_subscriber()
        current, following = self.ahead(NOW)
        assert current == view(NOW)
        assert following.starts_at == current.ends_at
        assert following.terms.plan_id == current.terms.plan_id

    def test_what_waits_for_the_periods_end_comes_then(self) -> None:
        make_subscriber(pending_plan_id="plan-pro")
        assert self.ahead(NOW)[1].terms.plan_id == "plan-pro"

    def test_after_a_cancellation_it_is_pay_as_you_go(self) -> None:
        make_subscriber(auto_renew=False)
        assert self.ahead(NOW)[1].terms.price_minor == 0

    def test_takes_one_statement(self) -> None:
        make_subscriber()
        terms = queries.terms_by_plan()
        with statements() as sent:
            queries.current_and_following("ada", terms=terms, now=NOW, grace=GRACE)
        assert len(sent) == 1
