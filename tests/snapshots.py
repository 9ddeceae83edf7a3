"""Keeps how things stood, so that a test can begin at the same place many times."""

import sqlite3
from collections import Counter
from datetime import datetime

import sqlalchemy as sa

from app.foundation.database import Base, db, end_reading, session
from app.sandbox.storage import Storage

# Whoever is written first stands first.
TABLES = tuple(Base.metadata.sorted_tables)
OF_THE_SANDBOX = ("objects", "answers", "paypal_answers", "deliveries", "knobs")
# When a key was last used is noted beside a call: whoever dies just then has used it all the same.
NOTED_IN_PASSING = {"last_used_at"}
# What is made up anew each time, or says how often something was tried.
DIFFERENT = {
    "attempts",
    "checkout_url",
    "content_digest",
    "digest",
    "event_id",
    "last_error",
    "note",
    "provider_dispute",
    "provider_payment",
    "provider_reference",
    "provider_customer",
    "provider_refund",
    "provider_session",
    "reason",
    "transaction_id",
}
# Promises that are kept twice leave other traces than those that are kept once.
LEFT_OUT = {"outbox_entries"}
Rows = list[dict[str, object]]


class Snapshot:
    """Every row of our database and of the sandbox's."""

    def __init__(self, storage: Storage) -> None:
        end_reading()
        self._storage = storage
        with db.engine.connect() as connection:
            self._ours = {
                table: [dict(row) for row in connection.execute(sa.select(table)).mappings()]
                for table in TABLES
            }
        with storage.transaction() as connection:
            self._theirs = {
                name: [dict(row) for row in connection.execute(f"SELECT * FROM {name}")]
                for name in OF_THE_SANDBOX
            }

    def restore(self) -> None:
        """Put everything back."""
        session.rollback()
        session.expunge_all()
        with db.engine.begin() as connection:
            for table in reversed(TABLES):
                connection.execute(sa.delete(table))
            for table, rows in self._ours.items():
                for row in rows:
                    # A JSON column would take None for a null of its own.
                    given = {name: value for name, value in row.items() if value is not None}
                    connection.execute(sa.insert(table).values(given))
        with self._storage.transaction() as connection:
            for name in reversed(OF_THE_SANDBOX):
                connection.execute(f"DELETE FROM {name}")
            for name, rows in self._theirs.items():
                _insert(connection, name, rows)


def rows_by_what_they_say() -> Counter[str]:
    """Return every row of our database without its ids and moments, to be compared with others."""
    end_reading()
    said: Counter[str] = Counter()
    with db.engine.connect() as connection:
        for table in TABLES:
            if table.name not in LEFT_OUT:
                rows = connection.execute(sa.select(table)).mappings()
                said.update(_said(table, row) for row in rows)
    return said


def _said(table: sa.Table, row: sa.RowMapping) -> str:
    shown = (f"{column.name}={_shown(column, row[column.name])}" for column in table.columns)
    return f"{table.name}: {', '.join(shown)}"


def _shown(column: sa.Column, value: object) -> str:
    if column.name in NOTED_IN_PASSING:
        return "whenever"
    is_a_number_of_ours = isinstance(value, int) and (column.primary_key or column.foreign_keys)
    is_made_up = is_a_number_of_ours or column.unique or column.name in DIFFERENT
    if value is not None and (is_made_up or isinstance(value, dict | list | bytes | datetime)):
        return "there"
    return repr(value)


def _insert(connection: sqlite3.Connection, name: str, rows: Rows) -> None:
    for row in rows:
        places = ", ".join("?" * len(row))
        statement = f"INSERT INTO {name} ({', '.join(row)}) VALUES ({places})"
        connection.execute(statement, list(row.values()))
