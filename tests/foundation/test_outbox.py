"""The outbox: promised in a transaction, leased to one worker, tried again, done."""

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.foundation import outbox
from app.foundation.database import session, transaction
from app.foundation.outbox import LEASE, RETRY_FIRST, RETRY_LAST, OutboxEntry
from tests.databases import on_postgresql
from tests.moments import NOW
from tests.statements import statements
from tests.threads import in_parallel
from tests.undoing import run_and_fail

SECOND = timedelta(seconds=1)


def promise(kind: str, *, now: datetime = NOW) -> OutboxEntry:
    with transaction():
        return outbox.add(kind, {"kind": kind}, now=now)


def claimed(*, now: datetime, limit: int = 10) -> list[str]:
    with transaction():
        return [entry.kind for entry in outbox.claim(now=now, limit=limit)]


def only_entry() -> OutboxEntry:
    return session.scalars(select(OutboxEntry)).one()


pytestmark = pytest.mark.usefixtures("app")


class TestAdd:
    def test_is_due_at_once(self) -> None:
        promise("send_mail")
        entry = only_entry()
        assert (entry.kind, entry.payload) == ("send_mail", {"kind": "send_mail"})
        assert entry.created_at == entry.next_try_at == NOW
        assert entry.attempts == 0
        assert entry.done_at is None

    def test_promises_nothing_if_the_transaction_fails(self) -> None:
        run_and_fail(lambda: outbox.add("send_mail", {}, now=NOW))
        assert session.scalars(select(OutboxEntry)).all() == []

    def test_keeps_what_a_mail_needs(self) -> None:
        payload = {"to": "ada@example.com", "lines": [1, 2, {"a": None}], "ok": True}
        with transaction():
            outbox.add("send_mail", payload, now=NOW)
        session.expunge_all()
        assert only_entry().payload == payload


class TestAddAll:
    def test_promises_each_in_one_statement(self) -> None:
        payloads = [{"mail": number} for number in range(30)]
        with transaction(), statements() as sent:
            outbox.add_all("send_mail", payloads, now=NOW)
        entries = session.scalars(select(OutboxEntry).order_by(OutboxEntry.id)).all()
        assert (len(sent), [entry.payload for entry in entries]) == (1, payloads)
        assert {(entry.kind, entry.attempts, entry.next_try_at) for entry in entries} == {
            ("send_mail", 0, NOW)
        }

    def test_promises_nothing_where_there_is_nothing(self) -> None:
        with transaction(), statements() as sent:
            outbox.add_all("send_mail", [], now=NOW)
        assert sent == []


class TestClaim:
    def test_takes_the_oldest_first_and_no_more_than_asked(self) -> None:
        promise("second", now=NOW + SECOND)
        promise("first")
        promise("third", now=NOW + 2 * SECOND)
        assert claimed(now=NOW + 3 * SECOND, limit=2) == ["first", "second"]

    @pytest.mark.parametrize(("early", "expected"), [(SECOND, []), (0 * SECOND, ["later"])])
    def test_leaves_what_is_not_due(self, early: timedelta, expected: list[str]) -> None:
        promise("later", now=NOW)
        assert claimed(now=NOW - early) == expected

    def test_leases_until_the_lease_ends(self) -> None:
        promise("send_mail")
        assert claimed(now=NOW) == ["send_mail"]
        assert claimed(now=NOW + LEASE - SECOND) == []
        assert claimed(now=NOW + LEASE) == ["send_mail"]
        assert only_entry().attempts == 2

    def test_gives_two_workers_disjoint_sets(self, app: Flask) -> None:
        for number in range(20):
            promise(f"work-{number}")
        shares = in_parallel(app, [lambda: claimed(now=NOW, limit=7)] * 3)
        taken = [kind for share in shares for kind in share]
        assert len(taken) == len(set(taken))
        # What a worker was refused because another held it waits for the next round.
        taken += claimed(now=NOW, limit=20)
        assert sorted(taken) == sorted(f"work-{number}" for number in range(20))

    # SQLite has one writer: the second waits its turn.
    @on_postgresql
    def test_does_not_wait_for_another_worker(self, app: Flask) -> None:
        promise("held")
        promise("free")
        with transaction():
            assert [entry.kind for entry in outbox.claim(now=NOW, limit=1)] == ["held"]
            assert in_parallel(app, [lambda: claimed(now=NOW)]) == [["free"]]


