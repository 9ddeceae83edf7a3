"""No test waits for the disk, but where it asks for the real thing."""

from flask import Flask
from sqlalchemy import text

from app.foundation.database import db
from tests.databases import on_sqlite
from tests.quick_commits import committing_as_served

OFF, FULL = 0, 2


def asked() -> int:
    """Ask a connection that nobody has used."""
    db.engine.dispose()
    with db.engine.connect() as connection:
        return connection.execute(text("PRAGMA synchronous")).scalar_one()


@on_sqlite
def test_asks_for_the_real_thing(app: Flask) -> None:
    assert asked() == OFF
    with committing_as_served():
        assert asked() == FULL
    assert asked() == OFF
