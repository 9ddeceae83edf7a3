"""Series and records as customers' programs read them."""

import csv
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from app.domain.accounts.models import Account
from app.domain.usage import queries
from app.foundation import clock
from app.foundation.database import session
from app.foundation.secret_keys import KeyKind
from tests.factories.accounts import make_account
from tests.factories.bearers import bearer
from tests.factories.usage import make_report, make_usage, record
from tests.statements import statements

USAGE, RECORDS = "/v1/billing/usage", "/v1/billing/usage/records"
AS_CSV = {"Accept": "text/csv"}
COUNTED = {"requests", "prompt_tokens", "completion_tokens", "cached_tokens", "total_tokens"}


def exactly(response) -> dict:
    """Read an answer's numbers as they were written."""
    assert response.status_code == 200, response.text
    return json.loads(response.data, parse_float=Decimal)


def fault_of(response) -> tuple[str, str]:
    assert response.status_code == 422
    assert response.content_type == "application/problem+json"
    (fault,) = response.json["errors"]
    assert response.json["code"] == fault["code"]
    return fault["path"], fault["code"]


class TestGetUsage:
    def test_answers_buckets_and_totals(self, client, by_ada, noise, now) -> None:
        first = make_usage(now=now, api_key_alias="prod", cached_tokens=100)
        make_usage("noise-pro", now=now)
        body = exactly(client.get(USAGE, headers=by_ada))
        (bucket,) = body["buckets"]
        assert bucket["group"] == "gpt-4"
        assert bucket["start"] == f"{now.date()}T00:00:00+00:00"
        assert set(bucket) >= COUNTED and set(body["totals"]) >= COUNTED
        assert bucket["total_tokens"] == 620 and bucket["cached_tokens"] == 100
        cost = Decimal(first.cost_nanos).scaleb(-9)
        assert bucket["cost"] == bucket["final_cost"] == cost
        assert body["totals"]["cost"] == cost
        assert body["timezone"] == "UTC"
        assert body["approximate"] is False

    def test_writes_money_exactly(self, client, now) -> None:
        make_account("cleo", now=now, plan_id="plan-pro")
        session.execute(
            text("UPDATE subscription_periods SET quota_tokens_used = 999900, tokens_used = 999900")
        )
        session.commit()
        by_cleo = bearer(KeyKind.CUSTOMER, user_id="cleo")
        make_usage("cleo", now=now)
        response = client.get(USAGE, headers=by_cleo)
        assert '"final_cost":0.016757419' in response.text

    @pytest.mark.parametrize("group_by", ["model", "api_key", "provider"])
    def test_shows_strangers_nothing(self, client, by_ben, noise, group_by) -> None:
        make_usage("noise-pro", now=clock.now())
        for granularity in ("hour", "day", "month"):
            query = {"group_by": group_by, "granularity": granularity}
            body = exactly(client.get(USAGE, headers=by_ben, query_string=query))
            assert body["buckets"] == []
            assert body["totals"]["requests"] == 0 and body["totals"]["cost"] == 0

    def test_counts_days_in_the_accounts_zone(self, client, now) -> None:
        make_account("kala", now=now, timezone="Asia/Kolkata")
        by_kala = bearer(KeyKind.CUSTOMER, user_id="kala")
        before = datetime(2026, 7, 1, 18, 29, 59, tzinfo=UTC)
        record(
            [
                make_report("kala", occurred_at=moment)
                for moment in (before, before + timedelta(seconds=1))
            ],
            now=now,
        )
        query = {"from": "2026-07-01", "to": "2026-07-03"}
        body = exactly(client.get(USAGE, headers=by_kala, query_string=query))
        assert [bucket["start"] for bucket in body["buckets"]] == [
            "2026-07-01T00:00:00+05:30",
            "2026-07-02T00:00:00+05:30",
        ]
        assert body["timezone"] == "Asia/Kolkata" and body["approximate"] is False
        elsewhere = client.get(USAGE, headers=by_kala, query_string={**query, "timezone": "UTC"})
        assert elsewhere.json["approximate"] is True

    @pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
    def test_has_days_of_23_and_25_hours(self, client, now, day, hours) -> None:
        make_account("berta", now=now, timezone="Europe/Berlin")
        by_berta = bearer(KeyKind.CUSTOMER, user_id="berta")
        midnight = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo("Europe/Berlin"))
        begin = midnight.astimezone(UTC)
        reports = [
            make_report("berta", occurred_at=begin + timedelta(hours=hour)) for hour in range(26)
        ]
        record(reports, now=max(now, begin + timedelta(days=2)))
        query = {"from": day, "to": str(midnight.date() + timedelta(days=1))}
        body = exactly(client.get(USAGE, headers=by_berta, query_string=query))
        assert [bucket["requests"] for bucket in body["buckets"]] == [hours]
        query["granularity"] = "hour"
        by_hour = exactly(client.get(USAGE, headers=by_berta, query_string=query))["buckets"]
        assert len({bucket["start"] for bucket in by_hour}) == hours

    def test_counts_the_last_thirty_days_by_default(self, client, by_ada, now) -> None:
        for days in (0, 29, 31):
            make_usage(now=now, occurred_at=now - timedelta(days=days))
        assert client.get(USAGE, headers=by_ada).json["totals"]["requests"] == 2

    @pytest.mark.parametrize(
        ("query", "path", "code"),
        [
            ("from=x", "from", "from_invalid"),
            ("to=2026-02-30", "to", "to_invalid"),
            ("from=0001-01-01", "from", "from_invalid"),
            ("to=9999-12-31", "to", "to_invalid"),
            ("from=2026-01-02&to=2026-01-01", "from", "range_empty"),
            ("from=2026-01-01&to=2026-01-01", "from", "range_empty"),
            ("timezone=Europe/Atlantis", "timezone", "timezone_unknown"),
            ("timezone=%00", "timezone", "timezone_invalid"),
            ("granularity=week", "granularity", "granularity_invalid"),
            ("granularity=", "granularity", "granularity_invalid"),
            ("group_by=user_id", "group_by", "group_by_invalid"),
            ("from=2026-01-01&to=2026-06-01&granularity=hour", "from", "range_too_long"),
            ("from=2020-01-01&to=2026-01-01&granularity=day", "from", "range_too_long"),
            ("from=2000-01-01&to=2026-01-01&granularity=month", "from", "range_too_long"),
            ("colour=red", "colour", "parameter_unknown"),
            ("from=2026-01-01&from=2026-01-02&to=2026-02-01", "from", "parameter_repeated"),
        ],
    )
    def test_refuses_wrong_parameters_by_name(self, client, by_ada, query, path, code) -> None:
        assert fault_of(client.get(f"{USAGE}?{query}", headers=by_ada)) == (path, code)

    def test_says_all_that_is_wrong(self, client, by_ada) -> None:
        response = client.get(f"{USAGE}?from=x&granularity=y", headers=by_ada)
        assert response.json["code"] == "invalid_fields"
        assert [fault["path"] for fault in response.json["errors"]] == ["granularity", "from"]

    def test_takes_customers_keys_only(self, client, by_gateway, by_olga) -> None:
        for headers in (by_gateway, by_olga):
            assert client.get(USAGE, headers=headers).json["code"] == "wrong_kind_of_key"
        assert client.get(USAGE).status_code == 401

    def test_takes_the_same_few_statements_for_any_account(self, client, by_ada, now) -> None:
        record([make_report("ada", occurred_at=now - timedelta(hours=9 * n)) for n in range(80)])
        with statements() as sent:
            client.get(USAGE, headers=by_ada)
        assert len([statement for statement in sent if "SELECT" in statement]) <= 4


