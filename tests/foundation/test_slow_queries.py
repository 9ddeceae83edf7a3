"""Slow statements are in the log with their text, and without what went along."""

import logging

import pytest
import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.foundation.database import db, session
from tests.databases import settings_for

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


def test_errors_do_not_repeat_what_went_along(app: Flask) -> None:
    with pytest.raises(sa.exc.SQLAlchemyError) as failed:
        session.execute(sa.text("SELECT :it FROM where_at_all"), {"it": "a-secret"})
    session.rollback()
    assert "a-secret" not in str(failed.value)
