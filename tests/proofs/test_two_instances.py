"""Two servers on one PostgreSQL and one Redis are as one, also while one of them is dead."""

import random
import time
from pathlib import Path

import pytest
import requests
from flask import Flask
from limits.storage import storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter

from app.config import Settings
from app.entrypoints.limiting import API
from app.foundation import clock
from app.foundation.secret_keys import KeyKind, SecretKey
from app.workflows.verify_books import verify_books
from tests.books import check_books
from tests.databases import on_postgresql
from tests.factories.accounts import make_account, make_key
from tests.proofs.load import Load, check_records, check_sums, open_load
from tests.proofs.programs import WebServer, Worker, running, wait_for
from tests.proofs.promises import keep_all_promises
from tests.proofs.sizes import sized

ROUNDS = sized(1, long=20)
LOAD_SECONDS = (0.2, 1.0)
ANSWERED_BY_THE_OTHER = 100
CALL = "/v1/billing/quota-warning"
ANSWER_SECONDS = 20


def servers_on(settings: Settings, redis_url: str, folder: Path) -> tuple[WebServer, WebServer]:
    """Return two servers as on machines of their own: no folder is shared."""

    def server(name: str) -> WebServer:
        (folder / name).mkdir()
        changes = {"REDIS_URL": redis_url, "INSTANCE_DIR": str(folder / name / "instance")}
        # One process each: there are two of them anyway, and they are started often.
        return WebServer(settings, folder / name, arguments=("--workers", "1"), **changes)

    return server("first"), server("second")


def go_on_without(server: WebServer, load: Load) -> None:
    """Kill a server; the other one answers everybody until it stands again."""
    server.kill()
    before = len(load.acknowledged)
    wait_for(lambda: len(load.acknowledged) > before + ANSWERED_BY_THE_OTHER)
    server.start()
    wait_for(server.is_ready, lambda: server.printed)


@on_postgresql
@pytest.mark.usefixtures("app")
def test_nothing_is_lost_or_counted_twice_when_one_of_two_dies(
    settings: Settings, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dice = random.Random(2)
    servers = servers_on(settings, redis_url, tmp_path)
    worker = Worker(settings, tmp_path, REDIS_URL=redis_url)
    load = open_load(*(server.address for server in servers), dice=dice)
    with running(*servers, worker):
        for _ in range(ROUNDS):
            for server in servers:
                with load.posting():
                    time.sleep(dice.uniform(*LOAD_SECONDS))
                    go_on_without(server, load)
                    time.sleep(dice.uniform(*LOAD_SECONDS))
                check_records(load)
                assert verify_books() == []
    assert load.unanswered > 0, "nobody has noticed any death"
    # The worker may have been told to end before it has cut everybody's days anew.
    keep_all_promises(monkeypatch)
    check_sums(load)
    check_books()


class Caller:
    """A customer's program that goes now to this server, now to that."""

    def __init__(self, key: SecretKey) -> None:
        self._headers = {"Authorization": f"Bearer {key.text}"}

    def call(self, server: WebServer) -> requests.Response:
        url = f"{server.address}{CALL}"
        return requests.get(url, headers=self._headers, timeout=ANSWER_SECONDS)

    def left_at(self, server: WebServer) -> int:
        """Call, and return how many calls the server says are left."""
        return int(self.call(server).headers["RateLimit-Remaining"])


@on_postgresql
def test_a_key_has_one_limit_over_both(
    app: Flask, settings: Settings, redis_url: str, tmp_path: Path
) -> None:
    make_account("ada", now=clock.now())
    key = make_key(KeyKind.CUSTOMER, user_id="ada", now=clock.now())
    first, second = servers_on(settings, redis_url, tmp_path)
    caller = Caller(key)
    with running(first, second):
        left = [caller.left_at(server) for server in (first, second, second, first)]
        assert left == [API.times - used for used in (1, 2, 3, 4)]
        # As many more as a third server would count, but for the last two.
        third = SlidingWindowCounterRateLimiter(storage_from_string(redis_url))
        assert third.hit(API.item, key.public_id, cost=left[-1] - 2)
        assert [caller.call(server).status_code for server in (first, second)] == [200, 200]
        assert [caller.call(server).status_code for server in (first, second)] == [429, 429]
