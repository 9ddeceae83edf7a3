"""Posts that arrive while another is written share a transaction, and harm each other nowhere."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from threading import Event

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from app.domain.accounts import callers
from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account, Key
from app.domain.usage.models import BillingRecord
from app.domain.usage.reports import Outcome, UsageReport
from app.entrypoints.api import usage_recording
from app.entrypoints.api.usage_recording import POSTS, register_posts
from app.foundation.database import db, session, transaction
from app.foundation.secret_keys import KeyKind
from app.workflows.record_usage import record_usage
from tests.books import check_books
from tests.factories.accounts import make_account
from tests.factories.usage import make_report

USAGE = "/v1/billing/usage"
WAIT_SECONDS = 20
Send = Callable[..., "Future[TestResponse]"]


@pytest.fixture(autouse=True)
def books(app: Flask) -> Iterator[None]:
    """After each test, every figure that is kept twice is the same twice."""
    yield
    check_books()


class Recording:
    """Records as ever, remembers what was recorded together, and can be held up or fail."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.has_begun, self.may_go_on = Event(), Event()
        self.may_go_on.set()
        self.cursed = ""

    def __call__(self, reports: Sequence[UsageReport], **given: object) -> list[Outcome]:
        request_ids = [report.request_id for report in reports]
        self.groups.append(request_ids)
        self.has_begun.set()
        assert self.may_go_on.wait(WAIT_SECONDS)
        outcomes = record_usage(reports, **given)
        if self.cursed in request_ids:
            session.flush()
            raise OperationalError("INSERT", None, Exception("the disk is full"))
        return outcomes


@pytest.fixture
def recording(monkeypatch: pytest.MonkeyPatch) -> Recording:
    recording = Recording()
    monkeypatch.setattr(usage_recording, "record_usage", recording)
    return recording


@pytest.fixture
def send(app: Flask, by_gateway, recording: Recording) -> Iterator[Send]:
    """Post while another post is held up: what is sent is written once the test lets it."""
    with one_held_up(app, by_gateway, recording) as send:
        yield send
    recording.may_go_on.set()


@contextmanager
def one_held_up(app: Flask, headers: dict[str, str], recording: Recording) -> Iterator[Send]:
    waiting = app.extensions[POSTS]._waiting

    def post(body: dict, key: dict[str, str] = headers) -> TestResponse:
        with app.app_context():
            return app.test_client().post(USAGE, json=body, headers=key)

    with ThreadPoolExecutor(20) as pool:
        recording.may_go_on.clear()
        make_account("first")
        pool.submit(post, make_record("first", "first"))
        assert recording.has_begun.wait(WAIT_SECONDS)

        def sent(body: dict, key: dict[str, str] = headers) -> "Future[TestResponse]":
            queued = len(waiting)
            future = pool.submit(post, body, key)
            while len(waiting) == queued and not future.done():
                time.sleep(0.001)
            return future

        try:
            yield sent
        finally:
            recording.may_go_on.set()


def make_record(request_id: str, user_id: str = "ada", *, tokens: int = 500) -> dict:
    counts = {"prompt_tokens": tokens, "completion_tokens": 0}
    return {"user_id": user_id, "request_id": request_id, "model": "gpt-4", **counts}


def written() -> list[str]:
    session.rollback()
    return [row.request_id for row in session.query(BillingRecord).order_by(BillingRecord.id)]


