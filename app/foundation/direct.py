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
    Engine,
    SelectBase,
    Text,
    any_,
    bindparam,
    column,
    event,
    func,
    select,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.visitors import cloned_traverse
from sqlalchemy.types import NullType, TypeEngine

from app.foundation import postgresql, slow_queries
from app.foundation.database import bound_to, connection, is_in_transaction, send_changes
from app.foundation.literals import array_literal
from app.foundation.statements import Row, Statement

V = TypeVar("V")
Write = Callable[[Any], Any]
Build = Callable[[], SelectBase]
Given = Mapping[str, object]
CONSTANTS_WRITTEN = {"render_postcompile": True}
# Of a statement that has no name, its beginning says what it is.
NAME_LENGTH = 40

# What is to be sent in one go, by name, while it is being gathered.
_gathered: ContextVar[list[tuple[str, Statement]] | None] = ContextVar("gathered", default=None)


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
        send_changes()
        current = connection()
        dialect = current.dialect
        words = self._words.get(dialect.name)
        if words is None:
            words = self._words[dialect.name] = _words(self._build(), dialect)
        values = [give(given) for give in words.given]
        sent = execute(current, words.text, values, named=self._name)
        return Awaited(sent, words, read)


class Awaited(Generic[V]):
    """An answer that may still be under way."""

    def __init__(
        self, sent: Statement, words: "_Words", read: Callable[[Iterable[Row]], V]
    ) -> None:
        self._sent = sent
        self._words = words
        self._read = read

    def get(self) -> V:
        """Return the answer."""
        rows = done(self._sent).rows
        return self._read(rows if self._words.read is None else map(self._words.read, rows))


@contextmanager
def in_one_go() -> Iterator[None]:
    """Gather what is asked and written inside, and send it once an answer is wanted, or at the end.

    All is done in its order, also what the session is asked meanwhile. SQLite has nobody to wait
    for.
    """
    if _gathered.get() is not None or not on_postgresql():
        # Inside what goes in one go already there is nothing to add.
        yield
        return
    gathering = _gathered.set([])
    try:
        yield
        send_gathered()
    finally:
        _gathered.reset(gathering)


def send_gathered() -> None:
    """Send what is gathered so far, before anything that must come after it."""
    if gathered := _gathered.get():
        together, names = [each for _, each in gathered], [name for name, _ in gathered]
        gathered.clear()
        current = connection()
        with slow_queries.timed_together(current.engine, names):
            _exchange(current, together)


@event.listens_for(Engine, "before_cursor_execute")
def _send_what_came_before(_connection: Connection, cursor: object, *_given: object) -> None:
    # Our own statements have no cursor, and keep their order by themselves.
    if cursor is not None:
        send_gathered()


def execute(
    connection: Connection,
    words: str,
    given: Sequence[object],
    *,
    is_many: bool = False,
    named: str = "",
) -> Statement:
    """Have a statement executed, or gathered; with many, which only SQLite takes, for each.

    Raises SQLAlchemy's errors.
    """
    statement = Statement(words, given)
    events = cast(Any, connection).dispatch
    # What listeners keep of a statement, they keep on this.
    context = SimpleNamespace()
    for listener in events.before_cursor_execute:
        listener(connection, None, words, given, context, is_many)
    gathered = _gathered.get()
    if gathered is not None:
        gathered.append((named or words[:NAME_LENGTH], statement))
    elif connection.dialect.name == "postgresql":
        _exchange(connection, [statement])
    else:
        _execute_here(connection, statement, is_many=is_many)
    for listener in events.after_cursor_execute:
        listener(connection, None, words, given, context, is_many)
    return statement


def done(statement: Statement) -> Statement:
    """Return the statement once it is done, with its rows and their number."""
    if not statement.is_done:
        send_gathered()
    return statement


def _exchange(connection: Connection, statements: Sequence[Statement]) -> None:
    driver = connection.connection.driver_connection
    assert postgresql.is_ours(driver), "only PostgreSQL takes several at once"
    try:
        # Whoever only reads would have to end what he has begun: once more there and back.
        postgresql.exchange(driver, statements, begins=is_in_transaction())
    except connection.dialect.loaded_dbapi.Error as error:
        words = statements[0].words if len(statements) == 1 else "several statements in one go"
        raise as_sqlalchemy_says(connection, words, error) from error


def _execute_here(connection: Connection, statement: Statement, *, is_many: bool) -> None:
    try:
        cursor: Any = connection.connection.cursor()
        if is_many:
            cursor.executemany(statement.words, statement.given)
        else:
            cursor.execute(statement.words, statement.given)
        statement.rows, statement.rowcount = cursor.fetchall(), cursor.rowcount
        statement.is_done = True
    except connection.dialect.loaded_dbapi.Error as error:
        raise as_sqlalchemy_says(connection, statement.words, error) from error


def as_sqlalchemy_says(connection: Connection, words: str, error: Exception) -> DBAPIError:
    """Return the driver's error in the words in which everybody else expects to hear of it."""
    dialect = connection.dialect
    driver: Any = connection.connection.driver_connection
    if dialect.is_disconnect(cast(Any, error), driver, None):
        # Else the pool would give it to the next one, and what broke off together with it to the
        # one after. SQLAlchemy does both for its own statements, and says the second to nobody.
        connection.engine.pool._invalidate(connection.connection, error)
        connection.invalidate(error)
    if postgresql.is_read_only(error):
        return OperationalError(words, None, error)
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
    # What never changes stands in the words: a plan that is kept may go by it, and only then
    # does it find the indexes of a part of the rows.
    written = cloned_traverse(question, {}, {"bindparam": _write_constant})
    compiled: Any = written.compile(dialect=by_position, compile_kwargs=CONSTANTS_WRITTEN)
    # Some constants are the dialect's own, and come with the values.
    constants = compiled.params
    given = [
        _giving(name, compiled.binds[name].type, constants.get(name), dialect)
        for name in compiled.positiontup
    ]
    readers = [_reader(each.type, dialect) for each in question.selected_columns]
    return _Words(compiled.string, given, _reading(readers) if any(readers) else None)


def _write_constant(parameter: BindParameter[Any]) -> None:
    # To what has no name of ours, nobody can give another value; to all else it comes later.
    parameter.literal_execute = parameter.unique
    parameter.required = False


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
