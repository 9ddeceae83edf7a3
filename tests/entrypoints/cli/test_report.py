"""The operator's month on the command line."""

import json

import pytest

from app.foundation import clock
from app.foundation.periods import BillingMonth
from tests.factories.usage import make_report, record


@pytest.fixture
def month(ada) -> BillingMonth:
    now = clock.now()
    record([make_report("ada"), make_report("ada", model="gpt-4o")], now=now)
    return BillingMonth.of(now)


class TestReport:
    def test_prints_tables_for_people(self, billing, month) -> None:
        result = billing("report", month)
        assert result.exit_code == 0, result.output
        lines = result.stdout.splitlines()
        assert lines[0].split() == [str(month), "USD"]
        assert "1,240 tokens in 2 records" in lines
        assert any(line.startswith("gpt-4 ") and "0.0222" in line for line in lines)
        assert any(line.startswith("plan-payg ") for line in lines)

    def test_tells_what_has_no_price(self, billing, month) -> None:
        record([make_report("ada", model="nobody-knows")], now=clock.now())
        lines = billing("report", month).stdout.splitlines()
        assert "620 of the tokens have no price so far" in lines
        assert any(line.split()[:2] == ["nobody-knows", "unpriced"] for line in lines)

    def test_prints_one_json_object(self, billing, month) -> None:
        result = billing("report", month, "--json")
        found = json.loads(result.stdout)
        assert found["month"] == str(month)
        assert found["record_count"] == 2
        assert found["by_model"][0]["total_revenue"] == 0.0222

    def test_reports_an_empty_month(self, billing, app) -> None:
        result = billing("report", "2024-11")
        assert result.exit_code == 0, result.output
        assert "0 tokens in 0 records" in result.stdout

    @pytest.mark.parametrize(
        ("month", "message"),
        [
            ("2999-01", "billing: 2999-01 has not begun."),
            ("November", "billing: A month is written like 2026-11, not 'November'."),
        ],
    )
    def test_refuses_in_one_line(self, billing, app, month, message) -> None:
        result = billing("report", month)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr == f"{message}\n"
