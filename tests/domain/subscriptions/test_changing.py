"""What a change of plan costs and gives: published cases, bounds, and properties."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.subscriptions import changing
from app.domain.subscriptions.changing import Change, ChangeKind, PlanChangeStatus, Standing
from app.domain.subscriptions.errors import AlreadyOnPlan, PeriodUnpaid, PreviewStale
from app.domain.subscriptions.rules import Terms
from app.foundation.periods import Period, monthly_period

TICK = timedelta(microseconds=1)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def terms(plan_id: str, price_minor: int, quota: int) -> Terms:
    return Terms(plan_id, price_minor, quota, None, 0, 1, 1)


PAYG = terms("plan-payg", 0, 0)
BASIC = terms("plan-basic", 999, 100_000)
PRO = terms("plan-pro", 9_999, 1_000_000)
ENTERPRISE = terms("plan-enterprise", 99_999, 10_000_000)
SMALL, LARGE = terms("plan-small", 10_000, 1_000), terms("plan-large", 30_000, 3_000)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def standing(before: Terms, start: datetime, *, paid: int | None = None, is_unpaid=False):
    net_paid = before.price_minor if paid is None else paid
    return Standing(monthly_period(start, 0), before, is_unpaid, net_paid)


def change(before: Terms, after: Terms, *, start: str, now: datetime | str, **changes) -> Change:
    moment = at(now) if isinstance(now, str) else now
    return changing.change(standing(before, at(start), **changes), after, now=moment)


class TestChange:
    @pytest.mark.parametrize(
        ("start", "now", "credit", "charge"),
        [
            ("2025-06-01", "2025-06-16", 5_000, 15_000),
            ("2025-06-01", "2025-06-11", 6_667, 20_000),
            # A leap February: 29 days, 22 of them left.
            ("2024-02-18", "2024-02-25", 7_586, 22_759),
            ("2025-06-01", "2025-06-01", 10_000, 30_000),
        ],
    )
    def test_prorates_as_published(self, start, now, credit: int, charge: int) -> None:
        found = change(SMALL, LARGE, start=start, now=now)
        assert found.kind is ChangeKind.UPGRADE
        assert (found.credit_minor, found.charge_minor) == (credit, charge)
        assert found.period == monthly_period(at(start), 0)
        assert found.to_account_credit_minor == 0

    def test_counts_by_the_second(self) -> None:
        period = monthly_period(at("2025-06-01"), 0)
        last = change(SMALL, LARGE, start="2025-06-01", now=period.ends_at - timedelta(seconds=1))
        assert last.seconds_left == 1
        assert (last.credit_minor, last.charge_minor, last.quota_change) == (0, 0, 0)
        first = change(SMALL, LARGE, start="2025-06-01", now=period.starts_at + TICK)
        assert first.seconds_left == period.seconds - 1

    @pytest.mark.parametrize(("paid", "credit"), [(10_000, 5_000), (8_000, 4_000), (0, 0)])
    def test_credits_what_was_really_paid(self, paid: int, credit: int) -> None:
        found = change(SMALL, LARGE, start="2025-06-01", now="2025-06-16", paid=paid)
        assert (found.credit_minor, found.charge_minor) == (credit, 15_000)

    def test_keeps_what_is_left_above_the_charge(self) -> None:
        found = change(SMALL, LARGE, start="2025-06-01", now="2025-06-16", paid=40_000)
        assert found.to_account_credit_minor == 20_000 - 15_000

    @pytest.mark.parametrize(
        ("before", "after", "left", "quotas"),
        [
            (BASIC, PRO, 15 * DAY, (100_000, 550_000)),
            (PRO, ENTERPRISE, 7.5 * DAY, (550_000, 2_800_000)),
            (PRO, ENTERPRISE, 14 * MINUTE, (1_000_000, 1_002_916)),
        ],
    )
    def test_prorates_the_quota(self, before, after, left, quotas: tuple[int, int]) -> None:
        now = monthly_period(at("2025-06-01"), 0).ends_at - left
        found = change(before, after, start="2025-06-01", now=now)
        assert quotas[0] + found.quota_change == quotas[1]

    def test_never_takes_quota_away(self) -> None:
        meagre = terms("plan-meagre", 50_000, 10)
        assert change(PRO, meagre, start="2025-06-01", now="2025-06-16").quota_change == 0

    def test_begins_a_whole_period_from_pay_as_you_go(self) -> None:
        found = change(PAYG, PRO, start="2025-06-01", now="2025-06-16")
        assert found.kind is ChangeKind.BEGIN
        assert (found.charge_minor, found.credit_minor, found.quota_change) == (9_999, 0, 1_000_000)
        assert found.period == Period(at("2025-06-16"), at("2025-07-16"))

    @pytest.mark.parametrize("price", [0, 9_998, 9_999])
    def test_waits_for_the_end_where_it_costs_no_more(self, price: int) -> None:
        other = terms("plan-other", price, 5)
        found = change(PRO, other, start="2025-06-01", now="2025-06-16")
        assert found.kind is ChangeKind.AT_END
        assert (found.credit_minor, found.charge_minor, found.quota_change) == (0, 0, 0)
        assert found.period.ends_at == at("2025-07-01")

    def test_is_an_upgrade_from_one_cent_more(self) -> None:
        dearer = terms("plan-other", 10_000, 5)
        found = change(PRO, dearer, start="2025-06-01", now="2025-06-16")
        assert found.kind is ChangeKind.UPGRADE

    def test_refuses_the_plan_that_runs(self) -> None:
        with pytest.raises(AlreadyOnPlan):
            change(PRO, PRO, start="2025-06-01", now="2025-06-16")

    @pytest.mark.parametrize("after", [BASIC, ENTERPRISE])
    def test_refuses_while_the_period_is_unpaid(self, after: Terms) -> None:
        with pytest.raises(PeriodUnpaid):
            change(PRO, after, start="2025-06-01", now="2025-06-03", is_unpaid=True)

    @given(
        st.integers(0, 2_678_400),
        st.tuples(st.integers(1, 10_000_000), st.integers(0, 10_000_000)),
        st.integers(0, 10_000_000),
        st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)),
    )
    def test_never_gives_more_than_was_paid(
        self, seconds: int, prices: tuple[int, int], paid: int, quotas: tuple[int, int]
    ) -> None:
        (price, dearer), (quota, more) = prices, quotas
        before = terms("plan-a", price, quota)
        after = terms("plan-b", price + dearer + 1, more)
        now = at("2025-07-01") + timedelta(seconds=seconds)
        found = change(before, after, start="2025-07-01", now=now, paid=paid)
        assert 0 <= found.credit_minor <= paid
        assert 0 <= found.charge_minor <= after.price_minor
        assert 0 <= found.quota_change <= max(more - quota, 0)
        assert found.to_account_credit_minor == max(found.credit_minor - found.charge_minor, 0)
        later = change(before, after, start="2025-07-01", now=now + 60 * MINUTE, paid=paid)
        assert later.credit_minor <= found.credit_minor
        assert later.charge_minor <= found.charge_minor


class TestMomentOf:
    NOW, START = at("2025-06-16"), at("2025-06-01")

    def moment(self, previewed_at, start=None):
        start = self.START if start is None else start
        return changing.moment_of(previewed_at, period_starts_at=start, now=self.NOW)

    def test_is_now_without_a_preview(self) -> None:
        assert self.moment(None) == self.NOW

    @pytest.mark.parametrize("ago", [timedelta(0), TICK, 10 * MINUTE - TICK, 10 * MINUTE])
    def test_holds_for_ten_minutes(self, ago: timedelta) -> None:
        assert self.moment(self.NOW - ago) == self.NOW - ago

    @pytest.mark.parametrize("ago", [10 * MINUTE + TICK, DAY, -TICK])
    def test_refuses_old_ones_and_those_of_the_future(self, ago: timedelta) -> None:
        with pytest.raises(PreviewStale):
            self.moment(self.NOW - ago)

    def test_refuses_those_of_the_period_before(self) -> None:
        start = self.NOW - MINUTE
        assert self.moment(start, start) == start
        with pytest.raises(PreviewStale):
            self.moment(start - TICK, start)


class TestChangeTransitions:
    def test_know_every_cell(self) -> None:
        opened, applied, lapsed, refunded = PlanChangeStatus
        allowed = {(opened, applied), (opened, lapsed), (opened, refunded), (lapsed, refunded)}
        assert set(changing.CHANGE_TRANSITIONS) == set(PlanChangeStatus)
        for current, following in product(PlanChangeStatus, PlanChangeStatus):
            is_allowed = following in changing.CHANGE_TRANSITIONS[current]
            assert is_allowed == ((current, following) in allowed)
