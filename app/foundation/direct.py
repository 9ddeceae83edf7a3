"""Statements that are put to the driver itself, where hundreds are sent in a second.

SQLAlchemy takes five times as much of the processor for a statement as the driver does, and ten
times as much where it is built anew each time. So what is asked all the time is put into words
once for each kind of database. Everything else stays as it is: the session's connection and
transaction, the events of its engine, and SQLAlchemy's errors.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Dialect,
    SelectBase,
    Text,
    any_,
    bindparam,
    column,
    func,
    select,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import NullType, TypeEngine

from app.foundation import postgresql, slow_queries
from app.foundation.database import bound_to, connection, session
from app.foundation.literals import array_literal

V = TypeVar("V")
Write = Callable[[Any], Any]
Build = Callable[[], SelectBase]
Given = Mapping[str, object]
Row = tuple[Any, ...]
# Of a statement that has no name, its beginning says what it is.
NAME_LENGTH = 40

# What is sent in one go, by name, while it is being sent.
_sent: ContextVar[list[str] | None] = ContextVar("sent", default=None)


def on_postgresql() -> bool:
    """Tell which of the two databases is asked."""
    return bound_to().dialect.name == "postgresql"


def among(asked: InstrumentedAttribute[V] | ColumnElement[V], name: str) -> ColumnElement[bool]:
    """Return the condition that a column holds one of the values of a question's parameter."""
    if on_postgresql():
        return in_array(asked, bindparam(name, type_=NullType()))
    listed = func.json_each(bindparam(name, type_=Text())).table_valued(column("value"))
    return asked.in_(select(listed.c.value))


def in_array(
    asked: InstrumentedAttribute[V] | ColumnElement[V], array: BindParameter[Any]
) -> ColumnElement[bool]:
    """Return the condition that a column holds one of the values of PostgreSQL's array."""
    # It gets no type but the array's: a text that is cast is no constant to the planner,
    # and where it reads a whole table it would compare each row with each value.
    return asked == any_(sql_cast(array, ARRAY(asked.type)))


def values_of(given: Collection[object]) -> str:
    """Return values as `among` takes them."""
    return array_literal(given) if on_postgresql() else json.dumps(list(given))


class Question:
    """A question that is asked all the time, put into words once for each kind of database.

    Its parameters are `bindparam`s, or named with `among`.
    """

    def __init__(self, build: Build) -> None:
        self._build = build
        self._name = build.__name__.strip("_")
        self._words: dict[str, _Words] = {}

    def ask(self, given: Given) -> list[Row]:
        """Return the rows that answer the question, asked with these values."""
        return self.send(given, list).get()

    def send(self, given: Given, read: Callable[[Iterable[Row]], V]) -> "Awaited[V]":
        """Ask the question, and return what is to be read from its rows once they are needed."""
        session.flush()
        current = connection()
        dialect = current.dialect
        words = self._words.get(dialect.name)
        if words is None:
            words = self._words[dialect.name] = _words(self._build(), dialect)
        values = [give(given) for give in words.given]
        cursor = execute(current, words.text, values, named=self._name)
        return Awaited(current, cursor, words, read)


class Awaited(Generic[V]):
    """An answer that may still be under way."""

    def __init__(
        self,
        connection: Connection,
        cursor: Any,
        words: "_Words",
        read: Callable[[Iterable[Row]], V],
    ) -> None:
        self._connection = connection
        self._cursor = cursor
        self._words = words
        self._read = read

    def get(self) -> V:
        """Return the answer; only the first time."""
        try:
            rows = cast("list[Row]", self._cursor.fetchall())
        except self._connection.dialect.loaded_dbapi.Error as error:
            raise as_sqlalchemy_says(self._connection, self._words.text, error) from error
        return self._read(rows if self._words.read is None else map(self._words.read, rows))


