"""Questions put to the driver itself: the same answers on both databases as SQLAlchemy gives."""

from datetime import UTC, datetime, timedelta

import pytest
from psycopg.pq import TransactionStatus
from sqlalchemy import SelectBase, bindparam, literal, select
from sqlalchemy.exc import IntegrityError, OperationalError

from app.domain.accounts.models import Account, Counter
from app.domain.catalog.models import ModelAlias
from app.foundation import direct
from app.foundation.database import UTCDateTime, db, session, transaction
from app.foundation.direct import Question, among, in_one_go, values_of
from app.foundation.outbox import OutboxEntry
from tests.moments import NOW
from tests.statements import statements

pytestmark = pytest.mark.usefixtures("app")

HARD_TEXTS = ["größer 😀", "quoted ' and \"", "100 %s", "back\\slash", "", "{a,b}", "null", ":name"]

TWICE = "INSERT INTO counters (name, value) SELECT name, value FROM counters"


@Question
def entries() -> SelectBase:
    entry = OutboxEntry
    columns = select(entry.kind, entry.payload, entry.created_at, entry.done_at, entry.attempts)
    since = entry.created_at >= bindparam("since", type_=UTCDateTime())
    return columns.where(since, among(entry.kind, "kinds"), entry.attempts < 5)


@Question
def aliases() -> SelectBase:
    return select(ModelAlias.alias).where(among(ModelAlias.alias, "names"))


def add_entry(kind: str, *, created_at: datetime = NOW, attempts: int = 0) -> None:
    session.add(
        OutboxEntry(
            kind=kind,
            payload={"a": [1, None]},
            created_at=created_at,
            next_try_at=created_at,
            attempts=attempts,
        )
    )


def ask(kinds: list[str], *, since: datetime = NOW) -> list[tuple]:
    return entries.ask({"kinds": values_of(kinds), "since": since})


class TestQuestion:
    def test_answers_with_values_as_they_were_stored(self) -> None:
        moment = NOW + timedelta(microseconds=123_456)
        with transaction():
            add_entry("one", created_at=moment)
        (row,) = ask(["one", "two"])
        assert row == ("one", {"a": [1, None]}, moment, None, 0)
        assert row[2].tzinfo is UTC

    def test_reads_moments_to_the_microsecond(self) -> None:
        with transaction():
            add_entry("one")
        assert len(ask(["one"], since=NOW)) == 1
        assert ask(["one"], since=NOW + timedelta(microseconds=1)) == []

    def test_keeps_the_constants_of_its_words(self) -> None:
        with transaction():
            add_entry("few", attempts=4)
            add_entry("many", attempts=5)
        assert [row[0] for row in ask(["few", "many"])] == ["few"]

    @pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
    def test_writes_its_constants_where_plans_can_go_by_them(self) -> None:
        """A plan that is kept finds the index of a part of the rows by the words alone."""
        with statements() as sent:
            ask(["one"])
        assert "outbox_entries.attempts < 5" in sent[0]
        assert sent[0].count("%s") == 2

    @pytest.mark.parametrize("text", HARD_TEXTS)
    def test_finds_any_text_and_no_other(self, text: str) -> None:
        with transaction():
            session.add_all(
                ModelAlias(alias=each, model_id="gpt-4", created_at=NOW) for each in HARD_TEXTS
            )
        assert aliases.ask({"names": values_of([text])}) == [(text,)]
        assert aliases.ask({"names": values_of([])}) == []

    def test_sees_what_was_changed_before_it_in_its_transaction(self) -> None:
        with transaction():
            add_entry("one")
            assert len(ask(["one"])) == 1
            session.rollback()

    def test_is_seen_by_whoever_watches_statements(self) -> None:
        with statements() as sent:
            ask(["one"])
        assert [text.split()[0] for text in sent] == ["SELECT"]

    @pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
    def test_begins_a_transaction_only_where_one_is_wanted(self) -> None:
        ask(["one"])
        driver = session.connection().connection.driver_connection
        assert driver.info.transaction_status == TransactionStatus.IDLE
        with transaction():
            ask(["one"])
            driver = session.connection().connection.driver_connection
            assert driver.info.transaction_status == TransactionStatus.INTRANS

    def test_refuses_a_moment_without_a_zone(self) -> None:
        with pytest.raises(ValueError, match="naive"):
            ask(["one"], since=NOW.replace(tzinfo=None))


class TestExecute:
    def test_raises_what_everybody_else_raises(self, ada: Account) -> None:
        with pytest.raises(IntegrityError), transaction():
            direct.execute(session.connection(), TWICE, ())
        # The next one begins anew.
        assert session.scalar(select(literal(1))) == 1

    @pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
    def test_tells_that_the_store_is_away(self) -> None:
        session.connection().connection.driver_connection.pgconn.finish()
        with pytest.raises(OperationalError):
            direct.execute(session.connection(), "SELECT 1", ())
        session.rollback()
        assert session.scalar(select(literal(1))) == 1

    @pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
    def test_leaves_nobody_what_may_have_broken_off_together_with_it(self) -> None:
        session.remove()
        db.engine.dispose()
        with db.engine.connect() as broken, db.engine.connect() as other:
            before = other.connection.driver_connection
            broken.connection.driver_connection.pgconn.finish()
            with pytest.raises(OperationalError):
                direct.execute(broken, "SELECT 1", ())
        with db.engine.connect() as one, db.engine.connect() as two:
            after = {each.connection.driver_connection for each in (one, two)}
        assert before.closed and before not in after


class TestInOneGo:
    def test_sends_once_an_answer_is_wanted(self) -> None:
        with transaction(), in_one_go():
            add_entry("one")
            asked = entries.send({"kinds": values_of(["one"]), "since": NOW}, list)
            direct.execute(session.connection(), "DELETE FROM outbox_entries", ())
            assert len(asked.get()) == 1
            assert ask(["one"]) == []

    def test_keeps_the_order_of_what_the_session_does(self) -> None:
        with transaction(), in_one_go():
            add_entry("one")
            session.flush()
            direct.execute(session.connection(), "DELETE FROM outbox_entries", ())
            assert session.query(OutboxEntry).count() == 0
            add_entry("two")
            session.flush()
            direct.execute(session.connection(), "UPDATE outbox_entries SET attempts = 4", ())
        assert [(row[0], row[4]) for row in ask(["one", "two"])] == [("two", 4)]

    @pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
    def test_sends_nothing_more_where_something_failed(self) -> None:
        def fail() -> None:
            with in_one_go():
                direct.execute(session.connection(), "DELETE FROM counters", ())
                raise RuntimeError("it is not wanted any more")

        with transaction():
            with pytest.raises(RuntimeError):
                fail()
            assert session.query(Counter).count() > 0

    @pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
    def test_raises_what_everybody_else_raises(self, ada: Account) -> None:
        def break_it() -> None:
            with transaction(), in_one_go():
                direct.execute(session.connection(), "SELECT 1", ())
                direct.execute(session.connection(), TWICE, ())

        with pytest.raises(IntegrityError):
            break_it()
        assert session.scalar(select(literal(1))) == 1
