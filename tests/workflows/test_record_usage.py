"""One request counts once: what is accepted, repeated, contradicted, refused, and what it costs."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta

import msgspec
import pytest

from app.domain.accounts.models import Account
from app.domain.usage.models import BillingRecord
from app.domain.usage.reports import Outcome, UsageReport
from app.foundation.database import session, transaction
from app.workflows.void_usage import void_usage
from tests.books import check_books
from tests.factories.accounts import make_account
from tests.factories.catalog import make_alias, make_price
from tests.factories.tokens import make_extra_tokens
from tests.factories.usage import make_report, make_usage, record
from tests.moments import NOW

MICROSECOND = timedelta(microseconds=1)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def books(ada: Account) -> Iterator[None]:
    """After each test, every figure that is kept twice is the same twice."""
    yield
    check_books()


def again(report: UsageReport, **changes: object) -> Outcome:
    return record([msgspec.structs.replace(report, **changes)])[0]


def statuses(outcomes: list[Outcome]) -> list[str]:
    return [outcome.status.value for outcome in outcomes]


def stored(request_id: str) -> BillingRecord:
    session.expire_all()
    return session.query(BillingRecord).filter_by(request_id=request_id).one()


def count() -> int:
    return session.query(BillingRecord).count()


class TestAccepted:
    def test_stores_what_was_reported(self) -> None:
        report = make_report(
            request_id="req-1",
            cached_tokens=100,
            cache_write_tokens=50,
            reasoning_tokens=20,
            api_key_alias="prod",
            occurred_at=NOW - HOUR,
        )
        [outcome] = record([report])
        row = stored("req-1")
        for name in report.__struct_fields__:
            assert getattr(row, name) == getattr(report, name)
        assert (row.status, row.occurred_at_given) == ("completed", True)
        assert (row.billing_month, row.created_at) == ("2026-11", NOW)
        assert (outcome.status, outcome.cost_nanos) == ("accepted", row.cost_nanos)

    def test_takes_the_arrival_where_no_moment_is_given(self) -> None:
        make_usage(request_id="req-1")
        row = stored("req-1")
        assert (row.occurred_at, row.occurred_at_given) == (NOW, False)

    def test_bills_pay_as_you_go_in_full(self) -> None:
        outcome = make_usage()
        assert (outcome.cost_nanos, outcome.final_nanos) == (22_200_000, 22_200_000)
        assert (outcome.quota_tokens, outcome.extra_tokens, outcome.overage_tokens) == (0, 0, 620)

    def test_draws_quota_then_extra_tokens_then_bills_with_the_plan_s_discount(self) -> None:
        make_account("pro", plan_id="plan-pro")
        make_extra_tokens("pro", bought=30, granted=20)
        make_usage("pro", prompt_tokens=999_950, completion_tokens=0)
        outcome = make_usage("pro")
        assert (outcome.quota_tokens, outcome.extra_tokens, outcome.overage_tokens) == (50, 50, 520)
        # The example of the book of rules: 520 of 620 tokens at 10 % off.
        assert outcome.final_nanos == 16_757_419
        pro = session.get_one(Account, "pro")
        session.refresh(pro)
        assert (pro.extra_tokens, pro.granted_tokens) == (0, 0)

    def test_takes_requests_without_tokens(self) -> None:
        outcome = make_usage(prompt_tokens=0, completion_tokens=0)
        assert (outcome.status, outcome.cost_nanos, outcome.final_nanos) == ("accepted", 0, 0)

    def test_takes_an_empty_batch(self) -> None:
        assert record([]) == []


class TestDuplicate:
    def test_answers_as_the_first_time_and_counts_nothing(self) -> None:
        report = make_report()
        first = record([report])[0]
        for _ in range(2):
            assert again(report) == first.renamed("duplicate")
        assert count() == 1

    def test_compares_moments_only_where_both_were_sent(self) -> None:
        hour_ago = NOW - HOUR
        for first, later in [(hour_ago, None), (None, hour_ago), (None, None), (NOW, NOW)]:
            report = make_report(occurred_at=first)
            record([report])
            assert again(report, occurred_at=later).status == "duplicate"

    def test_does_not_mind_other_labels(self) -> None:
        report = make_report(provider="openai", api_key_alias="prod")
        record([report])
        assert again(report, provider="azure", api_key_alias="staging").status == "duplicate"
        assert stored(report.request_id).provider == "openai"

    def test_stays_one_after_a_void(self) -> None:
        report = make_report()
        first = record([report])[0]
        with transaction():
            void_usage(report.request_id, reason="a test", actor="gateway:1", now=NOW)
        assert again(report) == first.renamed("duplicate")
        assert stored(report.request_id).status == "voided"
        assert again(report, model="gpt-4o").status == "conflict"

    def test_stays_one_after_the_price_has_changed(self) -> None:
        report = make_report(model="llama-9")
        first = record([report])[0]
        assert first.status == "unpriced"
        make_price("llama-9")
        assert again(report).status == "duplicate"


class TestConflict:
    def test_is_any_other_content_and_leaves_the_first_as_it_stands(self) -> None:
        report = make_report(occurred_at=NOW - HOUR)
        record([report])
        others = [
            {"model": "gpt-4o"},
            {"prompt_tokens": 501, "total_tokens": 621},
            {"completion_tokens": 121, "total_tokens": 621},
            {"prompt_tokens": 499, "completion_tokens": 121},
            {"cached_tokens": 1},
            {"cache_write_tokens": 1},
            {"reasoning_tokens": 1},
            {"occurred_at": NOW - HOUR + MICROSECOND},
        ]
        for changes in others:
            outcome = again(report, **changes)
            assert (outcome.status, outcome.code) == ("conflict", "request_id_conflict"), changes
            assert (outcome.cost_nanos, outcome.quota_tokens) == (None, None)
        assert (stored(report.request_id).model, count()) == ("gpt-4", 1)

    def test_is_found_over_all_accounts(self, ben: Account) -> None:
        report = make_report()
        record([report])
        assert again(report, user_id="ben").status == "conflict"
        assert stored(report.request_id).user_id == "ada"


class TestBatch:
    def test_lets_the_first_of_a_batch_win(self, ben: Account) -> None:
        report = make_report(request_id="req-1")
        others = [
            report,
            msgspec.structs.replace(report, occurred_at=NOW),
            msgspec.structs.replace(report, cached_tokens=1),
            msgspec.structs.replace(report, user_id="ben"),
        ]
        outcomes = record([report, *others])
        assert statuses(outcomes) == ["accepted", "duplicate", "duplicate", "conflict", "conflict"]
        assert outcomes[1] == outcomes[0].renamed("duplicate")
        assert count() == 1

    def test_compares_with_the_first_not_with_the_one_before(self) -> None:
        report = make_report(occurred_at=None)
        early = msgspec.structs.replace(report, occurred_at=NOW - HOUR)
        late = msgspec.structs.replace(report, occurred_at=NOW)
        # The first one named no moment: neither of the others contradicts it.
        assert statuses(record([report, early, late])) == ["accepted", "duplicate", "duplicate"]

    def test_lets_a_refused_record_harm_nobody(self) -> None:
        good = [make_report(request_id=f"good-{number}") for number in range(3)]
        bad = make_report(request_id="bad", total_tokens=1)
        outcomes = record([good[0], bad, good[1], make_report("nobody"), good[2]])
        assert statuses(outcomes) == [
            "accepted",
            "rejected",
            "accepted",
            "rejected",
            "accepted",
        ]
        assert [outcome.code for outcome in outcomes if outcome.code] == [
            "total_mismatch",
            "unknown_user",
        ]
        assert count() == 3

    def test_lets_a_refused_record_leave_its_id_free(self) -> None:
        bad = make_report(request_id="req-1", total_tokens=1)
        good = make_report(request_id="req-1")
        assert statuses(record([bad, good])) == ["rejected", "accepted"]
        assert statuses(record([bad, good])) == ["rejected", "duplicate"]

    def test_answers_in_the_order_of_the_records(self) -> None:
        reports = [make_report() for _ in range(50)]
        record(reports[10:20])
        outcomes = record(reports)
        assert [o.request_id for o in outcomes] == [r.request_id for r in reports]
        assert statuses(outcomes) == ["accepted"] * 10 + ["duplicate"] * 10 + ["accepted"] * 30

    def test_splits_in_the_order_of_the_records(self) -> None:
        make_account("basic", plan_id="plan-basic")
        outcomes = record(
            [make_report("basic", prompt_tokens=60_000, completion_tokens=0) for _ in range(3)]
        )
        assert [o.quota_tokens for o in outcomes] == [60_000, 40_000, 0]
        assert [o.overage_tokens for o in outcomes] == [0, 20_000, 60_000]


class TestPrices:
    def test_match_by_name_then_alias_then_without_provider(self) -> None:
        price = make_price("llama-9")
        make_alias("my-llama", model_id="llama-9")
        known = ["llama-9", "my-llama", "meta/llama-9", "meta/my-llama"]
        unknown = ["together/meta/llama-9", "llama-9/", "/llama-9", "LLAMA-9", "llama-9 ", "/"]
        outcomes = record([make_report(model=name, request_id=name) for name in known + unknown])
        assert statuses(outcomes) == ["accepted"] * len(known) + ["unpriced"] * len(unknown)
        rows = [stored(name) for name in known + unknown]
        assert [row.model for row in rows] == known + unknown
        assert [row.price_id for row in rows] == [price.id] * len(known) + [None] * len(unknown)

    def test_prefer_the_whole_name(self) -> None:
        make_price("llama-9")
        whole = make_price("meta/llama-9", prompt_pico=7_000_000)
        make_usage(request_id="req-1", model="meta/llama-9")
        assert stored("req-1").price_id == whole.id

    def test_tell_cached_tokens_apart(self) -> None:
        make_price("llama-9", cache_read_price_pico=100_000, cache_write_price_pico=3_000_000)
        outcome = make_usage(model="llama-9", cached_tokens=200, cache_write_tokens=100)
        # (200 × 1 + 200 × 0.1 + 100 × 3 + 120 × 2) USD per million
        assert outcome.cost_nanos == 760_000

    def test_take_the_prompt_s_price_where_a_cache_has_none(self) -> None:
        make_price("llama-9")
        with_cache = make_usage(model="llama-9", cached_tokens=200, cache_write_tokens=100)
        assert with_cache.cost_nanos == make_usage(model="llama-9").cost_nanos == 740_000

    def test_are_those_of_the_moment_of_use(self) -> None:
        change = NOW - HOUR
        make_price("llama-9", effective_to=change)
        ten_times = {"prompt_pico": 10_000_000, "completion_pico": 20_000_000}
        make_price("llama-9", **ten_times, effective_from=change)
        moments = [change - MICROSECOND, change, change + MICROSECOND]
        outcomes = [make_usage(model="llama-9", occurred_at=moment) for moment in moments]
        assert [o.cost_nanos for o in outcomes] == [740_000, 7_400_000, 7_400_000]

    def test_begin_at_their_moment(self) -> None:
        make_price("llama-9", effective_from=NOW)
        assert make_usage(model="llama-9", occurred_at=NOW - MICROSECOND).status == "unpriced"
        assert make_usage(model="llama-9", occurred_at=NOW).status == "accepted"

    def test_leave_replaced_ones_out(self) -> None:
        make_price("llama-9", replaced_at=NOW)
        assert make_usage(model="llama-9").status == "unpriced"

    def test_cost_at_most_a_million_usd_a_record(self) -> None:
        for model, prompt_pico in [("below", -1), ("at", 0), ("above", 1)]:
            make_price(model, prompt_pico=10**12 + prompt_pico)
        of_a_million = {"prompt_tokens": 10**6, "completion_tokens": 0}
        outcomes = [make_usage(model=name, **of_a_million) for name in ("below", "at", "above")]
        assert statuses(outcomes) == ["accepted", "accepted", "rejected"]
        assert (outcomes[2].code, outcomes[2].faults[0].path) == ("cost_too_large", "model")

    def test_hold_the_largest_record_there_may_be(self) -> None:
        make_price("cheap", prompt_pico=500_000, completion_pico=500_000)
        outcome = make_usage(model="cheap", prompt_tokens=10**9 - 1, completion_tokens=1)
        assert (outcome.status, outcome.cost_nanos) == ("accepted", 5 * 10**11)


class TestUnpriced:
    def test_splits_the_tokens_and_keeps_the_multiplier(self) -> None:
        make_account("pro", plan_id="plan-pro")
        make_usage("pro", prompt_tokens=999_950, completion_tokens=0)
        outcome = make_usage("pro", model="llama-9", request_id="req-1")
        assert outcome == Outcome(
            request_id="req-1",
            status="unpriced",
            quota_tokens=50,
            extra_tokens=0,
            overage_tokens=570,
        )
        row = stored("req-1")
        assert (row.status, row.price_id, row.cost_nanos) == ("unpriced", None, 0)
        assert row.overage_discount_bp == 1_000

    def test_has_no_cost_which_is_not_a_cost_of_nothing(self) -> None:
        report = make_report(model="llama-9")
        assert record([report])[0].cost_nanos is None
        assert again(report).cost_nanos is None
        make_price("free", prompt_pico=0, completion_pico=0)
        assert make_usage(model="free").cost_nanos == 0


def test_rejects_what_the_rules_refuse_by_field() -> None:
    outcome = make_usage(reasoning_tokens=121)
    [fault] = outcome.faults
    assert (outcome.status, outcome.code) == ("rejected", "reasoning_exceeds_completion")
    assert (fault.path, fault.detail) == ("reasoning_tokens", outcome.detail)
    assert asdict(fault)["code"] == outcome.code
    assert count() == 0
