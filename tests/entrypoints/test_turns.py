"""One account has a part of the server's threads, and no more."""

import time
from collections.abc import Callable
from datetime import datetime
from threading import Event, Thread

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.domain.accounts import passwords
from app.domain.accounts.access_models import SignInSession
from app.domain.accounts.models import Account, Key
from app.entrypoints.account_limits import OF_SESSION
from app.entrypoints.downloading import THREADS
from app.entrypoints.limiting import TooManyRequests
from app.entrypoints.turns import LEAST, TURNS, WAITING, Turns, register_turns
from app.foundation.database import db, session
from app.foundation.secret_keys import KeyKind
from tests.entrypoints.web.conftest import PASSWORD, signed_in
from tests.factories.accounts import make_account
from tests.factories.bearers import bearer


@pytest.fixture
def turns(app: Flask) -> Turns:
    """Two at a time, and nobody waits."""
    turns = app.extensions[TURNS] = Turns(most=2)
    turns.patience_seconds = 0
    return turns


@pytest.fixture
def asking(app: Flask, now: datetime, ben: Account) -> Callable[[], dict[str, int]]:
    """Ask for a page and a call of Ada's, and for a call of Ben's and a gateway's."""
    ada = make_account("ada", now=now, password_hash=passwords.hash_password(PASSWORD))
    browser, program = signed_in(app, ada), app.test_client()
    keys = {each: bearer(KeyKind.CUSTOMER, user_id=each) for each in ("ada", "ben")}
    by_gateway = bearer(KeyKind.GATEWAY)

    def ask() -> dict[str, int]:
        stats = "/v1/billing/stats"
        return {
            "page": browser.get("/settings").status_code,
            "call": program.get(stats, headers=keys["ada"]).status_code,
            "ben's": program.get(stats, headers=keys["ben"]).status_code,
            "gateway's": program.get(
                "/v1/billing/entitlements/ada", headers=by_gateway
            ).status_code,
        }

    return ask


def test_whoever_has_his_part_waits_and_nobody_else(turns: Turns, asking) -> None:
    others = {"ben's": 200, "gateway's": 200}
    for _ in range(2):
        turns.begin("ada")
    assert asking() == {"page": 429, "call": 429, **others}
    turns.end("ada")
    # What is answered, or refused, gives its turn back.
    for _ in range(3):
        assert asking() == {"page": 200, "call": 200, **others}


@pytest.fixture
def waiting(app: Flask, now: datetime) -> None:
    """Whoever waits for his turn is shut out meanwhile."""

    class Waiting(Turns):
        def begin(self, user_id: str) -> bool:
            super().begin(user_id)
            with db.engine.begin() as elsewhere:
                elsewhere.execute(update(Key).values(revoked_at=now))
                elsewhere.execute(update(SignInSession).values(ended_at=now))
            return True

    app.extensions[TURNS] = Waiting(most=2)


def test_whoever_is_shut_out_while_he_waits_is_told_nothing(
    app: Flask, now: datetime, request
) -> None:
    ada = make_account("ada", now=now, password_hash=passwords.hash_password(PASSWORD))
    headers, browser = bearer(KeyKind.CUSTOMER, user_id="ada"), signed_in(app, ada)
    keys = signed_in(app, ada)
    request.getfixturevalue("waiting")
    refused = app.test_client().get("/v1/billing/stats", headers=headers)
    assert (refused.status_code, refused.json["code"]) == (401, "key_unknown")
    with db.engine.begin() as elsewhere:
        elsewhere.execute(update(SignInSession).values(ended_at=None))
    page = browser.get("/usage")
    assert page.status_code == 404 and "This session has ended" in page.text
    assert keys.get("/keys").status_code == 302


def test_what_is_for_safety_has_turns_of_its_own(app: Flask, now: datetime, turns: Turns) -> None:
    ada = make_account("ada", now=now, password_hash=passwords.hash_password(PASSWORD))
    owners, thiefs = signed_in(app, ada), signed_in(app, ada)
    stolen = session.scalars(select(SignInSession.id).order_by(SignInSession.id)).all()[-1]
    for _ in range(2):
        turns.begin("ada")
        turns.begin(f"{OF_SESSION} {stolen}")
    assert thiefs.get("/keys").status_code == owners.get("/usage").status_code == 429
    assert owners.get("/keys").status_code == 200


def test_a_moment_later_there_may_be_one(client, ada: Account, turns: Turns) -> None:
    for _ in range(2):
        turns.begin("ada")
    refused = client.get("/v1/billing/stats", headers=bearer(KeyKind.CUSTOMER, user_id="ada"))
    assert refused.json["code"] == "too_many_requests"
    assert refused.headers["Retry-After"] == "1"


class TestWaiting:
    """Whoever asks for a little too much at once is answered a moment later."""

    def test_ends_with_whatever_ends_first(self) -> None:
        turns, began = Turns(most=1), Event()
        turns.patience_seconds = 60
        turns.begin("ada")

        def wait() -> None:
            turns.begin("ada")
            began.set()

        waiting = Thread(target=wait)
        waiting.start()
        turns.begin("ben")
        assert not began.is_set()
        turns.end("ada")
        waiting.join(60)
        assert began.is_set()

    def test_is_for_a_few_alone(self) -> None:
        turns = Turns(most=1)
        turns.patience_seconds = 60
        turns.begin("ada")
        waiting = [Thread(target=turns.begin, args=["ada"]) for _ in range(WAITING)]
        for each in waiting:
            each.start()
        while turns.waiting("ada") < WAITING:
            time.sleep(0.001)
        with pytest.raises(TooManyRequests):
            turns.begin("ada")
        for _ in waiting:
            turns.end("ada")
        for each in waiting:
            each.join(60)
        assert turns.waiting("ada") == 0

    def test_holds_no_more_for_several_accounts_than_for_one(self) -> None:
        turns = Turns(most=1)
        turns.patience_seconds = 60
        for each in ("ada", "ben"):
            turns.begin(each)
        waiting = Thread(target=turns.begin, args=["ada"])
        waiting.start()
        while not turns.waiting("ada"):
            time.sleep(0.001)
        for each in ("ada", "ben"):
            with pytest.raises(TooManyRequests):
                turns.begin(each)
        turns.end("ada")
        waiting.join(60)

    def test_is_not_for_long(self) -> None:
        turns = Turns(most=1)
        turns.patience_seconds = 0.001
        turns.begin("ada")
        with pytest.raises(TooManyRequests):
            turns.begin("ada")
        turns.end("ada")
        turns.begin("ada")


@pytest.mark.parametrize(("threads", "most"), [("32", 8), ("24", LEAST), ("1", LEAST)])
def test_a_server_gives_a_quarter(monkeypatch: pytest.MonkeyPatch, threads: str, most: int) -> None:
    monkeypatch.setenv(THREADS, threads)
    app = Flask(__name__)
    register_turns(app)
    app.extensions[TURNS].patience_seconds = 0
    with app.app_context():
        for _ in range(most):
            app.extensions[TURNS].begin("ada")
        with pytest.raises(TooManyRequests):
            app.extensions[TURNS].begin("ada")


def test_without_a_server_nobody_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(THREADS, raising=False)
    app = Flask(__name__)
    register_turns(app)
    for _ in range(100):
        app.extensions[TURNS].begin("ada")
