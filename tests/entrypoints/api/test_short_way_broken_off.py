"""What gateways meet where the store breaks off: that it is away, once, and never a bug."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app.domain.accounts.models import Account
from app.entrypoints.api.short_way import ENTITLEMENTS, USAGE
from app.foundation import database
from app.foundation.database import db, session
from tests.databases import on_postgresql

Headers = dict[str, str]
RESTING = 6
END = text("SELECT pg_terminate_backend(pid, 5000) FROM unnest(:pids) AS pid")
OF = {"model": "gpt-4", "prompt_tokens": 500, "completion_tokens": 120}


@pytest.fixture
def by_known(client: FlaskClient, by_gateway: Headers, ada: Account) -> Headers:
    """The header of a gateway whose key is remembered."""
    for _ in range(2):
        assert client.get(f"{ENTITLEMENTS}ada", headers=by_gateway).status_code == 200
    return by_gateway


@pytest.fixture
def break_off(by_known: Headers) -> Iterator[Callable[[], None]]:
    """Break all connections off that rest, as where PostgreSQL is started anew."""

    def break_off() -> None:
        session.remove()
        with ExitStack() as used, db.engine.connect() as other:
            resting = [used.enter_context(db.engine.connect()) for _ in range(RESTING)]
            pids = [each.connection.driver_connection.info.backend_pid for each in resting]
            assert all(ended for (ended,) in other.execute(END, {"pids": pids}))
            other.detach()

    yield break_off
    # Whoever comes next is lent these connections.
    session.remove()
    db.engine.dispose()


@on_postgresql
class TestWhereTheStoreBreaksOff:
    @pytest.mark.parametrize("more", [{}, {"Expect": "100-continue"}], ids=["short", "long"])
    def test_whoever_asks_is_told_once_that_it_is_away(
        self, client, by_known, break_off, more
    ) -> None:
        break_off()
        headers = {**by_known, **more}
        told = [
            client.get(f"{ENTITLEMENTS}ada", headers=headers).status_code for _ in range(RESTING)
        ]
        assert set(told) <= {200, 503}
        assert told.count(503) <= 1

    @pytest.mark.parametrize("more", [{}, {"Expect": "100-continue"}], ids=["short", "long"])
    def test_whoever_posts_is_told_once_that_it_is_away(
        self, client, by_known, break_off, more
    ) -> None:
        break_off()
        headers = {**by_known, **more}
        posts = [{"user_id": "ada", "request_id": f"r{number}", **OF} for number in range(RESTING)]
        told = [client.post(USAGE, json=post, headers=headers).status_code for post in posts]
        assert set(told) <= {200, 503}
        assert told.count(503) <= 1

    def test_all_are_opened_anew_once_one_was_found_dead(self, break_off, monkeypatch) -> None:
        break_off()
        for rested_ns in (0, 0, *[10**12] * RESTING):
            monkeypatch.setattr(database, "RESTED_NS", rested_ns)
            with db.engine.connect() as lent:
                assert lent.scalar(text("SELECT 1")) == 1
