"""The operator's month over the API."""

import json

import pytest

from app.foundation import clock
from app.foundation.periods import BillingMonth
from tests.factories.usage import make_report, record

THIS_MONTH = BillingMonth.of(clock.now())
ZEROS = {
    "total_revenue": 0,
    "total_tokens": 0,
    "record_count": 0,
    "unpriced_tokens": 0,
    "avg_cost_per_record": 0,
    "subscription_revenue": 0,
    "topup_revenue": 0,
    "discounts": 0,
    "tax": 0,
    "paid": 0,
    "refunds": 0,
    "disputes_lost": 0,
    "collected": 0,
    "outstanding": 0,
    "new_subscriptions": 0,
    "lost_subscriptions": 0,
    "by_plan": [],
    "by_model": [],
}


def ask(client, by_olga, month):
    return client.get("/v1/billing/reports/monthly", query_string={"month": month}, headers=by_olga)


class TestGetMonthlyReport:
    def test_answers_zeros_for_an_empty_month(self, client, by_olga) -> None:
        response = ask(client, by_olga, "2024-11")
        assert response.status_code == 200
        assert response.json == {"month": "2024-11", **ZEROS}

    def test_answers_exact_numbers(self, client, by_olga, ada) -> None:
        now = clock.now()
        record(
            [make_report("ada"), make_report("ada"), make_report("ada", model="gpt-4o")], now=now
        )
        response = ask(client, by_olga, str(THIS_MONTH))
        body = json.loads(response.text, parse_float=str)
        assert body["record_count"] == 3 and body["total_tokens"] == 1860
        assert body["by_model"][0] == {
            "model": "gpt-4",
            "total_revenue": "0.0444",
            "total_tokens": 1240,
            "record_count": 2,
            "unpriced_tokens": 0,
        }
        (plan,) = body["by_plan"]
        assert plan["plan_id"] == "plan-payg" and plan["plan"] == "Pay as you go"
        assert plan["total_revenue"] == body["total_revenue"]
        assert body["avg_cost_per_record"].startswith("0.01")

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ("month=2999-01", "month_in_future"),
            ("month=2024-13", "month_invalid"),
            ("month=202401", "month_invalid"),
            *(
                (f"month={month}", "month_invalid")
                for month in ("24-1", "2024-1", "2024-00", "NaN")
            ),
            ("month=", "month_invalid"),
            ("", "month_invalid"),
            ("month=%00", "month_invalid"),
            ("month=2024-01&month=2024-02", "parameter_repeated"),
            ("month=2024-01&year=1", "parameter_unknown"),
        ],
    )
    def test_refuses(self, client, by_olga, query, code) -> None:
        response = client.get(f"/v1/billing/reports/monthly?{query}", headers=by_olga)
        assert (response.status_code, response.json["code"]) == (422, code)

    def test_is_the_operators_alone(self, client, by_ada, by_gateway) -> None:
        for header in (by_ada, by_gateway):
            assert ask(client, header, "2024-11").status_code == 403
        assert ask(client, {}, "2024-11").status_code == 401
