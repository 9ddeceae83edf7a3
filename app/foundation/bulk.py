"""Set-based statements for both databases: one statement, however many rows.

PostgreSQL takes the rows as one array a column, or many new ones by COPY; SQLite takes one prepared
statement that is run over them. Rows are sorted by key first, so that two writers never wait for
each other in a circle.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any, TypeVar, cast

from sqlalchemy import ColumnElement, Table, bindparam
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.dialects.sqlite import pysqlite
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import NullType, TypeEngine

from app.foundation import postgresql, slow_queries
from app.foundation.database import Base, connection
from app.foundation.direct import (
    as_sqlalchemy_says,
    execute,
    in_array,
    in_one_go,
    on_postgresql,
    send_gathered,
)
from app.foundation.literals import COPY_OPTIONS, array_literal, copy_lines
from app.foundation.writes import NOTHING, Write, do_together

Row = Mapping[str, object]
# Below this many rows COPY's two extra round trips cost more than reading arrays.
COPY_FROM = 20
COPIED_AT_ONCE = 250
V = TypeVar("V")
POSTGRESQL = psycopg.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy left it untyped
SQLITE = pysqlite.dialect()


def any_of(column: InstrumentedAttribute[V], values: Collection[V]) -> ColumnElement[bool]:
    """Return the condition that the column holds one of the values."""
    if on_postgresql():
        # One array parameter: the statement stays the same, and prepared, for any number of them.
        return in_array(column, bindparam(None, array_literal(values), NullType()))
    return column.in_(list(values))


def insert_rows(model: type[Base], rows: Sequence[Row], *, unless_known: str = "") -> int:
    """Insert the rows and return how many went in.

    With `unless_known`, rows whose value of that unique column stands already are left out.
    """
    return inserting(model, rows, unless_known=unless_known).do()


def inserting(model: type[Base], rows: Sequence[Row], *, unless_known: str = "") -> Write:
    """Prepare what insert_rows does."""
    if not rows:
        return NOTHING
    ordered = sorted(rows, key=itemgetter(unless_known)) if unless_known else rows
    shape = _shape(model, rows)
    return Write(_insert(shape, unless_known), _given(shape, [tuple(r.values()) for r in ordered]))


def insert_new_tuples(
    model: type[Base],
    rows: Sequence[tuple[object, ...]],
    *,
    columns: tuple[str, ...],
    key: str,
    meanwhile: Callable[[], Sequence[Write]],
) -> bool:
    """Insert all rows, or none and return false if one's value of that unique column is taken.

    What is to be done `meanwhile` is done while the database reads; it must not ask it anything.
    The writes that it returns are done with the rows, and undone with them.
    """
    ordered = sorted(rows, key=itemgetter(columns.index(key)))
    shape = _Shape(cast(Table, model.__table__), columns, on_postgresql())
    current = connection()
    if shape.on_postgresql and len(ordered) >= COPY_FROM:
        execute(current, "SAVEPOINT new_rows", ())
        writes: list[Write] = []
        inserted = _copied(shape, ordered, meanwhile=lambda: writes.extend(meanwhile()))
        if inserted:
            do_together(writes)
    else:
        writes = [Write(_insert(shape, key), _given(shape, ordered)), *meanwhile()]
        with in_one_go():
            execute(current, "SAVEPOINT new_rows", ())
            touched = do_together(writes)
        inserted = touched() == len(ordered)
    # The savepoint ends with the transaction: to release it would be one question more.
    if not inserted:
        execute(current, "ROLLBACK TO SAVEPOINT new_rows", ())
    return inserted


def add_to_rows(model: type[Base], rows: Sequence[Row], *, keys: tuple[str, ...]) -> None:
    """Add the rows' other columns to the rows of the same keys, or insert what is new.

    No two of the rows may have the same keys: PostgreSQL refuses to add to a row twice.
    """
    if rows:
        names = (*keys, *(name for name in rows[0] if name not in keys))
        added = [itemgetter(*names)(row) for row in rows]
        adding(model, added, columns=names, keys=keys).do()


def adding(
    model: type[Base],
    rows: Sequence[tuple[object, ...]],
    *,
    columns: tuple[str, ...],
    keys: tuple[str, ...],
) -> Write:
    """Prepare what add_to_rows does, for rows without names, whose first columns are the keys."""
    assert columns[: len(keys)] == keys, "the keys come first"
    shape = _Shape(cast(Table, model.__table__), columns, on_postgresql())
    # The keys differ, so the order is theirs.
    return Write(_add(shape, keys), _given(shape, sorted(cast(Any, rows))))


def change_rows(
    model: type[Base], rows: Sequence[Row], *, key: str, adding: tuple[str, ...] = ()
) -> None:
    """Set the rows' columns by key; those named in `adding` are added to what stands there."""
    changing(model, rows, key=key, adding=adding).do()


