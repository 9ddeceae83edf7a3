"""The database: one commit, all or nothing, and writers that wait for their turn."""

import sqlite3
from contextlib import suppress
from datetime import datetime, timedelta, timezone

import pytest
from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError, StatementError

from app.domain.accounts.models import Counter, Key
from app.foundation import journal
from app.foundation.database import (
    BUSY_TIMEOUT_MS,
    connection,
    db,
    reading_at_once,
    session,
    transaction,
)
from app.foundation.direct import execute
from app.foundation.journal import JournalEntry
from tests.databases import on_postgresql, on_sqlite
from tests.moments import NOW
from tests.quick_commits import committing_as_served
from tests.statements import statements
from tests.threads import in_parallel
from tests.undoing import run_and_fail

pytestmark = pytest.mark.usefixtures("app")


def write(action: str = "tried", *, now: datetime = NOW) -> None:
    journal.write(action, actor="system", now=now)


def written() -> list[JournalEntry]:
    """Read with eyes of our own, as the next request would."""
    session.rollback()
    session.expunge_all()
    return list(session.query(JournalEntry).order_by(JournalEntry.id))


class TestTransaction:
    def test_makes_everything_permanent_together(self) -> None:
        with transaction():
            write("first")
            write("second")
        assert [entry.action for entry in written()] == ["first", "second"]

    def test_undoes_everything_if_anything_fails(self) -> None:
        run_and_fail(write)
        assert written() == []

    def test_passes_on_what_went_wrong(self) -> None:
        with pytest.raises(ZeroDivisionError), transaction():
            _ = 1 // 0

    def test_undoes_what_the_database_refuses_at_the_end(self) -> None:
        def write_and_break() -> None:
            with transaction():
                write()
                session.add(Counter(name="broken", value=-1))

        with pytest.raises(IntegrityError):
            write_and_break()
        assert written() == []

    def test_refuses_to_be_nested(self) -> None:
        def nest() -> None:
            with transaction():
                pass

        with pytest.raises(AssertionError, match="inside a transaction"), transaction():
            nest()
        # The refusal leaves nothing behind that would refuse the next one.
        with transaction():
            write()
        assert len(written()) == 1

    def test_refuses_changes_from_before_it_began(self) -> None:
        write()
        with pytest.raises(AssertionError, match="outside a transaction"), transaction():
            pass
        session.rollback()

    def test_sees_what_others_wrote_since_the_last_read(self, app: Flask) -> None:
        def write_elsewhere() -> None:
            with transaction():
                write()

        assert written() == []
        in_parallel(app, [write_elsewhere])
        with transaction():
            assert session.query(JournalEntry).count() == 1
            write()
        assert len(written()) == 2

    def test_asks_nothing_to_say_what_a_row_is_called(self) -> None:
        with transaction():
            write()
        (entry,) = session.query(JournalEntry)
        with transaction(), statements() as sent:
            called = entry.id
            assert called and sent == []
            # All else may have changed since it was read.
            assert entry.action and len(sent) == 1

    def test_keeps_objects_readable_afterwards(self) -> None:
        with transaction():
            entry = JournalEntry(happened_at=NOW, actor="a", action="b", details={})
            session.add(entry)
        with statements() as sent:
            assert entry.action == "b"
        assert sent == []

    def test_loses_nothing_when_many_write_at_once(self, app: Flask) -> None:
        def raise_counter() -> None:
            for _ in range(10):
                with transaction():
                    counter = session.get_one(Counter, "account", with_for_update=True)
                    counter.value += 1

        before = session.get_one(Counter, "account").value
        in_parallel(app, [raise_counter] * 4)
        session.rollback()
        session.expire_all()
        assert session.get_one(Counter, "account").value == before + 40


class TestReadingAtOnce:
    def test_reads_what_is_permanent_without_a_session(self) -> None:
        with transaction():
            write("kept")
        session.remove()
        with reading_at_once():
            counted = execute(connection(), "SELECT count(*) FROM journal_entries", ())
        assert counted.rows == [(1,)]
        assert not session.registry.has()

    def test_gives_its_connection_back(self) -> None:
        with suppress(ZeroDivisionError), reading_at_once():
            mine = connection()
            raise ZeroDivisionError
        assert mine.closed
        assert connection() is not mine

    def test_is_nothing_for_inside_a_transaction(self) -> None:
        with pytest.raises(AssertionError), transaction(), reading_at_once():
            pass


