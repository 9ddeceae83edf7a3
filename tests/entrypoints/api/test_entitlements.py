"""What gateways are told before they serve a request."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from flask import Flask

from app.domain.accounts import standing
from app.domain.accounts.models import Account
from app.domain.accounts.queries import settings_of
from app.domain.reporting.entitlements import Reason
from app.foundation import clock
from app.foundation.database import session, transaction
from tests.books import check_books
from tests.factories.accounts import make_account
from tests.factories.payments import make_invoice
from tests.factories.usage import make_usage

ADDRESS = "/v1/billing/entitlements/{}"


def suspend(account: Account, now: datetime) -> None:
    with transaction():
        locked = standing.lock_customer(account.id)
        standing.suspend(locked, reason="Asked for.", actor="olga", now=now)


def leave_unpaid(account: Account, now: datetime) -> None:
    make_invoice(account, minor=100, now=now - timedelta(days=37, seconds=1))


def use_up_tokens(account: Account, now: datetime) -> None:
    choose(account, overage_enabled=False)


def reach_own_limit(account: Account, now: datetime) -> None:
    choose(account, spend_limit_minor=2)
    make_usage(account.id, now=now)


def reach_credit_limit(account: Account, now: datetime) -> None:
    make_usage(account.id, now=now, prompt_tokens=200_000)


def use_what_has_no_price(account: Account, now: datetime) -> None:
    make_usage(account.id, now=now, model="nobody-knows", prompt_tokens=999_880)


def choose(account: Account, **choices: object) -> None:
    with transaction():
        for name, value in choices.items():
            setattr(settings_of(account), name, value)


DENIED = {
    "suspended": suspend,
    "invoice_overdue": leave_unpaid,
    "tokens_exhausted": use_up_tokens,
    "spend_limit": reach_own_limit,
    "credit_limit": reach_credit_limit,
    "unpriced_limit": use_what_has_no_price,
}


@pytest.fixture(autouse=True)
def books(app: Flask) -> Iterator[None]:
    """After each test, every figure that is kept twice is the same twice."""
    yield
    check_books()


def test_every_reason_is_tried() -> None:
    assert set(DENIED) == set(Reason) - {Reason.OK}


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

    @pytest.mark.parametrize("reason", DENIED)
    def test_names_each_reason(self, client, by_gateway, ada, noise, reason) -> None:
        """Each comes to be by what happens, and other people's change nothing."""
        address, now = ADDRESS.format("ada"), clock.now()
        assert client.get(address, headers=by_gateway).json["reason"] == "ok"
        DENIED[reason](ada, now)
        body = client.get(address, headers=by_gateway).json
        assert (body["allowed"], body["reason"]) == (False, reason)
        other = client.get(ADDRESS.format("noise-payg"), headers=by_gateway).json
        assert (other["allowed"], other["reason"]) == (True, "ok")

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


@pytest.mark.parametrize("months", [1, 3])
def test_goes_on_where_nobody_has_renewed_the_period_yet(client, by_gateway, months) -> None:
    make_account("ada", now=clock.now() - timedelta(days=31 * months))
    make_account("ben", now=clock.now())
    # The key is remembered after the first call.
    for user_id in ("ben", "ada", "ada"):
        assert client.get(ADDRESS.format(user_id), headers=by_gateway).json["allowed"] is True
