"""What the database alone can do: the very rows that were posted, put back without us."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from app.domain.usage.models import BillingRecord
from app.foundation.database import db, session
from app.foundation.literals import array_literal

WRITERS = 4
SINGLES = 4_000
COLUMNS = BillingRecord.__table__.columns
NAMES = ", ".join(column.name for column in COLUMNS)
INSERT_ONE = (
    f"INSERT INTO billing_records ({NAMES}) VALUES ({', '.join('%s' for _column in COLUMNS)})"
)
ARRAYS = ", ".join(
    f"CAST(%s AS {column.type.compile(postgresql.dialect())}[])" for column in COLUMNS
)
INSERT_SET = f"INSERT INTO billing_records ({NAMES}) SELECT * FROM unnest({ARRAYS})"
Write = Callable[[Any, Any], None]


class PostedRows:
    """The rows that were posted, taken out of their table to be put back in other ways.

    Everything is written into the database's own words before the time is taken.
    """

    def __init__(self) -> None:
        session.rollback()
        with _cursor(db.engine) as cursor:
            ordered = f"SELECT {NAMES} FROM billing_records ORDER BY id"
            with cursor.copy(f"COPY ({ordered}) TO STDOUT") as copied:
                lines = b"".join(bytes(block) for block in copied)
            self.lines = lines.splitlines(keepends=True)
            self.rows = cursor.execute(ordered).fetchall()

    def copied_per_second(self, size: int) -> float:
        """Copy them back on one connection, a durable commit for each batch."""
        batches = [b"".join(lines) for lines in _batches(self.lines, size)]
        seconds = _seconds([batches], _copy)
        with _cursor(db.engine) as cursor:
            # The table was empty for a moment; nobody shall go by that.
            cursor.execute("ANALYZE billing_records")
            cursor.connection.commit()
        return len(self.lines) / seconds

    def inserted_per_second(self, size: int) -> float:
        """Insert them back in sets by several writers, a durable commit for each batch."""
        batches = [
            [array_literal(column) for column in zip(*rows, strict=True)]
            for rows in _batches(self.rows, size)
        ]
        return len(self.rows) / _seconds(_dealt(batches), _insert_set)

    def inserted_alone_per_second(self) -> float:
        """Insert some of them back one by one by several writers, a durable commit for each."""
        rows = self.rows[:SINGLES]
        return len(rows) / _seconds(_dealt(rows), _insert_one)


def _seconds(work: Sequence[Sequence[Any]], write: Write) -> float:
    with _cursor(db.engine) as cursor:
        cursor.execute("TRUNCATE billing_records, usage_corrections")
        cursor.connection.commit()
    with ThreadPoolExecutor(len(work)) as pool:
        started = time.perf_counter()
        list(pool.map(partial(_written, db.engine, write), work))
        return time.perf_counter() - started


def _written(engine: sa.Engine, write: Write, batches: Sequence[Any]) -> None:
    with _cursor(engine) as cursor:
        for batch in batches:
            write(cursor, batch)
            cursor.connection.commit()


@contextmanager
def _cursor(engine: sa.Engine) -> Iterator[Any]:
    """Give the driver's own cursor, on a connection of its own."""
    connection = engine.raw_connection()
    # Our own statements are prepared by ourselves, and the driver is told to leave that to us.
    driver: Any = connection.driver_connection
    driver.prepare_threshold = 0
    try:
        yield connection.cursor()
    finally:
        connection.close()


def _copy(cursor: Any, lines: bytes) -> None:
    with cursor.copy(f"COPY billing_records ({NAMES}) FROM STDIN") as copying:
        copying.write(lines)


def _insert_set(cursor: Any, columns: Sequence[str]) -> None:
    cursor.execute(INSERT_SET, columns)


def _insert_one(cursor: Any, row: Sequence[object]) -> None:
    cursor.execute(INSERT_ONE, row)


def _batches(rows: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _dealt(batches: Sequence[Any]) -> list[Sequence[Any]]:
    return [batches[writer::WRITERS] for writer in range(WRITERS)]
