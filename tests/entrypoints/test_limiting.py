"""How often somebody may ask: told in headers, refused with a moment to come back."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Timer

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.config import Settings
from app.domain.accounts.models import Account
from app.entrypoints import limiting
from app.entrypoints.limiting import Limit, TooManyRequests
from app.foundation import clock
from app.foundation.secret_keys import KeyKind
from tests.factories.bearers import bearer

THREE = Limit("three", 3, 60, "Three a minute are the limit.")
# A window that does not end while somebody looks.
LONG = replace(THREE, name="long", seconds=10**9)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limiting, "API", replace(limiting.API, times=3))


@pytest.fixture
def asking(app: Flask) -> Iterator[None]:
    with app.test_request_context():
        yield


class TestKeys:
    def test_tell_what_is_left_until_nothing_is(self, client: FlaskClient, ada: Account) -> None:
        headers = bearer(KeyKind.CUSTOMER, user_id="ada")
        for left in (2, 1, 0):
            answer = client.get("/v1/billing/stats", headers=headers)
            assert answer.status_code == 200
            assert answer.headers["RateLimit-Limit"] == "3"
            assert answer.headers["RateLimit-Remaining"] == str(left)
            assert 1 <= int(answer.headers["RateLimit-Reset"]) <= 61
        refused = client.get("/v1/billing/settings", headers=headers)
        assert (refused.status_code, refused.json["code"]) == (429, "too_many_requests")
        assert 1 <= int(refused.headers["Retry-After"]) <= 61
        assert refused.headers["RateLimit-Remaining"] == "0"

    def test_have_each_a_limit_of_their_own(
        self, client: FlaskClient, ada: Account, ben: Account
    ) -> None:
        spent, other = (bearer(KeyKind.CUSTOMER, user_id=each) for each in ("ada", "ben"))
        for _ in range(4):
            client.get("/v1/billing/stats", headers=spent)
        assert client.get("/v1/billing/stats", headers=spent).status_code == 429
        assert client.get("/v1/billing/stats", headers=other).status_code == 200

    def test_of_gateways_have_none(self, client: FlaskClient, ada: Account) -> None:
        headers = bearer(KeyKind.GATEWAY)
        for _ in range(5):
            answer = client.get("/v1/billing/entitlements/ada", headers=headers)
            assert answer.status_code == 200
            assert "RateLimit-Limit" not in answer.headers

    def test_are_not_counted_where_they_are_unknown(self, client: FlaskClient) -> None:
        answer = client.get("/v1/billing/stats", headers={"Authorization": "Bearer obl_sk_x"})
        assert answer.status_code == 401 and "RateLimit-Limit" not in answer.headers


class TestSpending:
    def test_lets_no_more_through_however_many_ask_at_once(self, app: Flask) -> None:
        def ask(_: int) -> bool:
            with app.test_request_context():
                try:
                    limiting.spend(replace(THREE, times=20), "ada")
                except TooManyRequests:
                    return False
                return True

        with ThreadPoolExecutor(32) as threads:
            assert sum(threads.map(ask, range(64))) == 20

    def test_refuses_the_one_too_many(self, asking: None) -> None:
        for _ in range(3):
            limiting.spend(THREE, "ada", "192.0.2.7")
        with pytest.raises(TooManyRequests, match="Three a minute"):
            limiting.spend(THREE, "ada", "192.0.2.7")
        limiting.spend(THREE, "ada", "192.0.2.8")

    def test_counts_nothing_that_is_given_back(self, asking: None) -> None:
        for _ in range(5):
            limiting.spend_on_trust(LONG, "ada").give_back()
        trusts = [limiting.spend_on_trust(LONG, "ada") for _ in range(3)]
        with pytest.raises(TooManyRequests):
            limiting.spend_on_trust(LONG, "ada")
        trusts[0].give_back()
        limiting.spend(LONG, "ada")
        with pytest.raises(TooManyRequests):
            limiting.spend(LONG, "ada")

    def test_gives_nothing_back_in_the_next_window(
        self, asking: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        trusts = [limiting.spend_on_trust(LONG, "ada") for _ in range(2)]
        # Once the window is over; by the library's own clock it still counts.
        now = clock.now()
        monkeypatch.setattr(clock, "now", lambda: now + timedelta(seconds=LONG.seconds))
        for trust in trusts:
            trust.give_back()
        limiting.spend(LONG, "ada")
        with pytest.raises(TooManyRequests):
            limiting.spend(LONG, "ada")


def test_goes_on_alone_while_redis_is_away(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis = replace(settings, redis_url="redis://127.0.0.1:1/0")
    app = create_app(redis, TESTING=True)
    with app.test_request_context():
        for _ in range(3):
            limiting.spend(THREE, "ada")
        with pytest.raises(TooManyRequests):
            limiting.spend(THREE, "ada")


def test_a_count_that_ended_elsewhere_ends_no_second_time(app: Flask) -> None:
    for name in (limiting.LIMITER, limiting.FALLBACK):
        ends = app.extensions[name].storage.expirations
        # What the library's own thread asks while a request takes it out.
        assert ends["gone"] > 10**12 and "gone" not in ends


def test_two_who_ask_at_once_do_not_start_the_same_thread(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sets(storage: object, timer: Timer) -> None:
        storage.__dict__["timer"] = timer
        # As on a busy machine: somebody else comes before it is started.
        time.sleep(0.002)

    timers = property(lambda storage: storage.__dict__["timer"], sets)
    storage = app.extensions[limiting.LIMITER].storage
    monkeypatch.setattr(type(storage), "timer", timers, raising=False)

    def ask(_: int) -> None:
        with app.test_request_context():
            limiting.spend(replace(LONG, name="busy", times=1_000), "ada")

    with ThreadPoolExecutor(8) as threads:
        # What one of them raises is raised here.
        list(threads.map(ask, range(80)))
