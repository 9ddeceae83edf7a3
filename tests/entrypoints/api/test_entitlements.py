"""What gateways are told before they serve a request."""

import pytest

from app.domain.accounts.models import Account
from app.foundation.database import session
from tests.factories.accounts import make_account
from tests.factories.usage import make_usage

ADDRESS = "/v1/billing/entitlements/{}"


class TestGetEntitlement:
    def test_lets_a_customer_go_on(self, client, by_gateway, ada, noise, now) -> None:
        make_usage("ada", now=now)
        make_usage("noise-pro", now=now)
        response = client.get(ADDRESS.format("ada"), headers=by_gateway)
        assert response.status_code == 200
        assert response.json == {
            "allowed": True,
            "reason": "ok",
            "plan": "payg",
            "token_balance": 0,
            "tokens_remaining": 0,
            "extra_tokens": 0,
            "max_concurrent_req": 2,
            "rate_limit_per_min": 20,
            "spend_left": None,
            "credit_left": 4.9778,
            "overage_enabled": True,
        }

    def test_names_the_reason_why_not(self, client, by_gateway, now) -> None:
        make_account(
            "cleo", now=now, plan_id="plan-pro", suspended_at=now, suspended_because="operator"
        )
        body = client.get(ADDRESS.format("cleo"), headers=by_gateway).json
        assert body["allowed"] is False
        assert body["reason"] == "suspended"
        assert body["plan"] == "pro" and body["max_concurrent_req"] == 20

    @pytest.mark.parametrize("user_id", ["nobody", "%00", "a%0Ab", "%ED%A0%80", "x" * 5_000, "%20"])
    def test_does_not_know_everyone(self, client, by_gateway, ada, user_id) -> None:
        response = client.get(ADDRESS.format(user_id), headers=by_gateway)
        assert response.status_code == 404
        assert response.json["code"] == "unknown_account"

    def test_takes_gateways_keys_only(self, client, by_ada, by_olga) -> None:
        for headers in (by_ada, by_olga):
            response = client.get(ADDRESS.format("ada"), headers=headers)
            assert response.status_code == 403
        assert client.get(ADDRESS.format("ada")).status_code == 401

    def test_finds_ids_with_odd_characters(self, client, by_gateway, now) -> None:
        make_account("münchen one+two", now=now, email="odd@example.com")
        assert session.get(Account, "münchen one+two")
        response = client.get(ADDRESS.format("m%C3%BCnchen%20one+two"), headers=by_gateway)
        assert response.status_code == 200
