"""LiteLLM's events, as its proxy and SDK sent them (1.106.2), and what we make of each."""

import json
from datetime import UTC, datetime

import pytest

from app.domain.accounts.attribution import Attribution
from app.domain.usage.reports import OutcomeStatus, UsageReport
from app.entrypoints.api.foreign_bodies import BrokenLine
from app.entrypoints.api.litellm_events import read_event
from tests.gateways.captures import LITELLM as CAPTURED

OF_THE_KEY = Attribution("main")


def make_event(name: str = "success", **changes: object) -> dict:
    return {**CAPTURED[name], **changes}


def with_usage(usage: object) -> dict:
    event = make_event()
    return {**event, "metadata": {**event["metadata"], "usage_object": usage}}


class TestReadEvent:
    @pytest.mark.parametrize(
        ("name", "user_id", "model", "counts", "alias"),
        [
            # Counts: prompt, cached, written, completion, reasoning.
            ("success", "user-123", "gpt-4o", (2006, 1920, 0, 300, 192), "alice-prod"),
            ("same_call_id", "user-456", "gpt-4o", (2006, 1920, 0, 300, 192), "bob-dev"),
            ("custom_model", "user-456", "priced-custom", (2006, 1920, 0, 300, 192), "bob-dev"),
            ("fallback", "user-123", "backup", (10, 0, 0, 20, 0), "alice-prod"),
            (
                "without_keys",
                "default_user_id",
                "gpt-4o",
                (2006, 1920, 0, 300, 192),
                "litellm_proxy_master_key",
            ),
            ("stream", "user-123", "gpt-4o-mini", (2006, 1920, 0, 300, 192), "prod-key"),
            (
                "prompt_cache",
                "user-123",
                "claude-sonnet-4-5",
                (9250, 8000, 1200, 400, 0),
                "prod-key",
            ),
            ("embedding", "user-123", "text-embedding-3-small", (8, 0, 0, 0, 0), "prod-key"),
        ],
    )
    def test_reads_what_a_success_used(self, name, user_id, model, counts, alias) -> None:
        report = read_event(CAPTURED[name], whom=OF_THE_KEY)
        assert isinstance(report, UsageReport)
        assert (report.user_id, report.model, report.api_key_alias) == (user_id, model, alias)
        assert counts == (
            report.prompt_tokens,
            report.cached_tokens,
            report.cache_write_tokens,
            report.completion_tokens,
            report.reasoning_tokens,
        )
        assert report.provider in ("openai", "anthropic")
        assert not report.is_estimated

    def test_dates_it_to_the_answer_s_end(self) -> None:
        report = read_event(make_event(endTime=1795341539.962714), whom=OF_THE_KEY)
        assert report.occurred_at == datetime(2026, 11, 22, 9, 58, 59, 962714, tzinfo=UTC)
        assert read_event(make_event(endTime=None), whom=OF_THE_KEY).occurred_at is None

    @pytest.mark.parametrize(
        ("name", "code"),
        [
            ("cache_hit", "cache_hit"),
            ("failure", "request_failed"),
            ("failure_before_fallback", "request_failed"),
        ],
    )
    def test_bills_nothing_for_what_no_provider_was_paid(self, name, code) -> None:
        outcome = read_event(CAPTURED[name], whom=OF_THE_KEY)
        assert (outcome.status, outcome.code) == (OutcomeStatus.IGNORED, code)

    def test_bills_no_guess_at_what_failed(self) -> None:
        guessed = make_event("failure", prompt_tokens=2006, total_tokens=2006)
        assert read_event(guessed, whom=OF_THE_KEY).status == OutcomeStatus.IGNORED

    def test_flags_what_litellm_counted_itself(self) -> None:
        report = read_event(CAPTURED["client_abort"], whom=OF_THE_KEY)
        assert report.is_estimated
        assert (report.prompt_tokens, report.completion_tokens) == (9, 1)

    def test_believes_callers_only_where_told(self) -> None:
        spoofed = CAPTURED["same_call_id"]
        assert spoofed["end_user"] == "spoofed-user-999"
        told = Attribution("main", None, ("end_user",))
        assert read_event(spoofed, whom=OF_THE_KEY).user_id == "user-456"
        assert read_event(spoofed, whom=told).user_id == "spoofed-user-999"

    @pytest.mark.parametrize(
        ("event", "code"),
        [
            (BrokenLine(), "line_not_json"),
            (None, "event_unknown"),
            ([], "event_unknown"),
            ({}, "event_unknown"),
            ({"id": None, "litellm_call_id": 7}, "event_unknown"),
            (make_event(status="pending"), "status_unknown"),
            (make_event(status=None), "status_unknown"),
            (make_event(metadata=None), "account_not_named"),
            (make_event(prompt_tokens=None, completion_tokens=None), "usage_missing"),
            (make_event(prompt_tokens=0, completion_tokens=0), "usage_missing"),
            (make_event(model_group=None, model=None), "field_null"),
            (make_event(endTime="later"), "time_invalid"),
        ],
    )
    def test_rejects_by_name_what_it_cannot_bill(self, event, code) -> None:
        outcome = read_event(event, whom=OF_THE_KEY)
        assert (outcome.status, outcome.code) == (OutcomeStatus.REJECTED, code)

    @pytest.mark.parametrize(
        ("usage", "cached", "written"),
        [
            (None, 0, 0),
            ("odd", 0, 0),
            ({"prompt_tokens_details": None}, 0, 0),
            ({"cache_read_input_tokens": 0, "prompt_tokens_details": {"cached_tokens": 7}}, 7, 0),
            (
                {"cache_read_input_tokens": 7, "prompt_tokens_details": {"cached_tokens": None}},
                7,
                0,
            ),
            ({"prompt_tokens_details": {"cache_write_tokens": 5}}, 0, 5),
        ],
    )
    def test_finds_the_cached_tokens_wherever_they_stand(self, usage, cached, written) -> None:
        report = read_event(with_usage(usage), whom=OF_THE_KEY)
        assert (report.cached_tokens, report.cache_write_tokens) == (cached, written)

    @pytest.mark.parametrize(
        ("group", "model", "provider", "expected"),
        [
            ("backup", "openai/gpt-4o-mini", "openai", "backup"),
            ("", "openai/gpt-4o", "openai", "gpt-4o"),
            (None, "gpt-4o", "openai", "gpt-4o"),
            ("", "meta/llama", "openrouter", "meta/llama"),
            ("", "openai/gpt-4o", None, "openai/gpt-4o"),
        ],
    )
    def test_calls_the_model_what_customers_call_it(self, group, model, provider, expected) -> None:
        event = make_event(model_group=group, model=model, custom_llm_provider=provider)
        assert read_event(event, whom=OF_THE_KEY).model == expected

    def test_shortens_a_key_s_hash(self) -> None:
        event = make_event()
        event["metadata"] = {**event["metadata"], "user_api_key_alias": None}
        alias = read_event(event, whom=OF_THE_KEY).api_key_alias
        assert alias == event["metadata"]["user_api_key_hash"][:12]


class TestRequestId:
    def ids(self, *events: dict) -> set[str]:
        return {read_event(event, whom=OF_THE_KEY).request_id for event in events}

    def test_is_the_same_for_a_resent_copy(self) -> None:
        assert len(self.ids(make_event(), json.loads(json.dumps(make_event())))) == 1

    def test_holds_apart_what_shares_an_id(self) -> None:
        # A call id that the caller chose, a failure and its fallback, a constant id of a backend.
        event = CAPTURED["success"]
        assert len(self.ids(CAPTURED["same_call_id"], CAPTURED["same_call_id_again"])) == 2
        assert len(self.ids(CAPTURED["failure_before_fallback"], CAPTURED["fallback"])) == 2
        others = [{"id": "x"}, {"litellm_call_id": "x"}, {"startTime": 1795341539.382203}]
        assert len(self.ids(event, *({**event, **other} for other in others))) == 4
