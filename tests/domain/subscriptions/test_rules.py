"""Which periods follow which: the moment before, at and after every bound. No database."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.subscriptions import rules
from app.domain.subscriptions.models import SubscriptionStatus
from app.domain.subscriptions.rules import NextPeriod, Running, Terms
from app.foundation.periods import Period, months_later

MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)
GRACE = 7 * DAY
EXPIRED, CANCELLED = SubscriptionStatus.EXPIRED, SubscriptionStatus.CANCELLED


def make_terms(plan_id: str, price_minor: int, quota: int) -> Terms:
    return Terms(
        plan_id=plan_id,
        price_minor=price_minor,
        quota=quota,
        extra_token_price_pico=None,
        overage_discount_bp=0,
        max_concurrent_req=1,
        rate_limit_per_min=1,
    )


PAYG, FREE = make_terms("plan-payg", 0, 0), make_terms("plan-free", 0, 1_000)
BASIC, PRO = make_terms("plan-basic", 999, 100_000), make_terms("plan-pro", 9_999, 1_000_000)
TERMS = {terms.plan_id: terms for terms in (PAYG, FREE, BASIC, PRO)}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def make_running(plan_id: str, anchor: str, ends: str, **changes: object) -> Running:
    given = {"auto_renew": True, "pending_plan_id": None, "grace_ends_at": None, **changes}
    return Running(plan_id=plan_id, anchor_at=at(anchor), ends_at=at(ends), **given)


def until(now: datetime | str, running: Running, *, grace: timedelta = GRACE) -> list[NextPeriod]:
    moment = at(now) if isinstance(now, str) else now
    return rules.periods_until(moment, running, terms=TERMS, grace=grace)


def starts(periods: list[NextPeriod]) -> list[str]:
    return [f"{period.starts_at:%Y-%m-%d}" for period in periods]


class TestPeriodsUntil:
    @pytest.mark.parametrize(("beyond", "count"), [(-MICROSECOND, 0), (0 * DAY, 1), (30 * DAY, 1)])
    def test_start_at_the_very_end_of_the_current_one(self, beyond: timedelta, count: int) -> None:
        running = make_running("plan-payg", "2026-01-31", "2026-02-28")
        assert len(until(at("2026-02-28") + beyond, running)) == count

    def test_keep_the_anchor_s_day_through_short_months(self) -> None:
        running = make_running("plan-payg", "2026-01-31T10:00", "2026-02-28T10:00")
        periods = until("2026-06-01", running)
        assert [(p.starts_at, p.ends_at) for p in periods] == [
            (at("2026-02-28T10:00"), at("2026-03-31T10:00")),
            (at("2026-03-31T10:00"), at("2026-04-30T10:00")),
            (at("2026-04-30T10:00"), at("2026-05-31T10:00")),
            (at("2026-05-31T10:00"), at("2026-06-30T10:00")),
        ]

    def test_find_the_leap_day(self) -> None:
        running = make_running("plan-payg", "2027-12-31", "2028-01-31")
        assert starts(until("2028-03-01", running)) == ["2028-01-31", "2028-02-29"]

    def test_go_on_for_years_without_a_request(self) -> None:
        running = make_running("plan-payg", "2016-05-17T03:04:05", "2016-06-17T03:04:05")
        periods = until("2026-11-22", running)
        assert len(periods) == 10 * 12 + 6
        assert periods[-1].starts_at == at("2026-11-17T03:04:05")
        assert {(p.terms, p.quota, p.grace_ends_at, p.ended_as) for p in periods} == {
            (PAYG, 0, None, None)
        }
        assert all(after.starts_at == before.ends_at for before, after in pairwise(periods))

    def test_renew_a_plan_into_grace(self) -> None:
        running = make_running("plan-pro", "2026-10-15", "2026-11-15")
        [renewed] = until("2026-11-16", running)
        assert (renewed.starts_at, renewed.ends_at) == (at("2026-11-15"), at("2026-12-15"))
        assert renewed.grace_ends_at == at("2026-11-22")
        assert (renewed.terms, renewed.ended_as) == (PRO, None)
        assert renewed.anchor_at == at("2026-10-15")
        # floor(1,000,000 × 7 d / 30 d)
        assert renewed.quota == 233_333

    def test_renew_a_free_plan_without_grace(self) -> None:
        running = make_running("plan-free", "2026-10-15", "2026-11-15")
        [renewed] = until("2026-11-16", running)
        assert (renewed.grace_ends_at, renewed.quota) == (None, 1_000)

    @pytest.mark.parametrize(
        ("beyond", "plans"),
        [
            (-MICROSECOND, ["plan-pro"]),
            (0 * DAY, ["plan-pro", "plan-payg"]),
            (MICROSECOND, ["plan-pro", "plan-payg"]),
        ],
    )
    def test_expire_at_the_very_end_of_grace(self, beyond: timedelta, plans: list[str]) -> None:
        running = make_running("plan-pro", "2026-10-15", "2026-11-15")
        periods = until(at("2026-11-22") + beyond, running)
        assert [period.terms.plan_id for period in periods] == plans

    def test_count_pay_as_you_go_from_its_own_start(self) -> None:
        running = make_running("plan-pro", "2026-08-31", "2026-09-30")
        renewed, *after = until("2027-01-01", running)
        assert (renewed.terms, renewed.ended_as) == (PRO, None)
        assert [(p.terms, p.ended_as) for p in after] == [(PAYG, EXPIRED)] + [(PAYG, None)] * 2
        assert starts(after) == ["2026-10-07", "2026-11-07", "2026-12-07"]
        assert {period.anchor_at for period in after} == {at("2026-10-07")}

    def test_expire_a_period_that_is_in_grace_already(self) -> None:
        grace_ends_at = at("2026-11-22")
        running = make_running("plan-pro", "2026-10-15", "2026-12-15", grace_ends_at=grace_ends_at)
        assert until(grace_ends_at - MICROSECOND, running) == []
        [after] = until(grace_ends_at, running)
        assert (after.starts_at, after.terms, after.ended_as) == (grace_ends_at, PAYG, EXPIRED)

    def test_cancel_at_the_period_s_end(self) -> None:
        running = make_running("plan-pro", "2026-10-15", "2026-11-15", auto_renew=False)
        assert until(at("2026-11-15") - MICROSECOND, running) == []
        [after] = until("2026-11-15", running)
        assert (after.terms, after.ended_as) == (PAYG, CANCELLED)
        assert (after.starts_at, after.anchor_at) == (at("2026-11-15"), at("2026-11-15"))
        assert after.ends_at == at("2026-12-15")
        # Once cancelled, pay-as-you-go goes on as it does for everyone.
        assert [p.ended_as for p in until("2027-02-01", running)] == [CANCELLED, None, None]

    def test_switch_to_the_pending_plan_once(self) -> None:
        running = make_running("plan-pro", "2026-10-15", "2026-11-15", pending_plan_id="plan-basic")
        renewed, expired = until("2026-12-01", running)
        assert (renewed.terms, renewed.ended_as) == (BASIC, None)
        assert (renewed.starts_at, renewed.anchor_at) == (at("2026-11-15"), at("2026-10-15"))
        # floor(100,000 × 7 d / 30 d)
        assert renewed.quota == 23_333
        assert (expired.terms, expired.ended_as) == (PAYG, EXPIRED)

    def test_switch_to_a_free_pending_plan_and_stay_on_it(self) -> None:
        running = make_running("plan-pro", "2026-10-15", "2026-11-15", pending_plan_id="plan-free")
        periods = until("2027-01-16", running)
        assert [period.terms for period in periods] == [FREE, FREE, FREE]
        assert starts(periods) == ["2026-11-15", "2026-12-15", "2027-01-15"]

    def test_keep_grace_within_the_period(self) -> None:
        running = make_running("plan-pro", "2026-01-31", "2026-02-28")
        [renewed] = until("2026-03-01", running, grace=60 * DAY)
        assert renewed.grace_ends_at == renewed.ends_at == at("2026-03-31")
        assert renewed.quota == 1_000_000

    @given(
        age=st.timedeltas(timedelta(0), timedelta(days=2_000)),
        later=st.timedeltas(timedelta(0), timedelta(days=900)),
        plan_id=st.sampled_from(sorted(TERMS)),
        grace_days=st.integers(1, 28),
        auto_renew=st.booleans(),
    )
    def test_leave_neither_gap_nor_overlap(
        self, age: timedelta, later: timedelta, plan_id: str, grace_days: int, auto_renew: bool
    ) -> None:
        anchor = at("2026-01-31") - age
        ends_at = months_later(anchor, 1)
        running = Running(plan_id, anchor, auto_renew, None, ends_at, None)
        now = anchor + later
        periods = until(now, running, grace=grace_days * DAY)
        assert bool(periods) == (now >= running.ends)
        bounds = [running.ends]
        for period in periods:
            assert period.starts_at == bounds[-1] < period.ends_at
            assert 0 <= period.quota <= period.terms.quota
            bounds.append(period.grace_ends_at or period.ends_at)
        assert all(period.starts_at <= now for period in periods)
        assert now < bounds[-1] or not periods


class TestGrantedQuota:
    PERIOD = Period(at("2026-11-15"), at("2026-12-15"))

    @pytest.mark.parametrize(
        ("days", "expected"), [(1, 3_333), (7, 23_333), (15, 50_000), (29, 96_666), (30, 100_000)]
    )
    def test_is_the_grace_s_share_rounded_down(self, days: int, expected: int) -> None:
        grace_ends_at = self.PERIOD.starts_at + days * DAY
        found = rules.granted_quota(100_000, period=self.PERIOD, grace_ends_at=grace_ends_at)
        assert found == expected

    def test_is_whole_once_paid(self) -> None:
        assert rules.granted_quota(100_000, period=self.PERIOD, grace_ends_at=None) == 100_000

    def test_depends_on_the_length_of_the_period(self) -> None:
        february = Period(at("2026-02-01"), at("2026-03-01"))
        found = rules.granted_quota(100_000, period=february, grace_ends_at=at("2026-02-08"))
        assert found == 25_000


class TestRunning:
    def test_ends_with_its_grace_if_it_is_unpaid(self) -> None:
        paid = make_running("plan-pro", "2026-10-15", "2026-11-15")
        unpaid = make_running(
            "plan-pro", "2026-10-15", "2026-11-15", grace_ends_at=at("2026-10-22")
        )
        assert (paid.ends, unpaid.ends) == (at("2026-11-15"), at("2026-10-22"))
