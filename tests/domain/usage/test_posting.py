"""What a batch changes, gathered in memory. No database: nothing is written before `write`."""

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.accounts.operations import Balance
from app.domain.subscriptions.queries import UsagePeriod
from app.domain.usage.posting import Candidate, Posting
from app.domain.usage.recording import ClosedMonths, Labels
from tests.factories.usage import make_report
from tests.moments import NOW

MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)
# A period over the turn of the month, and the current one after it.
FIRST, SECOND, END = NOW - 30 * DAY, NOW - 5 * DAY, NOW + 25 * DAY
OCTOBER = datetime(2026, 10, 31, tzinfo=UTC)


def make_period(period_id: int, starts_at: datetime, ends_at: datetime, **changes: object):
    given = {
        "is_current": False,
        "grace_ends_at": None,
        "quota": 1_000,
        "quota_tokens_used": 0,
        "overage_discount_bp": 0,
        **changes,
    }
    return UsagePeriod(
        id=period_id,
        subscription_id=70,
        user_id="ada",
        starts_at=starts_at,
        ends_at=ends_at,
        **given,
    )


def make_posting(*, closed: tuple[str, ...] = (), extra: int = 0, granted: int = 0) -> Posting:
    periods = [
        make_period(1, FIRST, SECOND, quota_tokens_used=900),
        make_period(2, SECOND, END, is_current=True, overage_discount_bp=1_000),
    ]
    return Posting(
        balances={"ada": Balance("ada", "UTC", extra, granted)},
        periods={"ada": periods},
        closed=ClosedMonths(frozenset(closed), frozenset()),
        labels=Labels(set()),
        now=NOW,
    )


def post(posting: Posting, moment: datetime, *, tokens: int = 620, pico: int = 0):
    report = make_report(prompt_tokens=tokens, completion_tokens=0, occurred_at=moment)
    return posting.post(Candidate(0, report, moment, None, pico, pico // 1_000))


class TestPost:
    @pytest.mark.parametrize(
        ("moment", "period_id"),
        [
            (FIRST - MICROSECOND, 2),
            (FIRST, 1),
            (SECOND - MICROSECOND, 1),
            (SECOND, 2),
            (NOW, 2),
            (END - MICROSECOND, 2),
            (END, 2),
        ],
    )
    def test_draws_from_the_period_that_held_the_moment(
        self, moment: datetime, period_id: int
    ) -> None:
        assert post(make_posting(), moment).period_id == period_id

    @pytest.mark.parametrize(
        ("closed", "period_id", "month"),
        [((), 1, "2026-10"), (("2026-10",), 2, "2026-11"), (("2026-09",), 1, "2026-10")],
    )
    def test_draws_from_the_current_one_where_the_month_is_closed(
        self, closed: tuple[str, ...], period_id: int, month: str
    ) -> None:
        record = post(make_posting(closed=closed), OCTOBER)
        assert (record.period_id, record.billing_month) == (period_id, month)

    def test_uses_the_terms_of_the_period(self) -> None:
        posting = make_posting()
        late, current = post(posting, FIRST), post(posting, NOW)
        assert (late.overage_discount_bp, current.overage_discount_bp) == (0, 1_000)
        assert (late.quota_tokens, late.overage_tokens) == (100, 520)
        assert (current.quota_tokens, current.overage_tokens) == (620, 0)

    def test_keeps_cost_discount_and_final_cost_in_one_sum(self) -> None:
        posting = make_posting()
        for number in range(1, 60):
            record = post(posting, NOW, tokens=number, pico=number * 1_001)
            assert record.final_nanos == record.cost_nanos - record.discount_nanos

    def test_remembers_what_the_records_before_it_drew(self) -> None:
        posting = make_posting(extra=300, granted=100)
        splits = [post(posting, moment, tokens=400) for moment in (NOW, FIRST, NOW, NOW, NOW)]
        assert [record.quota_tokens for record in splits] == [400, 100, 400, 200, 0]
        assert [record.extra_tokens for record in splits] == [0, 300, 0, 0, 0]
        assert [record.granted_tokens for record in splits] == [0, 100, 0, 0, 0]
        assert [record.overage_tokens for record in splits] == [0, 0, 0, 200, 400]
        assert posting.records == splits
