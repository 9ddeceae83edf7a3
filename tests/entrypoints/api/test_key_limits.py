"""Gateways' keys that are limited to accounts: of all others they may not speak."""

import json
from collections.abc import Iterator

import pytest
from flask import Flask

from app.domain.accounts.models import Account
from app.domain.usage.models import BillingRecord
from app.foundation.database import session
from app.foundation.secret_keys import KeyKind
from tests.books import check_books
from tests.factories.bearers import bearer
from tests.statements import statements

USAGE = "/v1/billing/usage"
OF = {"model": "gpt-4", "prompt_tokens": 5, "completion_tokens": 1}


@pytest.fixture(autouse=True)
def books(app: Flask, ada: Account, ben: Account) -> Iterator[None]:
    yield
    check_books()


@pytest.fixture
def by_limited() -> dict[str, str]:
    return bearer(KeyKind.GATEWAY, limited_to=["ada", "cleo"])


def record(user_id: str, request_id: str = "req-1") -> dict[str, object]:
    return {"user_id": user_id, "request_id": request_id, "total_tokens": 6, **OF}


def stored() -> set[str]:
    session.expire_all()
    return {row.request_id for row in session.query(BillingRecord)}


class TestPosting:
    def test_refuses_others_alone(self, client, by_limited) -> None:
        batch = [record("ben", "b"), record("ada", "a"), record("nobody", "n"), record("cleo", "c")]
        answer = client.post(USAGE, json={"records": batch}, headers=by_limited)
        assert answer.status_code == 200 and answer.json["accepted"] == 1
        codes = {each["request_id"]: each["code"] for each in answer.json["rejected"]}
        # What it may not speak of it learns nothing about: nobody's account looks like Ben's.
        refused = {"b": "account_not_allowed", "n": "account_not_allowed", "c": "unknown_user"}
        assert codes == refused
        assert [each["index"] for each in answer.json["rejected"]] == [0, 2, 3]
        assert stored() == {"a"}

    def test_answers_a_single_one_422(self, client, by_limited) -> None:
        answer = client.post(USAGE, json=record("ben"), headers=by_limited)
        assert (answer.status_code, answer.json["code"]) == (422, "account_not_allowed")
        assert answer.json["errors"][0]["path"] == "user_id"
        assert stored() == set()

    def test_leaves_keys_without_limits_alone(self, client, by_gateway) -> None:
        batch = [record("ben", "b"), record("ada", "a")]
        answer = client.post(USAGE, json={"records": batch}, headers=by_gateway)
        assert answer.json["accepted"] == 2

    def test_takes_no_more_statements(self, client, by_gateway, by_limited) -> None:
        taken = []
        for name, headers in [("w", by_gateway), ("a", by_gateway), ("b", by_limited)] * 3:
            batch = [record("ada", f"{name}-{len(taken)}-{n}") for n in range(3)]
            with statements() as sent:
                client.post(USAGE, json={"records": batch}, headers=headers)
            taken.append(sent)
        # Once a use has been noted, and the model is known to the process.
        assert taken[-1] == taken[-2], set(taken[-1]) ^ set(taken[-2])

    @pytest.mark.parametrize(
        ("path", "body", "media_type"),
        [
            (
                "/v1/billing/usage/litellm",
                {
                    "id": "x", "model": "gpt-4", "status": "success", "prompt_tokens": 5,
                    "completion_tokens": 1, "total_tokens": 6, "call_type": "completion",
                    "metadata": {"user_api_key_user_id": "ben"},
                },
                "application/json",
            ),
            (
                "/api/v1/events",
                {
                    "specversion": "1.0", "id": "x", "source": "s", "type": "request",
                    "subject": "ben",
                    "data": {"model": "gpt-4", "prompt_tokens": 5, "completion_tokens": 1},
                },
                "application/cloudevents+json",
            ),
        ],
    )  # fmt: skip
    def test_holds_for_the_formats_of_others(self, client, caplog, path, body, media_type) -> None:
        headers = bearer(KeyKind.GATEWAY, limited_to=["ada"], attributes_by=["subject"])
        answer = client.post(path, data=json.dumps(body), content_type=media_type, headers=headers)
        # Their clients would send it again for ever: refusals are logged instead.
        assert answer.status_code < 400 and "account_not_allowed" in caplog.text
        assert stored() == set()


class TestAsking:
    @pytest.mark.parametrize(("user_id", "status"), [("ada", 200), ("ben", 403), ("nobody", 403)])
    def test_entitlements(self, client, by_limited, user_id, status) -> None:
        answer = client.get(f"/v1/billing/entitlements/{user_id}", headers=by_limited)
        assert answer.status_code == status
        assert status == 200 or answer.json["code"] == "account_not_allowed"

    @pytest.mark.parametrize(("user_id", "status"), [("ada", 200), ("ben", 403), ("nobody", 403)])
    def test_estimates(self, client, by_limited, user_id, status) -> None:
        body = {"user_id": user_id, **OF}
        answer = client.post("/v1/billing/estimate", json=body, headers=by_limited)
        assert answer.status_code == status
        assert status == 200 or answer.json["code"] == "account_not_allowed"

    @pytest.mark.parametrize(("user_id", "status"), [("ada", 200), ("ben", 404)])
    def test_voids(self, client, by_gateway, by_limited, user_id, status) -> None:
        client.post(USAGE, json=record(user_id), headers=by_gateway)
        body = {"request_id": "req-1", "reason": "a mistake"}
        answer = client.post(f"{USAGE}/void", json=body, headers=by_limited)
        assert answer.status_code == status
        missing = {"request_id": "req-9", "reason": "a mistake"}
        unknown = client.post(f"{USAGE}/void", json=missing, headers=by_limited)
        assert status == 200 or unknown.json == answer.json
