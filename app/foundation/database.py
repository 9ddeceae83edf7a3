"""The database, and the one place where work becomes permanent.

SQLite and PostgreSQL answer alike: foreign keys are checked, moments come back in UTC, and a
transaction that writes waits for its turn before it reads anything.
"""

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    JSON,
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Integer,
    MetaData,
    Text,
    event,
    inspect,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Engine
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.exc import InvalidatePoolError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Mapper, ORMExecuteState, registry
from sqlalchemy.pool import ConnectionPoolEntry, Pool, PoolProxiedConnection
from sqlalchemy.types import TypeDecorator

from app.foundation import postgresql

BUSY_TIMEOUT_MS = 30_000
# With the default of 1,000 pages a checkpoint stalls some post for 30–60 ms every few batches.
CHECKPOINT_PAGES = 20_000
# A connection that was used within the last second is believed to live.
RESTED_NS = 1_000_000_000
RETURNED_AT = "returned_at"
# Figures for those who look after us are counted no further: more says nothing more.
COUNTED_MAX = 10_000


class UTCDateTime(TypeDecorator[datetime]):
    """A moment in time; refuses naive datetimes on the way in."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store the moment in UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime")
        return value if value.tzinfo is UTC else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the moment in UTC."""
        if value is None or value.tzinfo is UTC:
            return value
        # SQLite hands back naive values; everything stored is UTC.
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


CONSTRAINT_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

# SQLite numbers rows by itself only in a column that is called INTEGER; there it has 64 bits too.
Whole = BigInteger().with_variant(Integer(), "sqlite")
Json = JSON().with_variant(JSONB(), "postgresql")


class Base(DeclarativeBase):
    """Every table inherits from here."""

    # Flask-SQLAlchemy derives db.Model from this class, so both maps live on the registry.
    registry = registry(
        type_annotation_map={
            datetime: UTCDateTime,
            int: Whole,
            str: Text,
            dict[str, object]: Json,
            list[str]: Json,
            list[int]: Json,
        },
        metadata=MetaData(naming_convention=CONSTRAINT_NAMES),
    )


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})
session = db.session

_writing: ContextVar[bool] = ContextVar("writing", default=False)
# The connection of the transaction that is under way, once it has been asked for.
_connection: ContextVar[Connection | None] = ContextVar("connection", default=None)
_writer_lock: ContextVar[int | None] = ContextVar("writer_lock", default=None)


@contextmanager
def transaction() -> Iterator[None]:
    """Make everything inside permanent together, or not at all."""
    assert not _writing.get(), "a transaction inside a transaction"
    end_reading()
    _read_anew()
    writing, connected = _writing.set(True), _connection.set(None)
    try:
        yield
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        _connection.reset(connected)
        _writing.reset(writing)
        _leave_writer_queue()


def _read_anew() -> None:
    """Let every object be read anew: what was read before may have changed since."""
    for known in session:
        session.expire(known, _may_change(inspect(known).mapper))


@cache
def _may_change(mapper: Mapper[Base]) -> tuple[str, ...]:
    # What a row is called does not change; to read it only for that would be a question more.
    keys = {mapper.get_property_by_column(each).key for each in mapper.primary_key}
    return tuple(each.key for each in mapper.attrs if each.key not in keys)


def is_in_transaction() -> bool:
    """Tell whether what is done now becomes permanent with a transaction that is under way."""
    return _writing.get()


def connection() -> Connection:
    """Return the session's connection, on which its transaction is under way.

    Inside `transaction()` it stays the same; to look it up each time took a tenth of a post.
    """
    known = _connection.get()
    if known is None:
        known = session.connection()
        if _writing.get():
            _connection.set(known)
    return known


@contextmanager
def reading_at_once() -> Iterator[None]:
    """Let what is put to the driver be read on a connection of its own, without a session.

    A session takes longer to begin and to end than most of what is read takes.
    """
    assert not _writing.get(), "what a transaction has written is seen in it alone"
    with db.engine.connect() as connected:
        before = _connection.set(connected)
        try:
            yield
        finally:
            _connection.reset(before)


