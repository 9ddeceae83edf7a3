"""What only PostgreSQL's driver can do, past SQLAlchemy."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any, TypeGuard

import psycopg
from psycopg.errors import UniqueViolation
from psycopg.pq import ExecStatus


def is_ours(connection: object) -> TypeGuard["psycopg.Connection[Any]"]:
    """Tell whether a driver's connection is one to PostgreSQL."""
    return isinstance(connection, psycopg.Connection)


def is_alive(connection: "psycopg.Connection[Any]") -> bool:
    """Ask whether the server is still there; no transaction begins by that."""
    return connection.pgconn.exec_(b"SELECT 1").status == ExecStatus.TUPLES_OK


def in_pipeline(connection: "psycopg.Connection[Any]") -> AbstractContextManager[object]:
    """Send what is executed inside without waiting for the answers in between."""
    return connection.pipeline()


def copy_in(
    connection: "psycopg.Connection[Any]",
    statement: str,
    parts: Iterable[bytes],
    *,
    meanwhile: Callable[[], None],
) -> bool:
    """Copy rows into a table; false if one is there already. Raises the driver's other errors.

    What is to be done `meanwhile` is done while the database reads the last of them.
    """
    with connection.cursor() as cursor:
        try:
            with cursor.copy(statement) as copy:
                for part in parts:
                    copy.write(part)
                meanwhile()
        except UniqueViolation:
            return False
    return True
