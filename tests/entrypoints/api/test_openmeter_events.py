"""CloudEvents as LiteLLM and OpenMeter's Python SDK sent them, and what we make of each."""

from datetime import UTC, datetime

import pytest

from app.domain.accounts.attribution import Attribution
from app.domain.usage.reports import OutcomeStatus, UsageReport
from app.entrypoints.api.foreign_reports import TOKENS_IF_PAID
from app.entrypoints.api.openmeter_events import read_event
from tests.gateways.captures import CLOUDEVENT_HITS, CLOUDEVENTS

BY_SUBJECT = Attribution("main", None, ("subject",))
EVENT = CLOUDEVENTS[2]


class TestReadEvent:
    def test_reads_litellm_s(self) -> None:
        report = read_event(EVENT, whom=BY_SUBJECT)
        assert (report.user_id, report.model) == ("user-123", "gpt-4o")
        assert (report.prompt_tokens, report.completion_tokens) == (2006, 300)
        assert report.occurred_at == datetime(2026, 11, 22, 9, 56, 18, 213251, tzinfo=UTC)
        assert report.request_id.startswith("cloudevents:chatcmpl-419a524db88e43d49f12b8f3:")

    @pytest.mark.parametrize(
        ("sent", "counts"),
        [
            ({"type": "output", "tokens": "123"}, (0, 123)),
            ({"type": "completion", "tokens": 123}, (0, 123)),
            ({"type": "input", "tokens": "123"}, (123, 0)),
            ({"type": "prompt", "tokens": "123"}, (123, 0)),
            ({"prompt_tokens": "7", "completion_tokens": 2, "type": "input"}, (7, 2)),
        ],
    )
    def test_reads_one_side_of_a_request(self, sent, counts) -> None:
        report = read_event({**EVENT, "data": {"model": "gpt-4o", **sent}}, whom=BY_SUBJECT)
        assert (report.prompt_tokens, report.completion_tokens) == counts

    def test_takes_the_parts_that_a_gateway_may_add(self) -> None:
        parts = {"cached_tokens": 6, "cache_write_tokens": 1, "reasoning_tokens": 2}
        sent = {**EVENT["data"], **parts, "provider": "openai"}
        report = read_event({**EVENT, "data": sent}, whom=BY_SUBJECT)
        assert (report.cached_tokens, report.cache_write_tokens) == (6, 1)
        assert (report.reasoning_tokens, report.provider) == (2, "openai")

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"id": ""}, "id_missing"),
            ({"source": None}, "source_missing"),
            ({"subject": None}, "account_not_named"),
            ({"data": None}, "usage_missing"),
            ({"data": "text"}, "usage_missing"),
            ({"data": {"model": "gpt-4o", "type": "system", "tokens": "1"}}, "usage_missing"),
            ({"data": {"prompt_tokens": 1}}, "field_null"),
            ({"time": "yesterday"}, "time_invalid"),
        ],
    )
    def test_rejects_by_name_what_it_cannot_bill(self, changes, code) -> None:
        outcome = read_event({**EVENT, **changes}, whom=BY_SUBJECT)
        assert (outcome.status, outcome.code) == (OutcomeStatus.REJECTED, code)

    def test_rejects_what_is_no_event(self) -> None:
        assert read_event("odd", whom=BY_SUBJECT).code == "event_not_object"

    def test_bills_no_cached_embedding_where_the_operator_has_prices_for_all(self) -> None:
        # Its id is another each time, so it is no repeat of the first.
        first, hit = CLOUDEVENT_HITS[4:]
        assert first["id"] != hit["id"] and hit["data"]["cost"] == 0
        assert isinstance(read_event(hit, whom=BY_SUBJECT), UsageReport)
        first, hit = ({**event, "type": TOKENS_IF_PAID} for event in (first, hit))
        assert isinstance(read_event(first, whom=BY_SUBJECT), UsageReport)
        assert read_event(hit, whom=BY_SUBJECT).code == "cache_hit"

    def test_is_one_event_by_source_and_id(self) -> None:
        others = [{"time": None}, {"type": "x"}, {"subject": "b"}, {"id": "b"}, {"source": "b"}]
        ids = [read_event({**EVENT, **other}, whom=BY_SUBJECT).request_id for other in others]
        ours = read_event(EVENT, whom=BY_SUBJECT).request_id
        assert [request_id == ours for request_id in ids] == [True, True, True, False, False]
