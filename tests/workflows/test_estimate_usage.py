"""An estimate is what posting the same report at the same moment then answers."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from app.domain.accounts import queries as accounts
from app.domain.subscriptions.models import Subscription
from app.domain.usage.models import MonthClose
from app.domain.usage.reports import Outcome, UsageReport
from app.foundation.database import end_reading, session
from app.foundation.errors import Refusal
from app.workflows.estimate_usage import estimate_usage
from tests.factories.accounts import AGE, make_account
from tests.factories.catalog import make_price
from tests.factories.tokens import make_extra_tokens
from tests.factories.usage import GRACE, make_report, make_usage, record
from tests.moments import NOW
from tests.statements import statements

MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)
START = NOW - AGE
END = START + 30 * DAY
NOVEMBER = datetime(2026, 11, 30, 23, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("books")


def estimate(report: UsageReport, *, now: datetime = NOW) -> Outcome:
    end_reading()
    session.expire_all()
    return estimate_usage(report, accounts.account(report.user_id), now=now, grace=GRACE)


def posted(report: UsageReport, *, now: datetime = NOW) -> Outcome:
    [outcome] = record([report], now=now)
    return msgspec.structs.replace(outcome, request_id=None)


def make_customer(plan_id: str, **changes: object) -> None:
    make_account("ada", plan_id=plan_id)
    make_extra_tokens(bought=400, granted=100)
    session.query(Subscription).update(changes or {"auto_renew": True})
    session.commit()


class TestEstimate:
    @pytest.mark.parametrize(
        ("plan_id", "changes"),
        [
            ("plan-payg", {}),
            ("plan-basic", {}),
            ("plan-basic", {"auto_renew": False}),
            ("plan-basic", {"pending_plan_id": "plan-pro"}),
            ("plan-pro", {}),
        ],
        ids=str,
    )
    def test_is_what_posting_then_answers(self, plan_id: str, changes: dict) -> None:
        make_customer(plan_id, **changes)
        make_price("opus", included_in_plans=False, cache_read_price_pico=1)
        moments = [NOW, END - MICROSECOND, END, END + GRACE - MICROSECOND, END + GRACE]
        sizes = [0, 1, 99_700, 1_000_000]
        for now in [*moments, END + 100 * DAY]:
            for number, size in enumerate(sizes):
                model = ("gpt-4", "opus", "llama-9", "gpt-4o")[number]
                report = make_report(
                    model=model, prompt_tokens=size, cached_tokens=size // 3, completion_tokens=7
                )
                assert estimate(report, now=now) == posted(report, now=now)

    def test_asks_the_moment_of_use_where_one_is_given(self) -> None:
        make_customer("plan-pro")
        make_price("opus", effective_to=END)
        make_price("opus", prompt_pico=9_000_000, effective_from=END)
        make_usage(prompt_tokens=999_000, completion_tokens=0)
        now = END + GRACE + DAY
        moments = [START - DAY, START, END - MICROSECOND, END, END + GRACE - MICROSECOND]
        for moment in [*moments, END + GRACE, now, now + timedelta(minutes=5)]:
            for _ in range(2):
                report = make_report(model="opus", prompt_tokens=2_000, occurred_at=moment)
                assert estimate(report, now=now) == posted(report, now=now), moment

    def test_knows_which_months_are_closed(self) -> None:
        make_customer("plan-pro")
        session.add(MonthClose(billing_month="2026-11", user_id=None, closed_at=NOW))
        session.commit()
        for moment in (NOVEMBER, NOVEMBER + DAY):
            report = make_report(prompt_tokens=600_000, occurred_at=moment)
            assert estimate(report, now=END) == posted(report, now=END)

    def test_changes_nothing(self) -> None:
        make_customer("plan-basic")
        with statements() as sent:
            estimate(make_report(prompt_tokens=200_000), now=END + 100 * DAY)
        assert not [each for each in sent if not each.startswith("SELECT")]
        session.rollback()

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"total_tokens": 1}, "total_mismatch"),
            ({"cached_tokens": 501}, "cached_exceeds_prompt"),
            ({"occurred_at": NOW + timedelta(minutes=6)}, "occurred_in_future"),
            ({"model": "gold"}, "cost_too_large"),
        ],
    )
    def test_refuses_what_posting_rejects(self, changes: dict, code: str) -> None:
        make_customer("plan-payg")
        make_price("gold", prompt_pico=10**18)
        report = make_report(**changes)
        with pytest.raises(Refusal) as refused:
            estimate(report)
        assert refused.value.code == posted(report).code == code
        assert refused.value.fields[0].code == code