class TestLocks:
    """What is read under a lock is what stands there, whatever was read before."""

    def raise_elsewhere(self, app: Flask) -> None:
        def raise_counter() -> None:
            with transaction():
                session.execute(update(Counter).values(value=Counter.value + 1))

        in_parallel(app, [raise_counter])

    def test_an_object_read_before_the_transaction_is_read_anew(self, app: Flask) -> None:
        counter = session.get_one(Counter, "account")
        before = counter.value
        self.raise_elsewhere(app)
        with transaction():
            assert counter.value == before + 1

    # SQLite has one writer: nobody comes between.
    @on_postgresql
    @pytest.mark.parametrize("way", ["get", "select"])
    def test_an_object_read_before_the_lock_is_read_anew(self, app: Flask, way: str) -> None:
        with transaction():
            counter = session.get_one(Counter, "account")
            before = counter.value
            self.raise_elsewhere(app)
            if way == "get":
                session.get_one(Counter, "account", with_for_update=True)
            else:
                session.scalars(select(Counter).with_for_update()).one()
            assert counter.value == before + 1

    def test_a_change_that_is_not_written_yet_survives_the_lock(self) -> None:
        with transaction():
            counter = session.get_one(Counter, "account")
            counter.value = 7
            session.get_one(Counter, "account", with_for_update=True)
            assert counter.value == 7


class TestConstraints:
    def test_foreign_keys_are_checked(self) -> None:
        def add_key() -> None:
            with transaction():
                session.add(
                    Key(
                        kind="obl_sk_", user_id="nobody", name="a", public_id="b", digest="c",
                        created_at=NOW,
                    )
                )  # fmt: skip

        with pytest.raises(IntegrityError):
            add_key()


class TestMoments:
    @pytest.mark.parametrize("offset", [-11, 0, 5, 14])
    def test_come_back_in_utc(self, offset: int) -> None:
        moment = NOW.astimezone(timezone(timedelta(hours=offset))) + timedelta(microseconds=1)
        with transaction():
            write(now=moment)
        (entry,) = written()
        assert entry.happened_at == moment
        assert entry.happened_at.utcoffset() == timedelta()

    def test_are_refused_without_a_zone(self) -> None:
        def write_naively() -> None:
            with transaction():
                write(now=datetime(2026, 11, 22))  # noqa: DTZ001  # the point of it

        with pytest.raises(StatementError, match="naive datetime"):
            write_naively()

    def test_are_compared_in_utc(self) -> None:
        with transaction():
            write("before", now=NOW)
            write("after", now=NOW + timedelta(minutes=1))
        edge = (NOW + timedelta(minutes=1)).astimezone(timezone(timedelta(hours=-8)))
        earlier = session.query(JournalEntry).filter(JournalEntry.happened_at < edge).one()
        assert earlier.action == "before"

    def test_may_be_missing(self) -> None:
        with transaction():
            session.add(Key(kind="obl_gw_", name="a", public_id="b", digest="c", created_at=NOW))
        assert session.query(Key).one().expires_at is None


@on_sqlite
class TestSqlite:
    @pytest.mark.parametrize(
        ("pragma", "value"),
        [
            ("foreign_keys", 1),
            ("journal_mode", "wal"),
            ("busy_timeout", BUSY_TIMEOUT_MS),
            # 2 is FULL: what was answered survives a power cut.
            ("synchronous", 2),
        ],
    )
    def test_is_set_as_we_need_it(self, pragma: str, value: object) -> None:
        with committing_as_served():
            assert session.execute(text(f"PRAGMA {pragma}")).scalar_one() == value

    def test_is_set_so_on_every_connection(self, app: Flask) -> None:
        def foreign_keys() -> int:
            return session.execute(text("PRAGMA foreign_keys")).scalar_one()

        assert in_parallel(app, [foreign_keys] * 4) == [1] * 4

    def test_takes_the_writers_place_before_it_reads(self) -> None:
        other = sqlite3.connect(db.engine.url.database, timeout=0, isolation_level=None)
        try:
            with transaction():
                session.execute(text("SELECT 1"))
                with pytest.raises(sqlite3.OperationalError, match="locked"):
                    other.execute("BEGIN IMMEDIATE")
            other.execute("BEGIN IMMEDIATE")
            other.execute("ROLLBACK")
        finally:
            other.close()

    def test_takes_no_place_to_read(self) -> None:
        other = sqlite3.connect(db.engine.url.database, timeout=0, isolation_level=None)
        try:
            session.execute(text("SELECT count(*) FROM counters"))
            other.execute("BEGIN IMMEDIATE")
            other.execute("ROLLBACK")
        finally:
            other.close()

    def test_leaves_the_queue_when_its_turn_fails(self, app: Flask) -> None:
        run_and_fail(lambda: session.execute(update(Counter).values(value=1)))

        def write_elsewhere() -> None:
            with transaction():
                write()

        in_parallel(app, [write_elsewhere])
        assert len(written()) == 1

    def test_reads_while_another_writes(self, app: Flask) -> None:
        with transaction():
            write()
            session.flush()
            assert in_parallel(app, [lambda: session.query(JournalEntry).count()]) == [0]
