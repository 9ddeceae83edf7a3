"""Commits that no power cut has to survive; what those of customers survive is tested elsewhere.

PostgreSQL is told so by the settings of our own server. SQLite waited for the disk a dozen times in
each test.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry


def commit_quickly() -> None:
    """Let no connection of this process to SQLite wait for the disk."""
    event.listen(Engine, "connect", _hurry)


@contextmanager
def committing_as_served() -> Iterator[None]:
    """Let connections that are made meanwhile wait for the disk, as those of customers do."""
    event.remove(Engine, "connect", _hurry)
    try:
        yield
    finally:
        commit_quickly()


def _hurry(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = OFF")
