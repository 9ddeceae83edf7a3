"""Lago's events as LiteLLM and Lago's agent SDK (0.3.1) sent them, and what we make of each."""

from datetime import UTC, datetime

import pytest

from app.domain.accounts.attribution import Attribution
from app.domain.usage.reports import OutcomeStatus, UsageReport
from app.entrypoints.api.foreign_reports import TOKENS_IF_PAID
from app.entrypoints.api.lago_events import read_events
from tests.gateways.captures import LAGO, LAGO_BATCH, LAGO_HITS

BY_SUBSCRIPTION = Attribution("main", None, ("external_subscription_id",))
LITELLM = LAGO[2]["event"]
# Each request twice, the second answered by LiteLLM's cache: of a model with a price there, of one
# without, and an embedding.
HITS = [one["event"] for one in LAGO_HITS]
ONE_CALL = LAGO_BATCH["events"][:4]


def read(events: list[object]) -> list:
    return read_events(events, whom=BY_SUBSCRIPTION)


def counts_of(events: list[dict]) -> list[tuple[int, ...]]:
    """Return for each report: prompt, cached, written, completion, reasoning."""
    return [
        (
            report.prompt_tokens,
            report.cached_tokens,
            report.cache_write_tokens,
            report.completion_tokens,
            report.reasoning_tokens,
        )
        for report in read(events)
        if isinstance(report, UsageReport)
    ]


def make_events(provider: str, **values: int) -> list[dict]:
    """Make the events of one call, in the order in which the agent SDK sends them."""
    return [
        {
            "transaction_id": f"tx-{code}",
            "external_subscription_id": "user-123",
            "code": f"llm_{code}_tokens",
            "timestamp": 1795342063,
            "properties": {"value": str(value), "model": "m", "provider": provider, "api": "a"},
        }
        for code, value in values.items()
    ]


class TestLiteLLM:
    def test_sends_one_event_for_each_request(self) -> None:
        (report,) = read([LITELLM])
        assert (report.user_id, report.model) == ("user-123", "gpt-4o")
        assert (report.prompt_tokens, report.completion_tokens) == (2006, 300)
        assert report.occurred_at is None
        assert report.request_id.startswith("lago:1b6e1705-ef30-4447-838f-244f7a999e41:")

    def test_does_not_say_what_its_cache_answered(self) -> None:
        costs = [event["properties"]["response_cost"] for event in HITS]
        assert costs == [4.75e-05, 0.0, 0.0, 0.0, 1e-07, 0.0]
        # So all of it is billed: to give a model away that has no price there would be worse.
        assert len(counts_of(HITS)) == 6

    def test_bills_no_cache_hit_where_the_operator_has_prices_for_all(self) -> None:
        named = [{**event, "code": TOKENS_IF_PAID} for event in HITS]
        ignored = [getattr(reading, "code", "") for reading in read(named)]
        assert ignored == ["", "cache_hit", "cache_hit", "cache_hit", "", "cache_hit"]

    def test_bills_what_has_no_known_cost(self) -> None:
        # The SDK, without its proxy, says null where it knows no price.
        properties = {**LITELLM["properties"], "response_cost": None}
        assert counts_of([{**LITELLM, "code": TOKENS_IF_PAID, "properties": properties}])


class TestAgentSdk:
    def test_sends_one_event_for_each_kind_of_token(self) -> None:
        readings = read(LAGO_BATCH["events"])
        assert [reading.request_id is not None for reading in readings] == [True] * 8
        codes = [getattr(reading, "code", "") for reading in readings]
        assert codes == ["", "", "counted_elsewhere", "counted_elsewhere"] * 2
        both = [(2006, 1920, 0, 0, 0), (0, 0, 0, 300, 192)]
        assert counts_of(LAGO_BATCH["events"]) == both * 2
        assert readings[0].occurred_at == datetime(2026, 11, 22, 10, 7, 43, tzinfo=UTC)
        assert readings[0].model == "gpt-4o-mini-2025-01-01"

    @pytest.mark.parametrize(
        ("provider", "values", "expected"),
        [
            ("openai", {"input": 9, "cached_input": 4}, [(9, 4, 0, 0, 0)]),
            ("openai", {"input": 9, "cache_creation": 4}, [(9, 0, 4, 0, 0)]),
            # With Anthropic they come on top; the breakdown by lifetime repeats them.
            (
                "anthropic",
                {"input": 9, "cached_input": 4, "cache_creation": 3, "cache_write_5m": 3},
                [(9, 0, 0, 0, 0), (4, 4, 0, 0, 0), (3, 0, 3, 0, 0)],
            ),
            ("gemini", {"output": 5, "reasoning": 7}, [(0, 0, 0, 5, 0), (0, 0, 0, 7, 7)]),
            # More than the whole: another call's, sent by another thread in between.
            ("openai", {"input": 9, "cached_input": 10}, [(9, 0, 0, 0, 0)]),
            # What follows its whole in another batch was counted there.
            ("openai", {"cached_input": 4, "reasoning": 2}, []),
        ],
    )
    def test_counts_each_token_once(self, provider, values, expected) -> None:
        assert counts_of(make_events(provider, **values)) == expected

    def test_keeps_ids_however_its_batches_are_cut(self) -> None:
        whole = read(ONE_CALL)
        cut = [*read(ONE_CALL[:1]), *read(ONE_CALL[1:])]
        assert [one.request_id for one in cut] == [one.request_id for one in whole]
        assert len({one.request_id for one in whole}) == 4

    def test_mixes_no_calls(self) -> None:
        first, second = make_events("openai", input=9), make_events("openai", cached_input=4)
        for changes in ({"timestamp": 1}, {"external_subscription_id": "b"}):
            assert counts_of([*first, {**second[0], **changes}]) == [(9, 0, 0, 0, 0)]


class TestReadEvents:
    @pytest.mark.parametrize(
        ("event", "code"),
        [
            (None, "transaction_id_missing"),
            ({**LITELLM, "transaction_id": ""}, "transaction_id_missing"),
            ({**LITELLM, "external_subscription_id": None}, "account_not_named"),
            ({**LITELLM, "properties": None}, "usage_missing"),
            ({**LITELLM, "code": "storage", "properties": {"gb": 10}}, "usage_missing"),
            ({**LITELLM, "timestamp": "soon"}, "time_invalid"),
            ({**ONE_CALL[0], "properties": {"value": "-5", "model": "m"}}, "not_a_whole_number"),
        ],
    )
    def test_rejects_by_name_what_it_cannot_bill(self, event, code) -> None:
        before, outcome = read([LITELLM, event])
        assert isinstance(before, UsageReport)
        assert (outcome.status, outcome.code) == (OutcomeStatus.REJECTED, code)

    def test_holds_subscriptions_apart(self) -> None:
        mine, other = read([LITELLM, {**LITELLM, "external_subscription_id": "user-456"}])
        assert mine.request_id != other.request_id