class TestGetRecords:
    @pytest.fixture
    def three(self, ada: Account, noise, now: datetime) -> list[str]:
        """Request ids of Ada's records, newest first."""
        reports = [
            make_report("ada", occurred_at=now - timedelta(days=days), api_key_alias="prod")
            for days in range(3)
        ]
        record([*reports, make_report("noise-pro")], now=now)
        return [report.request_id for report in reports]

    def test_come_newest_first_page_by_page(self, client, by_ada, three) -> None:
        found, cursor = [], None
        for _page in range(3):
            query = {"limit": 1} if cursor is None else {"limit": 1, "cursor": cursor}
            body = exactly(client.get(RECORDS, headers=by_ada, query_string=query))
            found += [shown["request_id"] for shown in body["records"]]
            cursor = body["next_cursor"]
        assert found == three
        assert cursor is None

    def test_show_every_figure(self, client, by_ada, three, now) -> None:
        shown = exactly(client.get(RECORDS, headers=by_ada))["records"][0]
        assert shown["occurred_at"] == now.isoformat().replace("+00:00", "Z")
        assert shown["total_tokens"] == shown["overage_tokens"] == 620
        assert shown["cost"] == shown["final_cost"] == Decimal("0.0222")
        assert shown["discount_amount"] == 0 and shown["discount_rate"] == 1
        assert shown["api_key_alias"] == "prod" and shown["status"] == "completed"
        assert "id" not in shown and "user_id" not in shown

    def test_show_strangers_nothing(self, client, by_ben, by_ada, three) -> None:
        assert client.get(RECORDS, headers=by_ben).json == {"records": [], "next_cursor": None}
        cursor = client.get(f"{RECORDS}?limit=1", headers=by_ada).json["next_cursor"]
        stolen = client.get(f"{RECORDS}?cursor={cursor}", headers=by_ben)
        assert stolen.json["records"] == []

    def test_keep_to_range_and_model(self, client, by_ada, three, now) -> None:
        other = make_usage("ada", now=now, model="gpt-4o").request_id
        answered = client.get(f"{RECORDS}?model=gpt-4o", headers=by_ada)
        assert [shown["request_id"] for shown in answered.json["records"]] == [other]
        today = {"from": str(now.date())}
        answered = client.get(RECORDS, headers=by_ada, query_string=today)
        assert {shown["request_id"] for shown in answered.json["records"]} == {three[0], other}
        until = {"to": str(now.date())}
        answered = client.get(RECORDS, headers=by_ada, query_string=until)
        assert [shown["request_id"] for shown in answered.json["records"]] == three[1:]

    @pytest.mark.parametrize(
        ("query", "path", "code"),
        [
            ("limit=0", "limit", "limit_invalid"),
            ("limit=-1", "limit", "limit_invalid"),
            ("limit=1001", "limit", "limit_invalid"),
            ("limit=x", "limit", "limit_invalid"),
            ("limit=1e9", "limit", "limit_invalid"),
            ("cursor=forged", "cursor", "cursor_invalid"),
            ("model=%00", "model", "model_invalid"),
            ("from=2026-01-02&to=2026-01-01", "from", "range_empty"),
            ("page=2", "page", "parameter_unknown"),
        ],
    )
    def test_refuse_wrong_parameters_by_name(self, client, by_ada, query, path, code) -> None:
        assert fault_of(client.get(f"{RECORDS}?{query}", headers=by_ada)) == (path, code)

    @pytest.mark.parametrize("model", ["%ED%A0%80", "%F0%9F%A6%84", "' OR 1=1 --"])
    def test_find_nothing_under_odd_names(self, client, by_ada, three, model) -> None:
        answered = client.get(f"{RECORDS}?model={model}", headers=by_ada)
        assert answered.json["records"] == []


