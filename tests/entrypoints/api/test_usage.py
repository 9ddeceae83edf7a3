"""What gateways post and read back: the shapes of the contract, to the letter."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from app.domain.accounts.models import Account
from app.domain.usage.models import BillingRecord
from app.foundation.database import session
from app.foundation.secret_keys import KeyKind
from tests.books import check_books
from tests.factories.accounts import make_account
from tests.factories.bearers import bearer
from tests.factories.catalog import make_price
from tests.factories.tokens import make_extra_tokens

USAGE, VOID, ESTIMATE = "/v1/billing/usage", "/v1/billing/usage/void", "/v1/billing/estimate"
OF_ADA = {"model": "gpt-4", "prompt_tokens": 500, "completion_tokens": 120}
COUNTS = {"accepted", "duplicates", "conflicts", "rejected", "conflicting"}
RESULT = {
    "request_id",
    "status",
    "cost",
    "final_cost",
    "quota_tokens",
    "extra_tokens",
    "overage_tokens",
}


@pytest.fixture(autouse=True)
def books(app: Flask, ada: Account) -> Iterator[None]:
    """After each test, every figure that is kept twice is the same twice."""
    yield
    check_books()


@pytest.fixture
def post(client, by_gateway):
    """Post to an address as a gateway and return the response."""

    def posted(address: str, body: object, **headers: str):
        return client.post(address, json=body, headers={**by_gateway, **headers})

    return posted


def make_record(request_id: str = "req-1", **changes: object) -> dict[str, object]:
    given = {
        "user_id": "ada",
        "request_id": request_id,
        "model": "gpt-4",
        "provider": "openai",
        "prompt_tokens": 500,
        "completion_tokens": 120,
        "total_tokens": 620,
        **changes,
    }
    return {name: value for name, value in given.items() if value != "left out"}


def count() -> int:
    return session.query(BillingRecord).count()


class TestPostUsage:
    def test_answers_one_record_with_its_result(self, post) -> None:
        response = post(USAGE, make_record())
        assert response.status_code == 200
        assert response.headers["Content-Type"] == "application/json"
        assert response.headers["Cache-Control"] == "no-store"
        assert response.json == {
            "accepted": 1,
            "duplicates": 0,
            "conflicts": 0,
            "rejected": [],
            "conflicting": [],
            "results": [
                {
                    "request_id": "req-1",
                    "status": "accepted",
                    "cost": 0.0222,
                    "final_cost": 0.0222,
                    "quota_tokens": 0,
                    "extra_tokens": 0,
                    "overage_tokens": 620,
                }
            ],
        }

    def test_takes_the_contract_s_example(self, post) -> None:
        example = make_record(
            cached_tokens=0,
            cache_write_tokens=0,
            reasoning_tokens=0,
            occurred_at="2024-11-05T10:00:00Z",
            api_key_alias="prod",
        )
        assert post(USAGE, example).json["accepted"] == 1
        row = session.query(BillingRecord).one()
        assert row.occurred_at == datetime(2024, 11, 5, 10, tzinfo=UTC)
        assert (row.billing_month, row.api_key_alias) == ("2024-11", "prod")

    def test_needs_no_more_than_who_what_and_how_much(self, post) -> None:
        least = make_record(provider="left out", total_tokens="left out")
        assert post(USAGE, least).json["results"][0]["overage_tokens"] == 620

    def test_takes_null_for_what_may_be_left_out(self, post) -> None:
        names = ["total_tokens", "provider", "api_key_alias", "occurred_at", "cached_tokens"]
        nulls = dict.fromkeys([*names, "cache_write_tokens", "reasoning_tokens"])
        assert post(USAGE, make_record(**nulls)).json["accepted"] == 1

    def test_writes_money_exactly_and_as_numbers(self, post) -> None:
        make_price("tiny", prompt_pico=1_000, completion_pico=0)
        text = post(USAGE, make_record(model="tiny", prompt_tokens=1, total_tokens=121)).text
        assert '"cost":1E-9' in text or '"cost":0.000000001' in text
        make_price("dear", prompt_pico=200_000_000, completion_pico=0)
        response = post(USAGE, make_record("req-2", model="dear"))
        assert response.json["results"][0]["cost"] == 0.1

    def test_tells_nothing_of_the_cost_of_an_unpriced_model(self, post) -> None:
        response = post(USAGE, make_record(model="llama-9"))
        assert response.json["accepted"] == 1
        [result] = response.json["results"]
        assert (result["status"], result["cost"], result["final_cost"]) == ("unpriced", None, None)
        assert result["overage_tokens"] == 620

    def test_answers_a_repeat_with_what_stands(self, post) -> None:
        first = post(USAGE, make_record()).json
        again = post(USAGE, make_record())
        assert again.status_code == 200
        assert (again.json["accepted"], again.json["duplicates"]) == (0, 1)
        assert again.json["results"] == [{**first["results"][0], "status": "duplicate"}]

    def test_answers_409_to_a_single_conflict(self, post) -> None:
        post(USAGE, make_record())
        response = post(USAGE, make_record(model="gpt-4o"))
        assert response.status_code == 409
        assert response.mimetype == "application/problem+json"
        assert response.json["code"] == "request_id_conflict"
        assert response.json["error"] == response.json["detail"]
        assert [error["path"] for error in response.json["errors"]] == ["request_id"]

    @pytest.mark.parametrize(
        ("changes", "code", "path"),
        [
            ({"user_id": "nobody"}, "unknown_user", "user_id"),
            ({"prompt_tokens": -1}, "negative_tokens", "prompt_tokens"),
            ({"total_tokens": 621}, "total_mismatch", "total_tokens"),
            ({"user_id": "left out"}, "field_missing", "user_id"),
        ],
    )
    def test_answers_422_to_a_single_refused_one(self, post, changes, code, path) -> None:
        response = post(USAGE, make_record(**changes))
        assert response.status_code == 422
        assert response.mimetype == "application/problem+json"
        assert (response.json["status"], response.json["code"]) == (422, code)
        assert [(e["path"], e["code"]) for e in response.json["errors"]] == [(path, code)]
        assert count() == 0

    def test_names_every_field_that_is_wrong(self, post) -> None:
        wrong = make_record(prompt_tokens=-1, completion_tokens="120", model="", color="red")
        errors = post(USAGE, wrong).json["errors"]
        assert {error["path"]: error["code"] for error in errors} == {
            "prompt_tokens": "negative_tokens",
            "completion_tokens": "not_a_whole_number",
            "model": "text_empty",
            "color": "field_unknown",
        }


class TestPostBatch:
    def test_counts_and_names_what_was_refused(self, post) -> None:
        post(USAGE, {"records": [make_record("req-2"), make_record("req-3")]})
        records = [
            make_record("req-1"),
            make_record("req-2"),
            make_record("req-3", prompt_tokens=1, total_tokens=121),
            make_record("req-4", prompt_tokens=-1),
            make_record("req-5", model="llama-9"),
            make_record("req-6", user_id="nobody"),
        ]
        body = post(USAGE, {"records": records}).json
        assert set(body) == COUNTS
        assert (body["accepted"], body["duplicates"], body["conflicts"]) == (2, 1, 1)
        assert [(each["index"], each["request_id"], each["code"]) for each in body["rejected"]] == [
            (3, "req-4", "negative_tokens"),
            (5, "req-6", "unknown_user"),
        ]
        [conflict] = body["conflicting"]
        assert (conflict["index"], conflict["code"]) == (2, "request_id_conflict")
        for each in (*body["rejected"], conflict):
            assert set(each) == {"index", "request_id", "code", "detail", "errors"}
            [error] = each["errors"]
            assert error["path"].startswith(f"records[{each['index']}].")
            assert error["detail"] == each["detail"]

    def test_tells_each_result_where_it_is_asked(self, post) -> None:
        make_account("basic", plan_id="plan-basic")
        make_extra_tokens("basic", bought=30)
        tokens = {"user_id": "basic", "completion_tokens": 0, "total_tokens": "left out"}
        records = [
            make_record("req-1", prompt_tokens=99_980, **tokens),
            make_record("req-2", prompt_tokens=100, **tokens),
            make_record("req-2", prompt_tokens=100, **tokens),
            make_record("req-3", prompt_tokens="100", **tokens),
            make_record("req-1", prompt_tokens=1, **tokens),
        ]
        body = post(f"{USAGE}?verbose=1", {"records": records}).json
        assert set(body) == {*COUNTS, "results"}
        assert all(set(result) == RESULT for result in body["results"])
        assert [(r["request_id"], r["status"]) for r in body["results"]] == [
            ("req-1", "accepted"),
            ("req-2", "accepted"),
            ("req-2", "duplicate"),
            ("req-3", "rejected"),
            ("req-1", "conflict"),
        ]
        split = [body["results"][1][f"{name}_tokens"] for name in ("quota", "extra", "overage")]
        assert split == [20, 30, 50]
        assert (body["results"][1]["cost"], body["results"][1]["final_cost"]) == (0.003, 0.0015)
        for refused in body["results"][3:]:
            assert {refused[name] for name in RESULT - {"request_id", "status"}} == {None}

    @pytest.mark.parametrize("query", ["", "?verbose=0"])
    def test_keeps_results_to_itself_otherwise(self, post, query) -> None:
        assert set(post(USAGE + query, {"records": [make_record()]}).json) == COUNTS

    def test_answers_200_even_if_all_are_refused(self, post) -> None:
        response = post(USAGE, {"records": [make_record(user_id="nobody")]})
        assert (response.status_code, response.json["accepted"]) == (200, 0)

    def test_takes_a_thousand_and_not_one_more(self, post) -> None:
        records = [make_record(f"req-{number}") for number in range(1_001)]
        response = post(USAGE, {"records": records})
        assert (response.status_code, response.json["code"]) == (413, "too_many_records")
        assert count() == 0
        assert post(USAGE, {"records": records[:1_000]}).json["accepted"] == 1_000
        assert post(USAGE, {"records": records[1:]}).json["duplicates"] == 999


class TestCallers:
    def test_are_gateways_only(self, client, by_ada, by_gateway) -> None:
        assert client.post(USAGE, json=make_record()).status_code == 401
        for address in (USAGE, VOID):
            refused = client.post(address, json=make_record(), headers=by_ada)
            assert (refused.status_code, refused.json["code"]) == (403, "wrong_kind_of_key")
            read_only = bearer(KeyKind.GATEWAY, scope="read")
            refused = client.post(address, json=make_record(), headers=read_only)
            assert (refused.status_code, refused.json["code"]) == (403, "key_is_read_only")
        unknown = by_gateway["Authorization"][:-1] + "x"
        refused = client.post(USAGE, json=make_record(), headers={"Authorization": unknown})
        assert (refused.status_code, refused.json["code"]) == (401, "key_unknown")
        assert refused.headers["WWW-Authenticate"] == "Bearer"
        assert count() == 0


class TestIdempotencyKey:
    def test_replays_the_first_answer(self, post) -> None:
        first = post(USAGE, make_record(), **{"Idempotency-Key": "key-1"})
        again = post(USAGE, make_record(), **{"Idempotency-Key": "key-1"})
        assert "Idempotent-Replayed" not in first.headers
        assert again.headers["Idempotent-Replayed"] == "true"
        assert (again.status_code, again.data) == (first.status_code, first.data)
        assert again.json["accepted"] == 1
        assert count() == 1

    def test_refuses_another_body(self, post) -> None:
        post(USAGE, make_record(), **{"Idempotency-Key": "key-1"})
        other = post(USAGE, make_record("req-2"), **{"Idempotency-Key": "key-1"})
        assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")
        assert count() == 1

    def test_replays_refusals_and_conflicts_too(self, post) -> None:
        post(USAGE, make_record())
        for number, changes in enumerate([{"model": "gpt-4o"}, {"prompt_tokens": -1}]):
            headers = {"Idempotency-Key": f"key-{number}"}
            first = post(USAGE, make_record(**changes), **headers)
            again = post(USAGE, make_record(**changes), **headers)
            assert (again.status_code, again.data) == (first.status_code, first.data)
            assert again.headers["Idempotent-Replayed"] == "true"


class TestPostVoid:
    def test_answers_what_was_voided(self, post) -> None:
        post(USAGE, make_record())
        response = post(VOID, {"request_id": "req-1", "reason": "the upstream failed"})
        assert response.status_code == 200
        assert set(response.json) == {
            "request_id",
            "user_id",
            "status",
            "reason",
            "voided_at",
            "final_cost",
        }
        assert (response.json["status"], response.json["user_id"]) == ("voided", "ada")
        assert response.json["voided_at"].endswith("Z")
        assert response.json["final_cost"] == 0.0222

    def test_answers_the_same_twice(self, post) -> None:
        post(USAGE, make_record())
        first = post(VOID, {"request_id": "req-1", "reason": "first"})
        second = post(VOID, {"request_id": "req-1", "reason": "second"})
        assert (second.status_code, second.json) == (200, first.json)

    def test_leaves_a_later_post_a_duplicate(self, post) -> None:
        post(USAGE, make_record())
        post(VOID, {"request_id": "req-1", "reason": "a test"})
        assert post(USAGE, make_record()).json["duplicates"] == 1

    def test_answers_404_to_what_was_never_recorded(self, post) -> None:
        response = post(VOID, {"request_id": "never", "reason": "a test"})
        assert (response.status_code, response.json["code"]) == (404, "unknown_request")

    def test_refuses_by_field(self, post) -> None:
        refused = [
            ({"reason": "x"}, "field_missing", "request_id"),
            ({"request_id": "req-1"}, "field_missing", "reason"),
            ({"request_id": None, "reason": "x"}, "field_missing", "request_id"),
            ({"request_id": "req-1", "reason": ""}, "text_empty", "reason"),
            ({"request_id": "req-1", "reason": 5}, "not_text", "reason"),
            ({"request_id": "req-1", "reason": "x" * 501}, "text_too_long", "reason"),
            ({"request_id": "x" * 256, "reason": "x"}, "text_too_long", "request_id"),
            ({"request_id": "a\x00b", "reason": "x"}, "text_invalid", "request_id"),
            ({"request_id": "\ud800", "reason": "x"}, "text_invalid", "request_id"),
            ({"request_id": "req-1", "reason": "x", "color": 1}, "field_unknown", "color"),
        ]
        for body, code, path in refused:
            response = post(VOID, body)
            assert (response.status_code, response.json["code"]) == (422, code), body
            assert response.json["errors"][0]["path"] == path
            assert path in response.json["detail"]


class TestPostEstimate:
    def test_answers_gateways_for_anyone(self, post) -> None:
        response = post(ESTIMATE, {**OF_ADA, "user_id": "ada"})
        assert response.json == {
            "status": "accepted",
            "cost": 0.0222,
            "final_cost": 0.0222,
            "quota_tokens": 0,
            "extra_tokens": 0,
            "overage_tokens": 620,
        }
        assert count() == 0

    def test_answers_customers_for_themselves(self, client, by_ada) -> None:
        read_only = bearer(KeyKind.CUSTOMER, user_id="ada", scope="read")
        for headers in (by_ada, read_only):
            response = client.post(ESTIMATE, json=OF_ADA, headers=headers)
            assert (response.status_code, response.json["final_cost"]) == (200, 0.0222)
        named = client.post(ESTIMATE, json={**OF_ADA, "user_id": "ben"}, headers=by_ada)
        assert (named.status_code, named.json["errors"][0]["path"]) == (422, "user_id")

    def test_is_what_posting_the_same_then_answers(self, post) -> None:
        make_account("pro", plan_id="plan-pro")
        make_extra_tokens("pro", bought=100)
        moment = (datetime.now(UTC) - timedelta(days=3)).isoformat()
        for number in range(4):
            record = make_record(
                f"req-{number}",
                user_id="pro",
                prompt_tokens=400_000,
                total_tokens="left out",
                occurred_at=moment,
            )
            estimated = post(ESTIMATE, record).json
            [result] = post(USAGE, record).json["results"]
            assert {"request_id": f"req-{number}", **estimated} == result

    def test_refuses_by_field(self, post) -> None:
        refused = [
            ({"user_id": "nobody"}, "unknown_user", "user_id"),
            ({"user_id": None}, "field_null", "user_id"),
            ({"model": ""}, "text_empty", "model"),
            ({"prompt_tokens": -1}, "negative_tokens", "prompt_tokens"),
            ({"total_tokens": 1}, "total_mismatch", "total_tokens"),
            ({"color": 1}, "field_unknown", "color"),
        ]
        for changes, code, path in refused:
            response = post(ESTIMATE, {**OF_ADA, "user_id": "ada", **changes})
            assert (response.status_code, response.json["code"]) == (422, code), changes
            assert response.json["errors"][0]["path"] == path
            assert path in response.json["detail"]
            assert response.json["error"] == response.json["detail"]
