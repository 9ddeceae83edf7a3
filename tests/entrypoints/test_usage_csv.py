"""Usage as CSV: exact, and harmless to spreadsheets."""

import csv
from datetime import UTC, datetime
from io import StringIO
from zoneinfo import ZoneInfo

import pytest

from app.domain.usage.views import RecordView
from app.entrypoints.usage_csv import HEADER, LINES_AT_ONCE, csv_parts, harmless

VIEW = {
    "id": 1,
    "request_id": "req-1",
    "occurred_at": datetime(2026, 7, 1, 22, 30, 0, 250_000, tzinfo=UTC),
    "model": "gpt-4",
    "provider": "openai",
    "api_key_alias": None,
    "prompt_tokens": 500,
    "completion_tokens": 120,
    "total_tokens": 620,
    "cached_tokens": 0,
    "cache_write_tokens": 0,
    "reasoning_tokens": 0,
    "quota_tokens": 100,
    "extra_tokens": 0,
    "overage_tokens": 520,
    "cost_nanos": 22_200_000,
    "discount_nanos": 5_442_581,
    "final_nanos": 16_757_419,
    "status": "completed",
    "billing_month": "2026-07",
    "created_at": datetime(2026, 7, 1, 22, 30, 1, tzinfo=UTC),
}


def lines_of(*views: RecordView, zone: str = "Europe/Berlin") -> list[dict[str, str]]:
    text = "".join(csv_parts(views, zone=ZoneInfo(zone)))
    return list(csv.DictReader(StringIO(text, newline="")))


class TestCsvParts:
    def test_write_every_amount_exactly(self) -> None:
        (line,) = lines_of(RecordView(**VIEW))
        assert line["cost"] == "0.0222"
        assert line["discount_amount"] == "0.005442581"
        assert line["final_cost"] == "0.016757419"
        (line,) = lines_of(RecordView(**{**VIEW, "cost_nanos": 1, "final_nanos": 0}))
        assert line["cost"] == "0.000000001"
        assert line["final_cost"] == "0"

    def test_say_where_the_gateway_guessed(self) -> None:
        guessed = RecordView(**VIEW, is_estimated=True)
        lines = lines_of(guessed, RecordView(**VIEW))
        assert [line["estimated"] for line in lines] == ["true", "false"]

    def test_tell_the_time_here_and_there(self) -> None:
        (line,) = lines_of(RecordView(**VIEW))
        assert line["occurred_at"] == "2026-07-01T22:30:00.250000Z"
        assert line["occurred_at_local"] == "2026-07-02T00:30:00.250000+02:00"

    @pytest.mark.parametrize(
        "begin",
        [
            *("=", "+", "-", "@", "|", "\t", "\r", "\n"),
            *("＝", "＋", "－", "＠", "｜"),
            *("\ufeff=", " =", "  \t+", "\t@", "\u00a0-", "\u3000＝", "\u200b=", "\u202e|"),
        ],
    )
    def test_disarm_formulas(self, begin) -> None:
        armed = f'{begin}HYPERLINK("http://evil.example","x")'
        names = dict.fromkeys(["request_id", "model", "provider", "api_key_alias"], armed)
        (line,) = lines_of(RecordView(**{**VIEW, **names}))
        assert [line[name] for name in names] == [f"'{armed}"] * 4

    @pytest.mark.parametrize("name", ["gpt-4", "a=b", " gpt", "\ufeffgpt", "'=1", "", "a|b"])
    def test_leave_other_names_as_they_are(self, name: str) -> None:
        assert harmless(name) == name

    def test_keep_names_with_commas_and_quotes_whole(self) -> None:
        (line,) = lines_of(RecordView(**{**VIEW, "model": 'my "own", model'}))
        assert line["model"] == 'my "own", model'
        assert line["api_key_alias"] == ""

    def test_begin_with_a_header_even_if_nothing_follows(self) -> None:
        assert "".join(csv_parts([], zone=ZoneInfo("UTC"))) == ",".join(HEADER) + "\r\n"

    def test_are_handed_out_before_all_is_read(self) -> None:
        taken = 0

        def endless():
            nonlocal taken
            while True:
                taken += 1
                yield RecordView(**VIEW)

        parts = csv_parts(endless(), zone=ZoneInfo("UTC"))
        assert next(parts).count("\r\n") == LINES_AT_ONCE + 1
        assert taken == LINES_AT_ONCE
        next(parts)
        assert taken == 2 * LINES_AT_ONCE