class TestFinish:
    def test_is_never_due_again(self) -> None:
        promise("send_mail")
        with transaction():
            (entry,) = outbox.claim(now=NOW, limit=1)
            entry.last_error = "of an earlier try"
            outbox.finish(entry, now=NOW + SECOND)
        assert claimed(now=NOW + timedelta(days=999)) == []
        assert only_entry().done_at == NOW + SECOND
        assert only_entry().last_error is None


class TestPostpone:
    def test_notes_why_and_waits(self) -> None:
        promise("send_mail")
        with transaction():
            (entry,) = outbox.claim(now=NOW, limit=1)
            outbox.postpone(entry, reason="no connection", now=NOW)
        assert only_entry().last_error == "no connection"
        assert claimed(now=NOW + RETRY_FIRST - SECOND) == []
        assert claimed(now=NOW + RETRY_FIRST) == ["send_mail"]

    @pytest.mark.parametrize(
        ("attempts", "wait"),
        [
            (1, RETRY_FIRST),
            (2, 2 * RETRY_FIRST),
            (3, 4 * RETRY_FIRST),
            (12, 2048 * RETRY_FIRST),
            (13, RETRY_LAST),
            (10_000, RETRY_LAST),
        ],
    )
    def test_waits_twice_as_long_each_time_up_to_a_limit(
        self, attempts: int, wait: timedelta
    ) -> None:
        entry = OutboxEntry(attempts=attempts)
        outbox.postpone(entry, reason="no connection", now=NOW)
        assert entry.next_try_at == NOW + wait


def test_a_promise_is_found_until_it_is_kept(app, now) -> None:
    with transaction():
        entry = outbox.add("rebuild", {"user_id": "ada"}, now=now)
        outbox.add("rebuild", {"event": 5}, now=now)
    assert outbox.is_promised("rebuild", key="user_id", value="ada")
    assert not outbox.is_promised("rebuild", key="user_id", value="ben")
    assert not outbox.is_promised("send", key="user_id", value="ada")
    with transaction():
        outbox.finish(outbox.locked(entry.id), now=now)
    assert not outbox.is_promised("rebuild", key="user_id", value="ada")


class TestBacklog:
    def test_is_nothing_at_first(self) -> None:
        assert outbox.backlog(now=NOW) == outbox.Backlog(0, 0, None)

    @pytest.mark.parametrize(
        ("ahead", "due_since"), [(-SECOND, None), (0 * SECOND, NOW), (SECOND, NOW)]
    )
    def test_is_due_from_its_moment(self, ahead: timedelta, due_since: datetime | None) -> None:
        promise("send_mail")
        assert outbox.backlog(now=NOW + ahead) == outbox.Backlog(1, 0, due_since)

    def test_tells_what_failed_and_leaves_out_what_is_done(self) -> None:
        for _ in range(3):
            promise("send_mail")
        with transaction():
            done, failing, under_way = outbox.claim(now=NOW, limit=3)
            outbox.finish(done, now=NOW)
            outbox.postpone(failing, reason="no connection", now=NOW)
            assert under_way.attempts == 1
        promise("send_mail", now=NOW + SECOND)
        with statements() as sent:
            found = outbox.backlog(now=NOW + 2 * SECOND)
        assert found == outbox.Backlog(waiting=3, failed=1, due_since=NOW + SECOND)
        assert len(sent) == 1

    def test_is_counted_up_to_a_number(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(outbox, "COUNTED_MAX", 2)
        for ahead in (2, 1, 0):
            promise("send_mail", now=NOW + ahead * SECOND)
        assert outbox.backlog(now=NOW) == outbox.Backlog(2, 0, NOW)


class TestForgetDone:
    def test_nothing_is_left_of_what_is_done(self) -> None:
        promise("send_mail")
        with transaction():
            (entry,) = outbox.claim(now=NOW, limit=1)
            outbox.finish(entry, now=NOW)
        assert only_entry().payload == {}

    def test_forgets_what_was_done_long_ago_and_nothing_else(self) -> None:
        with transaction():
            for email in ("ada", "ben", "ada"):
                outbox.add("register", {"email": email}, now=NOW)
        with transaction():
            rows = session.scalars(select(OutboxEntry).order_by(OutboxEntry.id)).all()
            for row in rows[:2]:
                row.done_at, row.next_try_at = NOW, None
        with transaction():
            outbox.forget_done(key="email", value="ada")
        found = session.scalars(
            select(OutboxEntry).order_by(OutboxEntry.id).execution_options(populate_existing=True)
        )
        assert [row.payload for row in found] == [{}, {"email": "ben"}, {"email": "ada"}]