class TestGetRecordsAsCsv:
    def test_streams_every_record(self, client, by_ada, noise, now, monkeypatch) -> None:
        monkeypatch.setattr(queries, "EXPORT_PAGE", 2)
        reports = [make_report("ada", model="=1+1") for _ in range(5)]
        record([*reports, make_report("noise-pro")], now=now)
        response = client.get(RECORDS, headers={**by_ada, **AS_CSV})
        assert response.mimetype == "text/csv"
        assert "attachment" in response.headers["Content-Disposition"]
        lines = list(csv.DictReader(StringIO(response.text, newline="")))
        assert [line["request_id"] for line in lines] == [
            report.request_id for report in reversed(reports)
        ]
        assert {line["model"] for line in lines} == {"'=1+1"}
        assert {line["occurred_at_local"] for line in lines} == {now.isoformat()}

    def test_shows_strangers_nothing(self, client, by_ben, ada, now) -> None:
        make_usage("ada", now=now)
        response = client.get(RECORDS, headers={**by_ben, **AS_CSV})
        assert len(response.text.splitlines()) == 1

    def test_refuses_wrong_parameters_before_it_begins(self, client, by_ada) -> None:
        for query in ("from=x", "limit=5"):
            response = client.get(f"{RECORDS}?{query}", headers={**by_ada, **AS_CSV})
            assert response.status_code == 422

    @pytest.mark.parametrize("accept", ["*/*", "application/json, text/csv", "text/html"])
    def test_is_answered_only_when_asked_for(self, client, by_ada, accept) -> None:
        response = client.get(RECORDS, headers={**by_ada, "Accept": accept})
        assert response.mimetype == "application/json"