def changing(
    model: type[Base], rows: Sequence[Row], *, key: str, adding: tuple[str, ...] = ()
) -> Write:
    """Prepare what change_rows does."""
    if not rows:
        return NOTHING
    ordered = sorted(rows, key=itemgetter(key))
    shape = _shape(model, rows)
    return Write(_change(shape, key, adding), _given(shape, [tuple(r.values()) for r in ordered]))


def _shape(model: type[Base], rows: Sequence[Row]) -> "_Shape":
    return _Shape(cast(Table, model.__table__), tuple(rows[0]), on_postgresql())


def _given(shape: "_Shape", rows: Sequence[tuple[object, ...]]) -> Sequence[Any]:
    columns = zip(*rows, strict=True)
    if shape.on_postgresql:
        return [array_literal(column) for column in columns]
    written = map(_written_for_sqlite, shape.kinds, columns)
    return list(zip(*written, strict=True))


def _written_for_sqlite(kind: TypeEngine[Any], column: Sequence[object]) -> Sequence[object]:
    write = kind.dialect_impl(SQLITE).bind_processor(SQLITE)
    return column if write is None else list(map(write, column))


def _copied(
    shape: "_Shape", rows: Sequence[tuple[object, ...]], *, meanwhile: Callable[[], None]
) -> bool:
    """Copy the rows into the table; false if one was taken: then the savepoint must go back."""
    statement = f"COPY {shape.table.name} ({', '.join(shape.columns)}) FROM STDIN {COPY_OPTIONS}"
    # A part at a time: the database reads the first while we write the others.
    parts = (
        copy_lines(rows[start : start + COPIED_AT_ONCE])
        for start in range(0, len(rows), COPIED_AT_ONCE)
    )
    current = connection()
    driver = current.connection.driver_connection
    send_gathered()
    assert postgresql.is_ours(driver), "only PostgreSQL copies"
    try:
        with slow_queries.timed_together(current.engine, [statement]):
            return postgresql.copy_in(driver, statement, parts, meanwhile=meanwhile)
    except current.dialect.loaded_dbapi.Error as error:
        raise as_sqlalchemy_says(current, statement, error) from error


@dataclass(frozen=True, slots=True)
class _Shape:
    """Which columns of a table the rows carry, and for which database."""

    table: Table
    columns: tuple[str, ...]
    on_postgresql: bool

    @property
    def source(self) -> str:
        """Return what to select the rows from, under the name `rows`."""
        if not self.on_postgresql:
            return "(SELECT " + ", ".join(f"? AS {name}" for name in self.columns) + ") AS rows"
        arrays = ", ".join(f"CAST(%s AS {kind.compile(POSTGRESQL)}[])" for kind in self.kinds)
        return f"unnest({arrays}) AS rows ({', '.join(self.columns)})"

    @property
    def kinds(self) -> "list[TypeEngine[Any]]":
        """Return the columns' types."""
        return [self.table.columns[name].type for name in self.columns]


@lru_cache(maxsize=64)
def _insert(shape: _Shape, unless_known: str) -> str:
    conflict = f" ON CONFLICT ({unless_known}) DO NOTHING" if unless_known else ""
    names = ", ".join(shape.columns)
    # SQLite cannot tell ON CONFLICT from a join's ON unless a WHERE stands between.
    return (
        f"INSERT INTO {shape.table.name} ({names}) "  # noqa: S608  # names of our own tables
        f"SELECT {names} FROM {shape.source} WHERE true{conflict}"
    )


@lru_cache(maxsize=64)
def _add(shape: _Shape, keys: tuple[str, ...]) -> str:
    table, names = shape.table.name, ", ".join(shape.columns)
    sums = ", ".join(
        f"{name} = {table}.{name} + excluded.{name}" for name in shape.columns if name not in keys
    )
    return (
        f"INSERT INTO {table} ({names}) "  # noqa: S608  # names of our own tables
        f"SELECT {names} FROM {shape.source} WHERE true "
        f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {sums}"
    )


@lru_cache(maxsize=64)
def _change(shape: _Shape, key: str, adding: tuple[str, ...]) -> str:
    table = shape.table.name
    changes = ", ".join(
        f"{name} = {table}.{name} + rows.{name}" if name in adding else f"{name} = rows.{name}"
        for name in shape.columns
        if name != key
    )
    return (
        f"UPDATE {table} SET {changes} "  # noqa: S608  # names of our own tables
        f"FROM {shape.source} WHERE {table}.{key} = rows.{key}"
    )
