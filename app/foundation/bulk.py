"""Set-based statements for both databases: one statement, however many rows.

PostgreSQL takes the rows as one JSON value, or many new ones by COPY; SQLite takes one prepared
statement that is run over them. Rows are sorted by key first, so that two writers never wait for
each other in a circle.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any, TypeVar, cast

import msgspec
import psycopg
from psycopg import Cursor
from psycopg.errors import UniqueViolation
from sqlalchemy import ColumnElement, CursorResult, Table, TextClause, any_, bindparam, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import InstrumentedAttribute

from app.foundation.database import Base, session

Row = Mapping[str, object]
# Below this many rows COPY's two extra round trips cost more than reading JSON.
COPY_FROM = 20
V = TypeVar("V")
POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy left it untyped


def any_of(column: InstrumentedAttribute[V], values: Collection[V]) -> ColumnElement[bool]:
    """Return the condition that the column holds one of the values."""
    if _on_postgresql():
        # One array parameter: the statement stays the same, and prepared, for any number of them.
        return column == any_(bindparam(None, list(values), postgresql.ARRAY(column.type)))
    return column.in_(list(values))


def insert_rows(model: type[Base], rows: Sequence[Row], *, unless_known: str = "") -> int:
    """Insert the rows and return how many went in.

    With `unless_known`, rows whose value of that unique column stands already are left out.
    """
    if not rows:
        return 0
    ordered = sorted(rows, key=itemgetter(unless_known)) if unless_known else rows
    return _run(_insert(_shape(model, rows), unless_known), ordered)


def insert_new_rows(model: type[Base], rows: Sequence[Row], *, key: str) -> bool:
    """Insert all rows, or none and return false if one's value of that unique column is taken."""
    ordered = sorted(rows, key=itemgetter(key))
    with session.begin_nested() as savepoint:
        if _on_postgresql() and len(ordered) >= COPY_FROM:
            inserted = _copied(_shape(model, rows), ordered)
        else:
            inserted = insert_rows(model, ordered, unless_known=key) == len(ordered)
        if not inserted:
            savepoint.rollback()
    return inserted


def add_to_rows(model: type[Base], rows: Sequence[Row], *, keys: tuple[str, ...]) -> None:
    """Add the rows' other columns to the rows of the same keys, or insert what is new.

    No two of the rows may have the same keys: PostgreSQL refuses to add to a row twice.
    """
    if rows:
        ordered = sorted(rows, key=itemgetter(*keys))
        _run(_add(_shape(model, rows), keys), ordered)


def change_rows(
    model: type[Base], rows: Sequence[Row], *, key: str, adding: tuple[str, ...] = ()
) -> None:
    """Set the rows' columns by key; those named in `adding` are added to what stands there."""
    if rows:
        ordered = sorted(rows, key=itemgetter(key))
        _run(_change(_shape(model, rows), key, adding), ordered)


def _shape(model: type[Base], rows: Sequence[Row]) -> "_Shape":
    return _Shape(cast(Table, model.__table__), tuple(rows[0]), _on_postgresql())


def _on_postgresql() -> bool:
    return session.get_bind().dialect.name == "postgresql"


def _run(statement: TextClause, rows: Sequence[Row]) -> int:
    given: Any = rows
    if _on_postgresql():
        # Every row names its columns again: short names are read in a third of the time.
        names = [_short(position) for position in range(len(rows[0]))]
        named = [dict(zip(names, row.values(), strict=True)) for row in rows]
        given = {"rows": msgspec.json.encode(named).decode()}
    return cast("CursorResult[Any]", session.execute(statement, given)).rowcount


def _short(position: int) -> str:
    return f"c{position}"


def _copied(shape: "_Shape", rows: Sequence[Row]) -> bool:
    """Copy the rows into the table; false if one was taken: then the savepoint must go back."""
    statement = f"COPY {shape.table.name} ({', '.join(shape.columns)}) FROM STDIN"
    # Only the driver's own cursor can copy.
    with cast(Cursor[Any], session.connection().connection.cursor()) as cursor:
        try:
            with cursor.copy(statement) as copy:
                for row in rows:
                    copy.write_row(tuple(row.values()))
        except UniqueViolation:
            return False
        except psycopg.OperationalError as error:
            # In SQLAlchemy's words, in which everybody else hears that the store is away.
            raise OperationalError(statement, None, error) from error
    return True


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
            return (
                "(SELECT " + ", ".join(f":{name} AS {name}" for name in self.columns) + ") AS rows"
            )
        short = [_short(position) for position in range(len(self.columns))]
        typed = zip(short, self.columns, strict=True)
        types = ", ".join(f"{name} {self._type(column)}" for name, column in typed)
        named = ", ".join(f"{a} AS {b}" for a, b in zip(short, self.columns, strict=True))
        source = f"json_to_recordset(CAST(:rows AS json)) AS r ({types})"
        return f"(SELECT {named} FROM {source}) AS rows"  # noqa: S608  # names of our own tables

    def statement(self, sql: str) -> TextClause:
        """Return the statement, knowing the types of its parameters."""
        if self.on_postgresql:
            return text(sql)
        names = self.table.columns
        return text(sql).bindparams(*(bindparam(n, type_=names[n].type) for n in self.columns))

    def _type(self, name: str) -> str:
        return self.table.columns[name].type.compile(POSTGRESQL)


@lru_cache(maxsize=64)
def _insert(shape: _Shape, unless_known: str) -> TextClause:
    conflict = f" ON CONFLICT ({unless_known}) DO NOTHING" if unless_known else ""
    names = ", ".join(shape.columns)
    # SQLite cannot tell ON CONFLICT from a join's ON unless a WHERE stands between.
    return shape.statement(
        f"INSERT INTO {shape.table.name} ({names}) "  # noqa: S608  # names of our own tables
        f"SELECT {names} FROM {shape.source} WHERE true{conflict}"
    )


@lru_cache(maxsize=64)
def _add(shape: _Shape, keys: tuple[str, ...]) -> TextClause:
    table, names = shape.table.name, ", ".join(shape.columns)
    sums = ", ".join(
        f"{name} = {table}.{name} + excluded.{name}" for name in shape.columns if name not in keys
    )
    return shape.statement(
        f"INSERT INTO {table} ({names}) "  # noqa: S608  # names of our own tables
        f"SELECT {names} FROM {shape.source} WHERE true "
        f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {sums}"
    )


@lru_cache(maxsize=64)
def _change(shape: _Shape, key: str, adding: tuple[str, ...]) -> TextClause:
    table = shape.table.name
    changes = ", ".join(
        f"{name} = {table}.{name} + rows.{name}" if name in adding else f"{name} = rows.{name}"
        for name in shape.columns
        if name != key
    )
    return shape.statement(
        f"UPDATE {table} SET {changes} "  # noqa: S608  # names of our own tables
        f"FROM {shape.source} WHERE {table}.{key} = rows.{key}"
    )