def bound_to() -> Engine:
    """Return which database is spoken to."""
    known = _connection.get()
    return db.engine if known is None else known.engine


def send_changes() -> None:
    """Have what objects were changed to written, if there are any objects."""
    if session.registry.has():
        session.flush()


def end_reading() -> None:
    """Let go of the snapshot, and the connection, that earlier reads of this request hold."""
    assert not _writing.get(), "reading does not end inside a transaction"
    if not session.registry.has():
        return
    current = session()
    # Whoever reads or changes anything begins a transaction by it.
    if not current.in_transaction():
        return
    # SQLite cannot turn a reading transaction into a writing one once somebody else has written.
    unwritten = [*current.new, *current.dirty, *current.deleted]
    assert not unwritten, "changes outside a transaction"
    current.commit()


@event.listens_for(session, "do_orm_execute")
def _read_what_is_locked(execution: ORMExecuteState) -> None:
    # An object that is known already would keep the values from before the lock was ours.
    if execution.is_select and getattr(execution.statement, "_for_update_arg", None) is not None:
        execution.update_execution_options(populate_existing=True)


@event.listens_for(Pool, "checkin")
def _note_return(connection: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
    entry.info[RETURNED_AT] = time.monotonic_ns()


@event.listens_for(Pool, "checkout")
def _look_whether_it_lives(
    connection: DBAPIConnection, entry: ConnectionPoolEntry, _fairy: PoolProxiedConnection
) -> None:
    """Let the pool replace a connection that has broken off while nobody used it."""
    # Asked each time, it would be one question more for every request; whoever comes within the
    # second in which it broke off is told that the store is away, and comes again.
    rested_ns = time.monotonic_ns() - entry.info.get(RETURNED_AT, 0)
    if rested_ns < RESTED_NS or not postgresql.is_ours(connection):
        return
    if not postgresql.is_alive(connection):
        # What ended one of them most likely ended all: each is opened anew before it is lent.
        raise InvalidatePoolError("the connection has broken off")


@event.listens_for(Engine, "connect")
def _prepare(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
    if isinstance(connection, sqlite3.Connection):
        _prepare_sqlite(connection)
        return
    if postgresql.is_ours(connection):
        # The driver would drop all that is prepared whenever something is rolled back.
        connection.prepare_threshold = None
    # In whatever zone the server stands, moments arrive in UTC: none has to be moved there.
    cursor = connection.cursor()
    cursor.execute("SET TIME ZONE 'UTC'")
    cursor.close()
    connection.commit()


def _prepare_sqlite(connection: sqlite3.Connection) -> None:
    # We say BEGIN ourselves, below: the driver's own would come too late to lock anything.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")


@event.listens_for(Engine, "handle_error", retval=True)
def _say_that_nothing_can_be_written(context: ExceptionContext) -> BaseException | None:
    """Let a server that only reads, as after a failover, be heard of as one that is away."""
    error = context.original_exception
    if not postgresql.is_read_only(error):
        return None
    # Without what was to be written: that is nobody's who reads logs.
    return OperationalError(context.statement, None, error)


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    if _writing.get():
        _enter_writer_queue(connection.engine.url.database)
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql("BEGIN")


def _enter_writer_queue(database: str | None) -> None:
    """Wait in the kernel's queue for the one writer's place of a SQLite file."""
    # Processes that only rely on the busy timeout poll past each other: the slowest waited
    # 500 ms at the median load where a queue keeps everyone under 40.
    if not database or database == ":memory:" or _writer_lock.get() is not None:
        return
    descriptor = os.open(f"{database}-writer", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    _writer_lock.set(descriptor)


def _leave_writer_queue() -> None:
    descriptor = _writer_lock.get()
    if descriptor is not None:
        _writer_lock.set(None)
        os.close(descriptor)
