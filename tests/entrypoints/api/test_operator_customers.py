"""Customers as operators' programs see them, and decide about them."""

import pytest

from app.domain.accounts.models import Account
from app.foundation.database import session
from app.foundation.journal import JournalEntry
from tests.books import check_books
from tests.factories.accounts import make_account

CUSTOMERS = "/v1/billing/operator/customers"
ADA = f"{CUSTOMERS}/ada"


def acts() -> list[tuple[str, str]]:
    session.rollback()
    return [
        (row.action, row.actor) for row in session.query(JournalEntry).order_by(JournalEntry.id)
    ]


class TestListCustomers:
    def test_answers_what_they_have_and_owe(self, client, by_olga, ada) -> None:
        make_account("pia", plan_id="plan-pro")
        body = client.get(f"{CUSTOMERS}?query=ADA%40", headers=by_olga).json
        assert body["next_cursor"] is None
        (customer,) = body["customers"]
        assert customer.pop("created_at").endswith("Z")
        assert customer == {
            "user_id": "ada",
            "number": ada.number,
            "email": "ada@example.com",
            "name": "Ada",
            "plan_id": "plan-payg",
            "token_balance": 0,
            "tokens_remaining": 0,
            "extra_tokens": 0,
            "credit": 0,
            "credit_limit": None,
            "current_month_cost": 0,
            "unpaid": 0,
            "suspended": False,
            "suspended_at": None,
            "suspended_because": None,
        }

    def test_pages(self, client, by_olga, ada, ben) -> None:
        first = client.get(f"{CUSTOMERS}?limit=1", headers=by_olga).json
        second = client.get(
            f"{CUSTOMERS}?limit=1&cursor={first['next_cursor']}", headers=by_olga
        ).json
        seen = [body["customers"][0]["user_id"] for body in (first, second)]
        assert set(seen) == {"ada", "ben"}

    @pytest.mark.parametrize("query", ["limit=0", "limit=201", "query=", "query=%00", "cursor=a"])
    def test_refuses_wrong_parameters(self, client, by_olga, query) -> None:
        assert client.get(f"{CUSTOMERS}?{query}", headers=by_olga).status_code == 422

    def test_is_the_operators_alone(self, client, by_ada, by_gateway) -> None:
        for header in (by_ada, by_gateway):
            assert client.get(CUSTOMERS, headers=header).status_code == 403
            assert client.get(ADA, headers=header).status_code == 403
            assert client.put(ADA, json={}, headers=header).status_code == 403
            assert client.post(f"{ADA}/tokens", json={}, headers=header).status_code == 403


class TestChangeCustomer:
    def test_suspends_and_lets_go_on(self, client, by_olga, ada) -> None:
        body = {"suspended": True, "reason": "abuse"}
        answer = client.put(ADA, json=body, headers=by_olga)
        assert answer.status_code == 200
        assert (answer.json["suspended"], answer.json["suspended_because"]) == (True, "operator")
        answer = client.put(ADA, json={"suspended": False}, headers=by_olga)
        assert (answer.json["suspended"], answer.json["suspended_at"]) == (False, None)
        assert acts() == [
            ("account_suspended", "operator:olga"),
            ("account_resumed", "operator:olga"),
        ]

    def test_sets_the_credit_limit(self, client, by_olga, ada) -> None:
        assert (
            client.put(ADA, json={"credit_limit": 12.5}, headers=by_olga).json["credit_limit"]
            == 12.5
        )
        assert client.put(ADA, json={}, headers=by_olga).json["credit_limit"] == 12.5
        answer = client.put(ADA, json={"credit_limit": None}, headers=by_olga)
        assert answer.json["credit_limit"] is None

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({"suspended": "yes"}, "suspended_invalid"),
            ({"credit_limit": "5"}, "credit_limit_invalid"),
            ({"credit_limit": 0.001}, "credit_limit_invalid"),
            ({"credit_limit": -1}, "credit_limit_invalid"),
            ({"suspended": True, "reason": " "}, "reason_invalid"),
            ({"credit_limit": 5, "suspended": True, "reason": ""}, "reason_invalid"),
            ({"extra_tokens": 5}, "field_unknown"),
        ],
    )
    def test_refuses_the_whole(self, client, by_olga, ada, body, code) -> None:
        answer = client.put(ADA, json=body, headers=by_olga)
        assert (answer.status_code, answer.json["code"]) == (422, code)
        assert acts() == []
        assert session.get(Account, "ada").credit_limit_minor is None

    @pytest.mark.parametrize("user_id", ["nobody", "olga", "%00", "%ED%A0%80"])
    def test_knows_no_other(self, client, by_olga, user_id) -> None:
        path, adjusted = f"{CUSTOMERS}/{user_id}", {"tokens": 1, "reason": "a"}
        for answer in (
            client.get(path, headers=by_olga),
            client.put(path, json={"suspended": True}, headers=by_olga),
            client.post(f"{path}/tokens", json=adjusted, headers=by_olga),
        ):
            assert (answer.status_code, answer.json["code"]) == (404, "unknown_account")


class TestPostTokens:
    def test_gives_and_takes(self, client, by_olga, ada) -> None:
        given = client.post(
            f"{ADA}/tokens", json={"tokens": 500, "reason": "sorry"}, headers=by_olga
        )
        assert (given.status_code, given.json["extra_tokens"]) == (201, 500)
        taken = client.post(
            f"{ADA}/tokens", json={"tokens": -200, "reason": "typo"}, headers=by_olga
        )
        assert taken.json["token_balance"] == 300
        check_books()

    def test_gives_once_per_idempotency_key(self, client, by_olga, ada) -> None:
        once = {**by_olga, "Idempotency-Key": "one"}
        body = {"tokens": 500, "reason": "sorry"}
        answers = [client.post(f"{ADA}/tokens", json=body, headers=once) for _ in range(2)]
        assert [answer.json["extra_tokens"] for answer in answers] == [500, 500]
        assert client.get(ADA, headers=by_olga).json["extra_tokens"] == 500

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ({"tokens": -1, "reason": "a"}, (409, "tokens_missing")),
            ({"tokens": 0, "reason": "a"}, (422, "adjustment_invalid")),
            ({"tokens": 10**13, "reason": "a"}, (422, "adjustment_invalid")),
            ({"tokens": 1.5, "reason": "a"}, (422, "tokens_invalid")),
            ({"tokens": 1}, (422, "field_missing")),
            ({"tokens": 1, "reason": ""}, (422, "reason_invalid")),
        ],
    )
    def test_refuses(self, client, by_olga, ada, body, expected) -> None:
        answer = client.post(f"{ADA}/tokens", json=body, headers=by_olga)
        assert (answer.status_code, answer.json["code"]) == expected
