"""Slow statements are in the log with their text, and without what went along."""

import logging

import pytest
import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.domain.accounts.models import Counter
from app.foundation import direct
from app.foundation.bulk import COPY_FROM, insert_new_tuples
from app.foundation.database import db, session
from app.foundation.direct import Question, in_one_go
from tests.databases import on_postgresql, settings_for

SLOW_MS = 300


@pytest.fixture
def app(database_url: str, tmp_path):
    """An app that finds a third of a second slow."""
    settings = settings_for(database_url, tmp_path / "instance", SLOW_QUERY_MS=str(SLOW_MS))
    app = create_app(settings, TESTING=True)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def slow_statement(milliseconds: int) -> sa.TextClause:
    """Return a statement that takes about so long, on either database."""
    if db.engine.dialect.name == "postgresql":
        return sa.text(f"SELECT pg_sleep({milliseconds} / 1000.0), CAST(:it AS text)")
    rows = milliseconds * 20_000
    return sa.text(
        f"""WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT {rows})
        SELECT count(*), :it FROM n"""
    )


def logged(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == "app.foundation.slow_queries"]


class TestWatch:
    def test_logs_what_takes_long(self, app: Flask, caplog: pytest.LogCaptureFixture) -> None:
        session.execute(slow_statement(2 * SLOW_MS), {"it": "a-secret"})
        (record,) = logged(caplog)
        assert record.levelname == "WARNING"
        assert record.fields["ms"] > SLOW_MS
        assert record.fields["statement"].split()[0] in ("SELECT", "WITH")
        assert "\n" not in record.getMessage() and "a-secret" not in caplog.text

    def test_is_silent_otherwise(self, app: Flask, caplog: pytest.LogCaptureFixture) -> None:
        session.execute(sa.text("SELECT 1"))
        assert logged(caplog) == []

    def test_is_silent_of_what_fails(self, app: Flask, caplog: pytest.LogCaptureFixture) -> None:
        with pytest.raises(sa.exc.SQLAlchemyError):
            session.execute(sa.text("SELECT no FROM where_at_all"))
        session.rollback()
        assert logged(caplog) == []

    def test_shows_so_much_of_a_statement(self, app, caplog: pytest.LogCaptureFixture) -> None:
        columns = ", ".join(f"{number} AS a_long_name_of_column_{number}" for number in range(200))
        slow = slow_statement(2 * SLOW_MS).text
        long = f"SELECT {columns}, it.* FROM ({slow.replace(':it', '1')}) AS it (a, b)"
        if db.engine.dialect.name == "sqlite":
            long = slow.replace("SELECT count", f"SELECT {columns}, count").replace(":it", "1")
        session.execute(sa.text(long))
        (record,) = logged(caplog)
        assert len(record.fields["statement"]) == 2_000


@Question
def sleeping() -> sa.SelectBase:
    return sa.select(sa.literal_column(f"1 FROM pg_sleep({SLOW_MS / 2_000 + 0.1})"))


@on_postgresql
class TestTimedTogether:
    def test_logs_what_takes_long_in_one_go(self, app, caplog: pytest.LogCaptureFixture) -> None:
        with in_one_go():
            direct.execute(session.connection(), "SET LOCAL lock_timeout = 5000", ())
            answers = [sleeping.send({}, list) for _ in range(2)]
        assert [answer.get() for answer in answers] == [[(1,)], [(1,)]]
        # Neither of them would be slow alone, and none has a time of its own.
        (record,) = logged(caplog)
        assert record.fields["ms"] > SLOW_MS
        names = "SET LOCAL lock_timeout = 5000, sleeping, sleeping"
        assert record.fields["statement"] == f"in one go: {names}"

    def test_is_silent_otherwise(self, app: Flask, caplog: pytest.LogCaptureFixture) -> None:
        with in_one_go():
            direct.execute(session.connection(), "SELECT 1", ())
        assert logged(caplog) == []

    def test_logs_rows_that_are_copied(self, app, caplog: pytest.LogCaptureFixture) -> None:
        session.execute(sa.text("CREATE TEMPORARY TABLE counters (name text, value bigint)"))
        session.execute(
            sa.text(
                "CREATE FUNCTION pg_temp.wait() RETURNS trigger LANGUAGE plpgsql AS"
                f" 'BEGIN PERFORM pg_sleep({2 * SLOW_MS / 1_000}); RETURN NULL; END'"
            )
        )
        session.execute(
            sa.text("CREATE TRIGGER slow AFTER INSERT ON counters EXECUTE FUNCTION pg_temp.wait()")
        )
        inserted = insert_new_tuples(
            Counter,
            [(f"row-{number}", number) for number in range(COPY_FROM)],
            columns=("name", "value"),
            key="name",
            meanwhile=list,
        )
        (record,) = logged(caplog)
        assert inserted and record.fields["ms"] > SLOW_MS
        assert record.fields["statement"].startswith("in one go: COPY counters (name, value)")
        session.rollback()


def test_errors_do_not_repeat_what_went_along(app: Flask) -> None:
    with pytest.raises(sa.exc.SQLAlchemyError) as failed:
        session.execute(sa.text("SELECT :it FROM where_at_all"), {"it": "a-secret"})
    session.rollback()
    assert "a-secret" not in str(failed.value)