class TestRecorded:
    def test_writes_in_one_transaction_what_came_meanwhile(
        self, ada: Account, ben: Account, send: Send, recording: Recording
    ) -> None:
        futures = [send(make_record("a")), send(make_record("b", "ben")), send(make_record("c"))]
        recording.may_go_on.set()
        answers = [future.result() for future in futures]
        assert [answer.status_code for answer in answers] == [200, 200, 200]
        assert [answer.json["results"][0]["request_id"] for answer in answers] == ["a", "b", "c"]
        assert recording.groups == [["first"], ["a", "b", "c"]]
        assert sorted(written()) == ["a", "b", "c", "first"]

    def test_answers_each_for_itself(
        self, ada: Account, ben: Account, send: Send, recording: Recording
    ) -> None:
        batch = {"records": [make_record("a"), make_record("d", "ben"), {"user_id": "ada"}]}
        futures = [
            send(make_record("a")),
            send(make_record("a")),
            send(make_record("a", tokens=501)),
            send(make_record("b", "nobody")),
            send({**make_record("c"), "total_tokens": 7}),
            send(batch),
        ]
        recording.may_go_on.set()
        answers = [future.result() for future in futures]
        assert [each.status_code for each in answers] == [200, 200, 409, 422, 422, 200]
        assert [each.json["accepted"] for each in answers[:2]] == [1, 0]
        assert answers[1].json["duplicates"] == 1
        assert answers[1].json["results"][0]["cost"] == answers[0].json["results"][0]["cost"]
        codes = [each.json["code"] for each in answers[2:5]]
        assert codes == ["request_id_conflict", "unknown_user", "total_mismatch"]
        counted = answers[5].json
        assert (counted["accepted"], counted["duplicates"]) == (1, 1)
        assert [place["index"] for place in counted["rejected"]] == [2]
        assert len(recording.groups) == 2
        assert sorted(written()) == ["a", "d", "first"]

    def test_lets_a_post_that_breaks_harm_nobody_else(
        self, ada: Account, send: Send, recording: Recording
    ) -> None:
        recording.cursed = "b"
        futures = [send(make_record(name)) for name in ("a", "b", "c")]
        recording.may_go_on.set()
        assert [future.result().status_code for future in futures] == [200, 503, 200]
        assert sorted(written()) == ["a", "c", "first"]

    def test_acknowledges_nothing_that_is_not_committed(
        self, ada: Account, send: Send, recording: Recording, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        futures = [send(make_record(name)) for name in ("a", "b")]

        def fail() -> None:
            raise OperationalError("COMMIT", None, Exception("the power is out"))

        monkeypatch.setattr(type(session.registry()), "commit", lambda self: fail())
        recording.may_go_on.set()
        assert [future.result().status_code for future in futures] == [503, 503]
        monkeypatch.undo()
        assert written() == []

    def test_keeps_a_post_with_an_idempotency_key_apart(
        self, app: Flask, client: FlaskClient, by_gateway, ada: Account
    ) -> None:
        # Its answer is kept in the transaction of its effect: nobody else's may fail with it.
        del app.extensions[POSTS]
        headers = {**by_gateway, "Idempotency-Key": "once"}
        answers = [client.post(USAGE, json=make_record("k"), headers=headers) for _ in range(2)]
        assert [answer.json["accepted"] for answer in answers] == [1, 1]
        assert answers[1].headers["Idempotent-Replayed"] == "true"
        assert written() == ["k"]

    def test_takes_no_more_together_than_a_batch_may_hold(
        self, app: Flask, by_gateway, recording: Recording, ada: Account
    ) -> None:
        register_posts(app, together_max=3)
        with one_held_up(app, by_gateway, recording) as send:
            batch = {"records": [make_record(f"b-{number}") for number in range(5)]}
            futures = [send(make_record(name)) for name in "abcd"] + [send(batch)]
        assert {future.result().status_code for future in futures} == {200}
        assert [len(group) for group in recording.groups] == [1, 3, 1, 5]


class TestLocked:
    def test_holds_up_nobody_but_the_account_that_is_held(
        self, app: Flask, by_gateway, ada: Account, ben: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if db.engine.dialect.name == "sqlite":
            pytest.skip("SQLite holds no single account")
        monkeypatch.setattr(usage_recording, "LOCKED_MAX_MS", 50)
        session.commit()

        def post(body: dict) -> TestResponse:
            with app.app_context():
                return app.test_client().post(USAGE, json=body, headers=by_gateway)

        holding = select(Account.id).where(Account.id == "ada").with_for_update()
        with ThreadPoolExecutor(4) as pool:
            with db.engine.begin() as elsewhere:
                elsewhere.execute(holding)
                adas = [pool.submit(post, make_record(f"a-{number}")) for number in range(2)]
                bens = pool.submit(post, make_record("b", "ben"))
                assert bens.result(WAIT_SECONDS).status_code == 200
                assert not any(each.done() for each in adas)
            assert [each.result(WAIT_SECONDS).status_code for each in adas] == [200, 200]
        assert sorted(written()) == ["a-0", "a-1", "b"]


class TestCallers:
    """A key that this process remembers may have been changed by another one since."""

    def change(self, *, only: str = "a key", **changes: object) -> None:
        """Change a key as another process does: nothing here hears of it."""
        session.commit()
        with db.engine.begin() as elsewhere:
            elsewhere.execute(update(Key).where(Key.name == only).values(changes))

    @pytest.fixture
    def answers(self, client: FlaskClient, by_gateway, ada: Account) -> Iterator[TestResponse]:
        """Post again and again, once the process has come to remember the key."""
        for number in range(3):
            posted = client.post(USAGE, json=make_record(f"before-{number}"), headers=by_gateway)
            assert posted.status_code == 200
        return (
            client.post(USAGE, json=make_record(f"after-{number}"), headers=by_gateway)
            for number in count()
        )

    def test_are_not_looked_up_twice(self, answers, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(callers, "caller_by_text", None)
        assert next(answers).status_code == 200

    def test_are_refused_once_their_key_is_revoked(self, answers, now) -> None:
        self.change(revoked_at=now)
        assert [next(answers).status_code for _ in range(2)] == [401, 401]
        assert "after-0" not in written()

    def test_are_refused_once_their_key_has_ended(self, answers, now) -> None:
        self.change(expires_at=now)
        assert next(answers).json["code"] == "key_unknown"
        assert "after-0" not in written()

    @pytest.mark.parametrize("body", [b"{", b"[]", b'{"user_id": "ada"}', b'{"records": []}'])
    def test_are_not_told_what_is_wrong_with_a_body_once_they_are_refused(
        self, client: FlaskClient, answers, by_gateway, now, body: bytes
    ) -> None:
        self.change(revoked_at=now)
        assert client.post(USAGE, data=body, headers=by_gateway).json["code"] == "key_unknown"

    def test_may_write_no_longer_once_they_may_only_read(self, answers) -> None:
        self.change(scope="read")
        assert next(answers).json["code"] == "key_is_read_only"

    def test_may_speak_only_of_whom_they_may_speak_now(self, answers) -> None:
        self.change(limited_to=["ben"])
        assert next(answers).json["code"] == "account_not_allowed"
        self.change(limited_to=["ada"])
        assert next(answers).status_code == 200

    def test_harm_nobody_whose_post_came_with_theirs(
        self, app: Flask, answers, by_gateway, recording: Recording, now
    ) -> None:
        with transaction():
            text = accounts.make_key(KeyKind.GATEWAY, name="other", now=now).text
        theirs = {"Authorization": f"Bearer {text}"}
        for number in range(2):
            app.test_client().post(USAGE, json=make_record(f"o-{number}"), headers=theirs)
        self.change(only="other", revoked_at=now)
        with one_held_up(app, by_gateway, recording) as send:
            sent = [send(make_record("a")), send(make_record("b"), theirs), send(make_record("c"))]
        assert [each.result().status_code for each in sent] == [200, 401, 200]
        assert {"a", "b", "c"} & set(written()) == {"a", "c"}


class TestMoments:
    def test_are_those_of_each_arrival(self, by_gateway, ada: Account, now) -> None:
        caller = callers.caller_by_text(by_gateway["Authorization"].split()[1], now=now)
        from_now = [now.replace(second=second) for second in (1, 2)]
        reports = [make_report(occurred_at=None) for _ in from_now]
        posts = [
            usage_recording.Post([report], arrived_at, caller)
            for report, arrived_at in zip(reports, from_now, strict=True)
        ]
        usage_recording._record_together(posts)
        assert [row.occurred_at for row in session.query(BillingRecord)] == from_now
