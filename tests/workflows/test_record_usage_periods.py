"""Which period pays and which month is billed: late records, closed months, roll-overs."""

from datetime import UTC, date, datetime, timedelta

import pytest

from app.domain.accounts.models import Account
from app.domain.subscriptions.models import SubscriptionPeriod
from app.domain.tokens.models import TokenEntry
from app.domain.usage.models import (
    BillingRecord,
    MonthClose,
    UsageDaily,
    UsageHourly,
    UsageMonthly,
)
from app.foundation.database import session
from tests.factories.accounts import AGE, make_account
from tests.factories.catalog import make_price
from tests.factories.tokens import make_extra_tokens
from tests.factories.usage import make_report, make_usage, record
from tests.moments import NOW

MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)
START = NOW - AGE  # 12 November, noon
END = START + 30 * DAY  # 12 December, noon
GRACE_END = END + 7 * DAY
NOVEMBER = datetime(2026, 11, 30, 23, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("books")


@pytest.fixture(autouse=True)
def basic(app) -> Account:
    """Ada is on Basic: 100,000 tokens a period, from 12 November to 12 December."""
    return make_account("ada", plan_id="plan-basic")


def periods() -> list[SubscriptionPeriod]:
    session.expire_all()
    found = session.query(SubscriptionPeriod).filter_by(user_id="ada")
    return found.order_by(SubscriptionPeriod.starts_at).all()


def counters() -> list[tuple[int, int]]:
    return [(period.tokens_used, period.quota_tokens_used) for period in periods()]


def stored(request_id: str) -> BillingRecord:
    return session.query(BillingRecord).filter_by(request_id=request_id).one()


def make_tokens(number: int, **given: object):
    return make_usage(prompt_tokens=number, completion_tokens=0, **given)


def close(month: str, *, user_id: str | None = None) -> None:
    session.add(MonthClose(billing_month=month, user_id=user_id, closed_at=NOW))
    session.commit()


class TestLateRecord:
    def test_draws_from_the_period_in_which_it_occurred(self) -> None:
        make_tokens(60_000)
        now = END + DAY
        make_tokens(5_000, now=now)
        late = make_tokens(50_000, now=now, occurred_at=END - MICROSECOND, request_id="late")
        # The old period's quota had 40,000 left, and nothing of the new one's is drawn.
        assert (late.quota_tokens, late.overage_tokens) == (40_000, 10_000)
        assert counters() == [(110_000, 100_000), (5_000, 5_000)]
        assert stored("late").period_id == periods()[0].id

    def test_belongs_to_the_new_period_from_its_first_moment(self) -> None:
        now = END + DAY
        for moment in (END - MICROSECOND, END, END + MICROSECOND):
            make_tokens(100, now=now, occurred_at=moment)
        assert counters() == [(100, 100), (200, 200)]

    def test_belongs_to_the_current_period_where_none_held_its_moment(self) -> None:
        make_tokens(100, occurred_at=START - MICROSECOND)
        make_tokens(100, occurred_at=START - 400 * DAY)
        assert counters() == [(200, 200)]
        assert session.query(UsageMonthly.billing_month).count() == 2

    def test_rolls_over_first_even_if_it_is_the_only_one(self) -> None:
        late = make_tokens(10, now=END + DAY, occurred_at=NOW)
        assert late.quota_tokens == 10
        assert counters() == [(10, 10), (0, 0)]

    def test_keeps_the_discount_of_its_own_period(self) -> None:
        make_account("pro", plan_id="plan-pro")
        late = make_report("pro", prompt_tokens=1_000_100, completion_tokens=0, occurred_at=NOW)
        record([late], now=GRACE_END + DAY)
        row = stored(late.request_id)
        assert (row.overage_tokens, row.overage_discount_bp) == (100, 1_000)


class TestClosedMonth:
    @pytest.mark.parametrize("user_id", [None, "ada"], ids=["for everyone", "for her"])
    def test_bills_in_the_current_month_and_counts_by_occurrence(self, user_id: str | None) -> None:
        now = END + DAY
        make_tokens(100, occurred_at=NOVEMBER, now=now, request_id="before")
        close("2026-11", user_id=user_id)
        outcome = make_tokens(50_000, occurred_at=NOVEMBER, now=now, request_id="late")
        before, late = stored("before"), stored("late")
        assert (before.billing_month, late.billing_month) == ("2026-11", "2026-12")
        # The current period pays, in its grace with 7 of 31 days' quota.
        assert (before.period_id, late.period_id) == tuple(period.id for period in periods())
        assert (outcome.quota_tokens, outcome.overage_tokens) == (22_580, 27_420)
        assert [row.day for row in session.query(UsageDaily)] == [date(2026, 11, 30)]
        assert [row.hour for row in session.query(UsageHourly)] == [NOVEMBER]
        monthly = session.query(UsageMonthly).order_by(UsageMonthly.billing_month)
        assert [(r.billing_month, r.occurred_month, r.total_tokens) for r in monthly] == [
            ("2026-11", "2026-11", 100),
            ("2026-12", "2026-11", 50_000),
        ]

    def test_of_another_account_or_month_is_not_ours(self, ben: Account) -> None:
        close("2026-11", user_id="ben")
        close("2026-10")
        make_tokens(100, occurred_at=NOVEMBER, now=END, request_id="ours")
        assert stored("ours").billing_month == "2026-11"
        assert counters() == [(100, 100), (0, 0)]

    def test_does_not_make_a_repeat_a_conflict(self) -> None:
        report = make_report(occurred_at=NOVEMBER)
        record([report], now=END)
        close("2026-11")
        [again] = record([report], now=END)
        assert again.status == "duplicate"

    def test_leaves_a_moment_ahead_in_the_month_to_come(self) -> None:
        now = datetime(2026, 11, 30, 23, 57, tzinfo=UTC)
        make_usage(now=now, occurred_at=now + timedelta(minutes=4), request_id="ahead")
        assert stored("ahead").billing_month == "2026-12"


class TestRollOver:
    @pytest.mark.parametrize(
        ("now", "plans"),
        [
            (END - MICROSECOND, ["plan-basic"]),
            (END, ["plan-basic", "plan-basic"]),
            (GRACE_END - MICROSECOND, ["plan-basic", "plan-basic"]),
            (GRACE_END, ["plan-basic", "plan-basic", "plan-payg"]),
            (GRACE_END + 31 * DAY, ["plan-basic", "plan-basic", "plan-payg", "plan-payg"]),
        ],
    )
    def test_happens_with_the_post(self, now: datetime, plans: list[str]) -> None:
        make_tokens(100, now=now)
        assert [period.plan_id for period in periods()] == plans
        assert counters()[-1][0] == 100

    def test_gives_a_period_in_grace_only_its_share(self) -> None:
        outcome = make_tokens(100_000, now=END)
        # floor(100,000 × 7 d / 31 d)
        assert (outcome.quota_tokens, outcome.overage_tokens) == (22_580, 77_420)

    def test_bills_in_full_once_grace_is_over(self) -> None:
        outcome = make_usage(now=GRACE_END)
        assert (outcome.quota_tokens, outcome.final_nanos) == (0, outcome.cost_nanos)

    def test_leaves_accounts_alone_that_repeat_what_is_known(self) -> None:
        report = make_report(occurred_at=NOW)
        record([report])
        record([report], now=END)
        assert len(periods()) == 1

    def test_happens_for_every_account_of_the_batch(self) -> None:
        names = [make_account(f"user-{number}", plan_id="plan-pro").id for number in range(5)]
        record([make_report(name) for name in [*names, "ada"]], now=GRACE_END)
        assert session.query(SubscriptionPeriod).count() == 6 * 3


class TestExtraTokens:
    def test_are_drawn_across_periods_in_one_entry(self) -> None:
        make_extra_tokens(bought=30_000, granted=5_000)
        outcomes = record(
            [
                make_report(prompt_tokens=110_000, completion_tokens=0, occurred_at=NOW),
                make_report(prompt_tokens=50_000, completion_tokens=0),
            ],
            now=END,
        )
        assert [o.quota_tokens for o in outcomes] == [100_000, 22_580]
        assert [o.extra_tokens for o in outcomes] == [10_000, 25_000]
        assert [o.overage_tokens for o in outcomes] == [0, 2_420]
        [draw] = session.query(TokenEntry).filter_by(kind="usage")
        assert (draw.tokens, draw.granted_tokens, draw.balance_after) == (-35_000, -5_000, 0)

    def test_are_drawn_on_pay_as_you_go(self, ben: Account) -> None:
        make_extra_tokens("ben", bought=1_000)
        outcome = make_usage("ben")
        assert (outcome.extra_tokens, outcome.final_nanos) == (620, 0)
        assert outcome.cost_nanos == 22_200_000


class TestModelOutsideThePlans:
    def test_is_all_overage_and_draws_nothing(self) -> None:
        make_extra_tokens(bought=1_000)
        make_price("opus", included_in_plans=False)
        outcome = make_usage(model="opus")
        assert (outcome.quota_tokens, outcome.extra_tokens, outcome.overage_tokens) == (0, 0, 620)
        assert outcome.final_nanos == outcome.cost_nanos == 740_000
        # All tokens of the period count, those of the quota alone do not.
        assert counters() == [(620, 0)]
        assert session.query(TokenEntry).filter_by(kind="usage").count() == 0

    def test_leaves_the_quota_to_the_others_of_its_batch(self) -> None:
        make_price("opus", included_in_plans=False)
        outcomes = record([make_report(model=name) for name in ("gpt-4", "opus", "gpt-4")])
        assert [outcome.quota_tokens for outcome in outcomes] == [620, 0, 620]
        assert counters() == [(1_860, 1_240)]
