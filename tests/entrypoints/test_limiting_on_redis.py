"""Limits that machines share: counted in one Redis, and by each alone while it is away."""

import logging
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from app.config import Settings
from app.entrypoints import limiting
from app.entrypoints.limiting import Limit, TooManyRequests
from app.foundation.database import db
from app.foundation.secret_keys import KeyKind
from tests.databases import on_sqlite, settings_for
from tests.factories.accounts import make_account
from tests.factories.bearers import bearer
from tests.redis_server import redis_server, socket_of
from tests.threads import in_parallel

THREE = Limit("three", 3, 60, "Three a minute are the limit.")
# A window that does not end while somebody looks.
LONG = replace(THREE, name="long", seconds=10**6)
CROWD = 32


@pytest.fixture
def settings(database_url: str, tmp_path: Path, redis_url: str) -> Settings:
    """Settings of a machine that shares its limits with others."""
    return settings_for(database_url, tmp_path / "instance", REDIS_URL=redis_url)


@contextmanager
def machine(settings: Settings) -> Iterator[Flask]:
    """Give one of several machines: an app with connections of its own."""
    app = create_app(settings, TESTING=True)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def machines(settings: Settings) -> Iterator[tuple[Flask, Flask]]:
    """Two machines on one database and one Redis."""
    with ExitStack() as stack:
        yield stack.enter_context(machine(settings)), stack.enter_context(machine(settings))


def is_let_through(app: Flask, limit: Limit, *who: str) -> bool:
    """Spend one, and tell whether there was one."""
    with app.test_request_context():
        try:
            limiting.spend(limit, *who)
        except TooManyRequests:
            return False
        return True


class TestTogether:
    def test_let_no_more_through_however_many_ask_them_at_once(
        self, machines: tuple[Flask, Flask]
    ) -> None:
        limit = replace(THREE, times=20)
        asks = [
            lambda app=machines[number % 2]: is_let_through(app, limit, "ada")
            for number in range(2 * CROWD)
        ]
        assert sum(in_parallel(machines[0], asks)) == 20

    def test_tell_of_a_key_what_is_left_everywhere(
        self, machines: tuple[Flask, Flask], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(limiting, "API", replace(limiting.API, times=3))
        with machines[0].app_context():
            make_account("ada")
            headers = bearer(KeyKind.CUSTOMER, user_id="ada")
        here, there = (app.test_client() for app in machines)
        for left, client in ((2, here), (1, there), (0, here)):
            answer = client.get("/v1/billing/stats", headers=headers)
            assert answer.status_code == 200
            assert answer.headers["RateLimit-Limit"] == "3"
            assert answer.headers["RateLimit-Remaining"] == str(left)
            assert 1 <= int(answer.headers["RateLimit-Reset"]) <= 61
        refused = there.get("/v1/billing/stats", headers=headers)
        assert (refused.status_code, refused.json["code"]) == (429, "too_many_requests")
        assert 1 <= int(refused.headers["Retry-After"]) <= 61

    @on_sqlite
    def test_give_back_together(self, machines: tuple[Flask, Flask]) -> None:
        here, there = machines
        with there.test_request_context():
            trust = limiting.spend_on_trust(LONG, "ada")
        assert [is_let_through(here, LONG, "ada") for _ in range(3)] == [True] * 2 + [False]
        trust.give_back()
        assert [is_let_through(each, LONG, "ada") for each in machines] == [True, False]

    @on_sqlite
    def test_begin_anew_together(self, machines: tuple[Flask, Flask]) -> None:
        here, there = machines
        assert [is_let_through(here, THREE, "ada") for _ in range(4)] == [True] * 3 + [False]
        with there.test_request_context():
            limiting.forget(THREE, "ada")
        assert is_let_through(here, THREE, "ada")

    @on_sqlite
    def test_reach_it_by_its_socket_too(
        self, settings: Settings, redis_url: str, machines: tuple[Flask, Flask]
    ) -> None:
        by_socket = settings_for(
            settings.database_url, settings.instance_dir, REDIS_URL=socket_of(redis_url)
        )
        with machine(by_socket) as app:
            assert [is_let_through(app, THREE, "ada") for _ in range(2)] == [True, True]
            assert [is_let_through(machines[0], THREE, "ada") for _ in range(2)] == [True, False]


@on_sqlite
def test_count_alone_while_it_is_away(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    with redis_server() as url, machine(replace(settings, redis_url=url)) as app:
        assert [is_let_through(app, THREE, "ada") for _ in range(4)] == [True] * 3 + [False]
    with caplog.at_level(logging.WARNING):
        assert [is_let_through(app, THREE, "ada") for _ in range(4)] == [True] * 3 + [False]
    assert "Redis is away, so this process counts for itself" in caplog.text


@on_sqlite
def test_wait_for_one_that_says_nothing_not_for_long(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"redis://127.0.0.1:{deaf.getsockname()[1]}/0"
        with machine(replace(settings, redis_url=url)) as app:
            begun = time.monotonic()
            assert is_let_through(app, THREE, "ada")
            assert time.monotonic() - begun < 4, "a machine that is busy, but not five seconds"
    assert "Redis is away" in caplog.text
