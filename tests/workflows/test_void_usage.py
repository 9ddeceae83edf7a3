"""A voided request leaves every total, and gives back what it drew to where it drew it."""

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.accounts.models import Account
from app.domain.subscriptions.models import SubscriptionPeriod
from app.domain.tokens.models import TokenEntry
from app.domain.usage.errors import UnknownRequest
from app.domain.usage.models import (
    BillingRecord,
    MonthClose,
    UsageCorrection,
    UsageDaily,
    UsageHourly,
    UsageMonthly,
)
from app.foundation.database import session, transaction
from app.foundation.journal import JournalEntry
from app.foundation.periods import BillingMonth
from app.workflows.close_month import close_month
from app.workflows.void_usage import void_usage
from tests.factories.accounts import AGE, make_account
from tests.factories.payments import SELLER
from tests.factories.tokens import make_extra_tokens
from tests.factories.usage import make_report, make_usage, record
from tests.moments import NOW

DAY = timedelta(days=1)
END = NOW - AGE + 30 * DAY  # 12 December, noon
NOVEMBER = datetime(2026, 11, 30, 23, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("books")


@pytest.fixture(autouse=True)
def basic(app, ben: Account) -> Account:
    """Ada is on Basic, and Ben's usage must stay as it is."""
    make_usage("ben", request_id="ben's")
    return make_account("ada", plan_id="plan-basic")


def void(request_id: str, *, now: datetime = NOW, reason: str = "the upstream failed"):
    with transaction():
        found = void_usage(request_id, reason=reason, actor="gateway:abc", now=now)
    session.expire_all()
    return found


def make_tokens(number: int, **given: object):
    return make_usage(prompt_tokens=number, completion_tokens=0, **given)


def stored(request_id: str) -> BillingRecord:
    return session.query(BillingRecord).filter_by(request_id=request_id).one()


def counters() -> list[tuple[int, int]]:
    periods = session.query(SubscriptionPeriod).filter_by(user_id="ada")
    ordered = periods.order_by(SubscriptionPeriod.starts_at)
    return [(period.tokens_used, period.quota_tokens_used) for period in ordered]


def balance() -> tuple[int, int]:
    account = session.get_one(Account, "ada")
    session.refresh(account)
    return account.extra_tokens, account.granted_tokens


class TestVoidUsage:
    def test_leaves_every_total(self) -> None:
        make_tokens(100, request_id="stays", api_key_alias="prod")
        make_tokens(7, request_id="gone", api_key_alias="prod", cached_tokens=3)
        void("gone")
        assert counters() == [(100, 100)]
        for rollup in (UsageHourly, UsageDaily, UsageMonthly):
            [row] = session.query(rollup).filter_by(user_id="ada")
            assert (row.requests, row.total_tokens, row.cached_tokens) == (1, 100, 0)

    def test_is_noted_on_the_record_and_in_the_journal(self) -> None:
        make_tokens(7, request_id="gone")
        void("gone", now=NOW + DAY)
        row = stored("gone")
        assert (row.status, row.void_reason) == ("voided", "the upstream failed")
        assert row.voided_at == row.updated_at == NOW + DAY
        # What it cost is told for ever.
        assert (row.total_tokens, row.cost_nanos) == (7, 210_000)
        [entry] = session.query(JournalEntry).filter_by(action="usage_voided")
        assert (entry.user_id, entry.actor) == ("ada", "gateway:abc")
        assert entry.details == {"request_id": "gone", "reason": "the upstream failed"}

    def test_gives_extra_tokens_back_as_what_they_were(self) -> None:
        make_extra_tokens(bought=500, granted=200)
        make_tokens(100_300, request_id="gone")
        assert balance() == (400, 0)
        void("gone")
        assert balance() == (700, 200)
        back = session.query(TokenEntry).order_by(TokenEntry.id.desc()).first()
        assert (back.kind, back.tokens, back.granted_tokens) == ("usage_void", 300, 200)
        assert back.balance_after == 700

    def test_enters_nothing_where_no_extra_tokens_were_drawn(self) -> None:
        make_extra_tokens(bought=500)
        make_tokens(100, request_id="gone")
        void("gone")
        assert session.query(TokenEntry).count() == 1

    def test_gives_quota_back_to_its_own_period(self) -> None:
        make_tokens(60_000, request_id="gone")
        make_tokens(50, now=END)
        void("gone", now=END)
        assert counters() == [(0, 0), (50, 50)]
        # What is late may draw it again.
        late = make_tokens(100_000, now=END, occurred_at=NOW)
        assert (late.quota_tokens, late.overage_tokens) == (100_000, 0)

    def test_re_rates_nothing_that_came_later(self) -> None:
        make_tokens(90_000, request_id="gone")
        later = make_tokens(20_000, request_id="later")
        assert (later.quota_tokens, later.overage_tokens) == (10_000, 10_000)
        void("gone")
        row = stored("later")
        assert (row.quota_tokens, row.overage_tokens) == (10_000, 10_000)
        assert row.final_nanos == later.final_nanos
        assert counters() == [(20_000, 10_000)]
        assert make_tokens(90_000).quota_tokens == 90_000

    def test_takes_unpriced_tokens_out_too(self) -> None:
        make_usage(model="llama-9", request_id="gone")
        void("gone")
        [row] = session.query(UsageMonthly).filter_by(user_id="ada")
        assert (row.requests, row.unpriced_tokens, row.total_tokens) == (0, 0, 0)

    def test_counts_where_it_was_counted_among_the_others(self) -> None:
        reports = [make_report(request_id=f"req-{n}", api_key_alias=f"key-{n}") for n in range(203)]
        record(reports)
        for number in (0, 199, 200, 202):
            void(f"req-{number}")
        other = session.query(UsageDaily).filter_by(api_key="other").one()
        assert other.requests == 1

    def test_happens_once(self) -> None:
        make_extra_tokens(bought=500)
        make_tokens(100_300, request_id="gone")
        first = void("gone", reason="first")
        voided_at = first.voided_at
        second = void("gone", reason="second", now=NOW + DAY)
        assert (second.void_reason, second.voided_at) == ("first", voided_at)
        assert (counters(), balance()) == ([(0, 0)], (500, 0))
        assert session.query(JournalEntry).filter_by(action="usage_voided").count() == 1

    def test_refuses_what_was_never_recorded(self) -> None:
        with pytest.raises(UnknownRequest):
            void("never")


class TestClosedMonth:
    def close(self, month: str, *, user_id: str | None = None) -> None:
        session.add(MonthClose(billing_month=month, user_id=user_id, closed_at=NOW))
        session.commit()

    def test_gives_back_on_the_next_invoice_what_was_billed(self) -> None:
        make_tokens(100_100, occurred_at=NOVEMBER, now=END, request_id="gone")
        with transaction():
            close_month(BillingMonth(2026, 11), seller=SELLER, actor="test", now=END)
        for _ in range(2):
            void("gone", now=END)
        [correction] = session.query(UsageCorrection)
        # 100 tokens of overage, at 30 USD per million.
        assert correction.amount_nanos == -stored("gone").final_nanos == -3_000_000
        assert (correction.user_id, correction.billing_month) == ("ada", "2026-11")
        assert (correction.kind, correction.invoice_id) == ("void", None)
        assert "gpt-4" in correction.description
        assert counters()[0] == (0, 0)

    def test_corrects_nothing_that_a_close_has_not_come_to_yet(self) -> None:
        make_tokens(100_100, occurred_at=NOVEMBER, now=END, request_id="gone")
        self.close("2026-11")
        void("gone", now=END)
        # The close will invoice the month without it.
        assert session.query(UsageCorrection).count() == 0

    def test_corrects_nothing_while_the_month_is_open(self) -> None:
        self.close("2026-10")
        self.close("2026-11", user_id="ben")
        make_tokens(100_100, request_id="gone")
        void("gone")
        assert session.query(UsageCorrection).count() == 0

    def test_corrects_nothing_that_cost_nothing(self) -> None:
        make_tokens(100, occurred_at=NOVEMBER, now=END, request_id="gone")
        self.close("2026-11")
        void("gone", now=END)
        assert session.query(UsageCorrection).count() == 0

    def test_corrects_the_month_that_billed_it(self) -> None:
        self.close("2026-11")
        make_tokens(200_000, occurred_at=NOVEMBER, now=END, request_id="gone")
        # It was billed in December, which is open: nothing is to be given back.
        void("gone", now=END)
        assert session.query(UsageCorrection).count() == 0