@contextmanager
def in_one_go() -> Iterator[None]:
    """Send all that is asked and written inside without waiting for the answers in between.

    They are done in their order. Nothing that is sent inside may depend on an answer, and what an
    answer or a number of rows is may only be asked afterwards. SQLite has nobody to wait for.
    """
    current = connection()
    driver = current.connection.driver_connection
    # Inside what goes in one go already there is nothing to add.
    if _sent.get() is not None or not postgresql.is_ours(driver):
        yield
        return
    sent: list[str] = []
    sending = _sent.set(sent)
    try:
        with slow_queries.timed_together(current.engine, sent), postgresql.in_pipeline(driver):
            yield
    except current.dialect.loaded_dbapi.Error as error:
        raise as_sqlalchemy_says(current, "several statements in one go", error) from error
    finally:
        _sent.reset(sending)


def execute(
    connection: Connection,
    words: str,
    given: Sequence[object],
    *,
    is_many: bool = False,
    named: str = "",
) -> Any:
    """Have a statement executed, and return the driver's cursor; with many, for each of `given`.

    Raises SQLAlchemy's errors.
    """
    sent = _sent.get()
    if sent is not None:
        sent.append(named or words[:NAME_LENGTH])
    events = cast(Any, connection).dispatch
    # What listeners keep of a statement, they keep on this.
    context = SimpleNamespace()
    try:
        cursor: Any = connection.connection.cursor()
        for listener in events.before_cursor_execute:
            listener(connection, cursor, words, given, context, is_many)
        if is_many:
            cursor.executemany(words, given)
        else:
            cursor.execute(words, given)
    except connection.dialect.loaded_dbapi.Error as error:
        raise as_sqlalchemy_says(connection, words, error) from error
    for listener in events.after_cursor_execute:
        listener(connection, cursor, words, given, context, is_many)
    return cursor


def as_sqlalchemy_says(connection: Connection, words: str, error: Exception) -> DBAPIError:
    """Return the driver's error in the words in which everybody else expects to hear of it."""
    dialect = connection.dialect
    driver: Any = connection.connection.driver_connection
    if dialect.is_disconnect(cast(Any, error), driver, None):
        # Else the pool would give it to the next one.
        connection.invalidate(error)
    base = cast("type[Exception]", dialect.loaded_dbapi.Error)
    return cast(DBAPIError, DBAPIError.instance(words, None, error, base, dialect=dialect))


@dataclass(frozen=True, slots=True)
class _Words:
    """A question as one kind of database hears it."""

    text: str
    # How each of its values is found among what is given, in their order.
    given: Sequence[Callable[[Given], object]]
    # How a row of the driver's is read; nothing where it need not be.
    read: Callable[[Row], Row] | None


def _words(question: SelectBase, dialect: Dialect) -> _Words:
    # The driver takes values by position in half the time that it takes them by name.
    by_position = cast(Any, type(dialect))(
        paramstyle="format" if dialect.name == "postgresql" else "qmark"
    )
    compiled: Any = question.compile(dialect=by_position)
    constants = compiled.params
    given = [
        _giving(name, compiled.binds[name].type, constants.get(name), dialect)
        for name in compiled.positiontup
    ]
    readers = [_reader(each.type, dialect) for each in question.selected_columns]
    return _Words(compiled.string, given, _reading(readers) if any(readers) else None)


def _giving(
    name: str, kind: TypeEngine[Any], constant: object, dialect: Dialect
) -> Callable[[Given], object]:
    write = kind.dialect_impl(dialect).bind_processor(dialect) or _as_it_is

    def give(given: Given) -> object:
        return write(given.get(name, constant))

    return give


def _as_it_is(value: object) -> object:
    return value


def _reader(kind: TypeEngine[Any], dialect: Dialect) -> Write | None:
    return kind.dialect_impl(dialect).result_processor(dialect, None)


def _reading(
    readers: Sequence[Write | None],
) -> Callable[[Row], Row]:
    places = [(place, read) for place, read in enumerate(readers) if read is not None]

    def read_row(row: Row) -> Row:
        values = list(row)
        for place, read in places:
            values[place] = read(values[place])
        return tuple(values)

    return read_row
