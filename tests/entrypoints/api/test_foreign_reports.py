"""What events of others must hold to be billed."""

import pytest

from app.domain.accounts.attribution import Attribution, WireFormat
from app.domain.usage.reports import OutcomeStatus, UsageReport
from app.entrypoints.api.foreign_reports import (
    TOKENS_IF_PAID,
    Used,
    count,
    moment_of,
    report_of,
    request_id_of,
    was_unpaid,
)

ADA = Attribution("main", "ada")


def read(*, whom: Attribution = ADA, **changes: object):
    used = Used(**{"model": "gpt-4", "prompt_tokens": 5, "completion_tokens": 2, **changes})
    return report_of({}, used, request_id="req-1", wire=WireFormat.LAGO, whom=whom)


class TestReportOf:
    def test_names_what_was_used(self) -> None:
        report = read(cached_tokens=3, cache_write_tokens="1", reasoning_tokens=2, provider="p")
        assert isinstance(report, UsageReport)
        assert (report.user_id, report.request_id, report.model) == ("ada", "req-1", "gpt-4")
        assert (report.prompt_tokens, report.completion_tokens, report.total_tokens) == (5, 2, 7)
        assert (report.cached_tokens, report.cache_write_tokens) == (3, 1)
        assert (report.reasoning_tokens, report.provider, report.is_estimated) == (2, "p", False)

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ({"prompt_tokens": None}, (0, 2)),
            ({"completion_tokens": None}, (5, 0)),
            ({"prompt_tokens": "2006", "completion_tokens": 3.0}, (2006, 3)),
        ],
    )
    def test_takes_counts_as_they_are_sent(self, given, expected) -> None:
        report = read(**given)
        assert (report.prompt_tokens, report.completion_tokens) == expected

    @pytest.mark.parametrize(
        ("given", "code"),
        [
            ({"prompt_tokens": None, "completion_tokens": None}, "usage_missing"),
            ({"prompt_tokens": 0, "completion_tokens": 0, "cost": 0.1}, "usage_missing"),
            ({"prompt_tokens": -1}, "negative_tokens"),
            ({"prompt_tokens": "many"}, "not_a_whole_number"),
            ({"prompt_tokens": True}, "not_a_whole_number"),
            ({"prompt_tokens": 1.5}, "not_a_whole_number"),
            ({"prompt_tokens": 10**9 + 1}, "tokens_too_large"),
            ({"model": None}, "field_null"),
            ({"model": ""}, "text_empty"),
            ({"model": "\ud800"}, "text_invalid"),
            ({"model": {"a": 1}}, "not_text"),
            ({"occurred_at": "yesterday"}, "time_invalid"),
            ({"occurred_at": "2026-11-22T10:00:00"}, "time_without_zone"),
            ({"whom": Attribution("main")}, "account_not_named"),
            ({"whom": Attribution("main", "\x00")}, "text_invalid"),
        ],
    )
    def test_rejects_by_name_what_cannot_be_billed(self, given, code) -> None:
        outcome = read(**given)
        assert (outcome.status, outcome.code) == (OutcomeStatus.REJECTED, code)
        assert outcome.request_id == "req-1" and outcome.detail and outcome.faults

    @pytest.mark.parametrize("cost", [None, 0, 0.0, "0.1"])
    def test_bills_nothing_where_nothing_was_used(self, cost) -> None:
        outcome = read(prompt_tokens=0, completion_tokens=0, cost=cost)
        assert (outcome.status, outcome.code) == (OutcomeStatus.IGNORED, "nothing_used")

    def test_makes_names_fit_that_only_group(self) -> None:
        report = read(provider="p" * 101, api_key_alias="k" * 129)
        assert (len(report.provider), len(report.api_key_alias)) == (100, 128)
        for odd in ("\ud800", "a\nb", "", 7, None):
            report = read(provider=odd, api_key_alias=odd)
            assert (report.provider, report.api_key_alias) == (None, None)

    @pytest.mark.parametrize(("reasoning", "kept"), [(1, 1), (2, 2), (300, 2), (None, 0)])
    def test_holds_reasoning_to_the_answer(self, reasoning, kept) -> None:
        assert read(reasoning_tokens=reasoning).reasoning_tokens == kept

    def test_flags_estimates(self) -> None:
        assert read(is_estimated=True).is_estimated


class TestRequestIdOf:
    def test_is_readable_and_of_a_bounded_length(self) -> None:
        assert request_id_of(WireFormat.LAGO, "tx-1", "tx-1").startswith("lago:tx-1:")
        odd = request_id_of(WireFormat.LAGO, "é\ud800 " * 500, "é\ud800" * 500)
        assert len(odd) < 255 and odd.isascii() and odd.isprintable() and " " not in odd

    def test_differs_where_any_part_does(self) -> None:
        parts = [("a b", "c"), ("a", "b c"), ("a", None), ("a", "null"), ("a", 1), ("a", "1")]
        ids = {request_id_of(WireFormat.LAGO, "a", *two) for two in parts}
        assert len(ids) == len(parts)
        assert len({request_id_of(wire, "a", "a") for wire in WireFormat}) == len(WireFormat)


class TestMomentOf:
    @pytest.mark.parametrize(
        ("seconds", "expected"),
        [
            (1795342063, "2026-11-22T10:07:43Z"),
            ("1795342063", "2026-11-22T10:07:43Z"),
            (1795341270.180002, "2026-11-22T09:54:30.180002Z"),
            ("1795341270.18", "2026-11-22T09:54:30.180000Z"),
            (None, None),
            ("soon", "soon"),
            (True, True),
            (1e300, "1e+300"),
            ("nan", "nan"),
        ],
    )
    def test_reads_seconds_and_leaves_the_rest_to_be_refused(self, seconds, expected) -> None:
        assert moment_of(seconds) == expected


class TestCount:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("12", 12),
            ("12.0", 12),
            (12.0, 12),
            ("12.5", "12.5"),
            ("-1", "-1"),
            ("", ""),
            (None, None),
        ],
    )
    def test_reads_whole_numbers(self, value, expected) -> None:
        assert count(value) == expected


@pytest.mark.parametrize(
    ("name", "cost", "expected"),
    [
        (TOKENS_IF_PAID, 0.0, True),
        (TOKENS_IF_PAID, 0, True),
        (TOKENS_IF_PAID, 1e-12, False),
        (TOKENS_IF_PAID, None, False),
        (TOKENS_IF_PAID, False, False),
        (TOKENS_IF_PAID, "0", False),
        ("llm_tokens", 0.0, False),
        (None, 0.0, False),
    ],
)
def test_was_unpaid_where_the_operator_says_so(name, cost, expected) -> None:
    assert was_unpaid(name, cost) is expected
