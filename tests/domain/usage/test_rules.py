"""Checking, splitting, pricing and placing one record: tables of cases, no database."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.domain.catalog.rules import Price
from app.domain.usage import rules
from app.domain.usage.rules import Allowance, Split
from app.foundation import money
from tests.factories.usage import make_report
from tests.moments import NOW

MICROSECOND = timedelta(microseconds=1)
MINUTES = timedelta(minutes=1)
GPT_4 = (30_000_000, 60_000_000)


def make_price(prompt_pico: int, completion_pico: int, **changes: object) -> Price:
    given = {
        "cache_read_pico": prompt_pico,
        "cache_write_pico": prompt_pico,
        "included_in_plans": True,
        "effective_from": datetime(1970, 1, 1, tzinfo=UTC),
        "effective_to": None,
        **changes,
    }
    return Price(
        id=1, model_id="gpt-4", prompt_pico=prompt_pico, completion_pico=completion_pico, **given
    )


class TestFindFault:
    @pytest.mark.parametrize(
        "changes",
        [
            {},
            {"prompt_tokens": 0, "completion_tokens": 0},
            {"prompt_tokens": 0},
            {"completion_tokens": 0},
            {"cached_tokens": 500},
            {"cached_tokens": 499, "cache_write_tokens": 1},
            {"cache_write_tokens": 500},
            {"reasoning_tokens": 120},
            {"prompt_tokens": rules.TOKENS_MAX, "completion_tokens": 0},
            {"prompt_tokens": rules.TOKENS_MAX - 120},
            {"occurred_at": NOW + 5 * MINUTES - MICROSECOND},
            {"occurred_at": NOW + 5 * MINUTES},
            {"occurred_at": rules.EARLIEST},
        ],
    )
    def test_finds_none_up_to_each_limit(self, changes: dict[str, object]) -> None:
        assert rules.find_fault(make_report(**changes), now=NOW) is None

    @pytest.mark.parametrize(
        ("changes", "path", "code"),
        [
            ({"total_tokens": 619}, "total_tokens", "total_mismatch"),
            ({"total_tokens": 621}, "total_tokens", "total_mismatch"),
            ({"total_tokens": 0}, "total_tokens", "total_mismatch"),
            ({"prompt_tokens": rules.TOKENS_MAX - 119}, "total_tokens", "tokens_too_large"),
            ({"cached_tokens": 501}, "cached_tokens", "cached_exceeds_prompt"),
            (
                {"cached_tokens": 500, "cache_write_tokens": 1},
                "cached_tokens",
                "cached_exceeds_prompt",
            ),
            ({"cache_write_tokens": 501}, "cached_tokens", "cached_exceeds_prompt"),
            ({"reasoning_tokens": 121}, "reasoning_tokens", "reasoning_exceeds_completion"),
            (
                {"occurred_at": NOW + 5 * MINUTES + MICROSECOND},
                "occurred_at",
                "occurred_in_future",
            ),
            (
                {"occurred_at": datetime.max.replace(tzinfo=UTC)},
                "occurred_at",
                "occurred_in_future",
            ),
            ({"occurred_at": rules.EARLIEST - MICROSECOND}, "occurred_at", "occurred_too_early"),
            (
                {"occurred_at": datetime.min.replace(tzinfo=UTC)},
                "occurred_at",
                "occurred_too_early",
            ),
        ],
    )
    def test_names_the_field_one_step_beyond(
        self, changes: dict[str, object], path: str, code: str
    ) -> None:
        fault = rules.find_fault(make_report(**changes), now=NOW)
        assert (fault.path, fault.code) == (path, code)
        assert path in fault.detail

    def test_says_what_the_total_should_have_been(self) -> None:
        fault = rules.find_fault(make_report(total_tokens=621), now=NOW)
        assert "620" in fault.detail


class TestFindCostFault:
    @pytest.mark.parametrize("cost_nanos", [0, 1, 10**15 - 1, 10**15])
    def test_finds_none_up_to_a_million_usd(self, cost_nanos: int) -> None:
        assert rules.find_cost_fault(cost_nanos) is None

    def test_refuses_one_nano_more(self) -> None:
        fault = rules.find_cost_fault(10**15 + 1)
        assert (fault.path, fault.code) == ("model", "cost_too_large")


class TestSplit:
    @pytest.mark.parametrize(
        ("tokens", "quota", "extra", "granted", "expected"),
        [
            # Zero tokens draw nothing.
            (0, 100, 50, 20, Split(0, 0, 0, 0)),
            # The quota first: before, at and beyond what is left of it.
            (99, 100, 50, 20, Split(99, 0, 0, 0)),
            (100, 100, 50, 20, Split(100, 0, 0, 0)),
            (101, 100, 50, 20, Split(100, 1, 1, 0)),
            # Then granted extra tokens, then bought ones.
            (119, 100, 50, 20, Split(100, 19, 19, 0)),
            (120, 100, 50, 20, Split(100, 20, 20, 0)),
            (121, 100, 50, 20, Split(100, 21, 20, 0)),
            (149, 100, 50, 20, Split(100, 49, 20, 0)),
            (150, 100, 50, 20, Split(100, 50, 20, 0)),
            # Then overage.
            (151, 100, 50, 20, Split(100, 50, 20, 1)),
            (10**9, 100, 50, 20, Split(100, 50, 20, 10**9 - 150)),
            # Each source may be missing.
            (10, 0, 0, 0, Split(0, 0, 0, 10)),
            (10, 0, 50, 0, Split(0, 10, 0, 0)),
            (10, 0, 5, 5, Split(0, 5, 5, 5)),
            (10, 4, 0, 0, Split(4, 0, 0, 6)),
        ],
    )
    def test_draws_quota_then_granted_then_bought_then_overage(
        self, tokens: int, quota: int, extra: int, granted: int, expected: Split
    ) -> None:
        allowance = Allowance(extra, granted, {7: quota})
        assert rules.split(allowance, tokens, period_id=7, included=True) == expected
        assert allowance == Allowance(
            extra - expected.extra_tokens,
            granted - expected.granted_tokens,
            {7: quota - expected.quota_tokens},
        )

    def test_leaves_the_next_record_what_the_last_one_left(self) -> None:
        allowance = Allowance(30, 10, {7: 100})
        splits = [rules.split(allowance, 60, period_id=7, included=True) for _ in range(3)]
        assert splits == [Split(60, 0, 0, 0), Split(40, 20, 10, 0), Split(0, 10, 0, 50)]
        assert allowance == Allowance(0, 0, {7: 0})

    def test_draws_from_the_record_s_own_period_only(self) -> None:
        allowance = Allowance(0, 0, {7: 100, 8: 5})
        assert rules.split(allowance, 10, period_id=8, included=True) == Split(5, 0, 0, 5)
        assert allowance.quota_left == {7: 100, 8: 0}

    def test_draws_nothing_for_a_model_outside_the_plans(self) -> None:
        allowance = Allowance(50, 20, {7: 100})
        assert rules.split(allowance, 10, period_id=7, included=False) == Split(0, 0, 0, 10)
        assert allowance == Allowance(50, 20, {7: 100})


class TestPicoOf:
    def test_is_zero_without_a_price(self) -> None:
        assert rules.pico_of(make_report(), None) == 0

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({}, 500 * 30 + 120 * 60),
            ({"prompt_tokens": 0}, 120 * 60),
            ({"prompt_tokens": 0, "completion_tokens": 0}, 0),
            # Cached tokens are part of the prompt, each kind at its own price.
            ({"cached_tokens": 200}, 300 * 30 + 200 * 3 + 120 * 60),
            ({"cache_write_tokens": 200}, 300 * 30 + 200 * 40 + 120 * 60),
            (
                {"cached_tokens": 300, "cache_write_tokens": 200},
                300 * 3 + 200 * 40 + 120 * 60,
            ),
            # Reasoning is part of the completion and costs the same.
            ({"reasoning_tokens": 120}, 500 * 30 + 120 * 60),
        ],
    )
    def test_prices_each_kind_of_token(self, changes: dict[str, int], expected: int) -> None:
        price = make_price(30, 60, cache_read_pico=3, cache_write_pico=40)
        assert rules.pico_of(make_report(**changes), price) == expected


class TestFinalNanos:
    def test_charges_the_overage_less_the_discount(self) -> None:
        # The example of the book of rules, section 3.
        pico = rules.pico_of(make_report(), make_price(*GPT_4))
        assert money.token_cost_nanos(pico) == 22_200_000
        split = Split(100, 0, 0, 520)
        assert rules.final_nanos(pico, split=split, discount_bp=1_000) == 16_757_419

    @pytest.mark.parametrize(
        ("split", "discount_bp", "expected"),
        [
            (Split(0, 0, 0, 620), 0, 22_200_000),
            (Split(620, 0, 0, 0), 0, 0),
            (Split(0, 620, 0, 0), 1_000, 0),
            (Split(310, 0, 0, 310), 0, 11_100_000),
            (Split(100, 210, 7, 310), 0, 11_100_000),
            (Split(0, 0, 0, 620), 1_000, 19_980_000),
            (Split(0, 0, 0, 620), 10_000, 0),
            # 1/620 of 22,200,000 is 35,806.45.
            (Split(619, 0, 0, 1), 0, 35_806),
        ],
    )
    def test_is_the_overage_s_share(self, split: Split, discount_bp: int, expected: int) -> None:
        pico = rules.pico_of(make_report(), make_price(*GPT_4))
        assert rules.final_nanos(pico, split=split, discount_bp=discount_bp) == expected

    def test_is_zero_for_no_tokens(self) -> None:
        assert rules.final_nanos(0, split=Split(0, 0, 0, 0), discount_bp=0) == 0

    @pytest.mark.parametrize(("pico", "expected"), [(499, 0), (500, 1), (1_499, 1), (1_500, 2)])
    def test_rounds_half_up_once(self, pico: int, expected: int) -> None:
        assert rules.final_nanos(pico, split=Split(0, 0, 0, 1), discount_bp=0) == expected

    def test_is_never_rounded_twice(self) -> None:
        # List cost 0.5 rounds to 1; half of the exact 0.5 is 0.25 and rounds to 0, not to 1.
        assert money.token_cost_nanos(500) == 1
        assert rules.final_nanos(500, split=Split(1, 0, 0, 1), discount_bp=0) == 0


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


class TestLocalHour:
    @pytest.mark.parametrize(
        ("zone", "moment", "hour", "day"),
        [
            ("UTC", "2026-11-22T11:59:59.999999Z", "2026-11-22T11:00Z", "2026-11-22"),
            ("UTC", "2026-11-22T12:00:00Z", "2026-11-22T12:00Z", "2026-11-22"),
            ("UTC", "2026-11-22T12:00:00.000001Z", "2026-11-22T12:00Z", "2026-11-22"),
            # Half an hour beside UTC: hours begin at half past, and days at 18:30.
            ("Asia/Kolkata", "2026-11-22T18:29:59.999999Z", "2026-11-22T17:30Z", "2026-11-22"),
            ("Asia/Kolkata", "2026-11-22T18:30:00Z", "2026-11-22T18:30Z", "2026-11-23"),
            ("Asia/Kolkata", "2026-11-22T18:30:00.000001Z", "2026-11-22T18:30Z", "2026-11-23"),
            ("Asia/Kathmandu", "2026-11-22T18:14:59Z", "2026-11-22T17:15Z", "2026-11-22"),
            ("Asia/Kathmandu", "2026-11-22T18:15:00Z", "2026-11-22T18:15Z", "2026-11-23"),
            # The gap: after 01:59 comes 03:00.
            ("Europe/Berlin", "2026-03-29T00:59:59Z", "2026-03-29T00:00Z", "2026-03-29"),
            ("Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-29T01:00Z", "2026-03-29"),
            # The fold: 02:30 comes twice, and is two hours.
            ("Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T00:00Z", "2026-10-25"),
            ("Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-25T01:00Z", "2026-10-25"),
            # The day of the gap ends an hour early, that of the fold an hour late.
            ("Europe/Berlin", "2026-03-29T21:59:59Z", "2026-03-29T21:00Z", "2026-03-29"),
            ("Europe/Berlin", "2026-03-29T22:00:00Z", "2026-03-29T22:00Z", "2026-03-30"),
            ("Europe/Berlin", "2026-10-25T22:59:59Z", "2026-10-25T22:00Z", "2026-10-25"),
            ("Europe/Berlin", "2026-10-25T23:00:00Z", "2026-10-25T23:00Z", "2026-10-26"),
            # A day whose midnight does not exist: it begins at 01:00.
            ("America/Havana", "2026-03-08T04:59:59Z", "2026-03-08T04:00Z", "2026-03-07"),
            ("America/Havana", "2026-03-08T05:00:00Z", "2026-03-08T05:00Z", "2026-03-08"),
            # The far ends of the world.
            ("Pacific/Kiritimati", "2026-11-22T10:00:00Z", "2026-11-22T10:00Z", "2026-11-23"),
            ("Etc/GMT+12", "2026-11-22T11:59:00Z", "2026-11-22T11:00Z", "2026-11-21"),
        ],
    )
    def test_holds_the_moment(self, zone: str, moment: str, hour: str, day: str) -> None:
        found = rules.local_hour(at(moment), ZoneInfo(zone))
        assert found == (at(hour), date.fromisoformat(day))
