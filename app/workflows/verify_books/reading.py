"""How checks ask: for rows that must not be there, all checks in one statement.

A statement of its own for each check cost more than what it asked for, and saw another moment.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    cast,
    literal_column,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects import postgresql, sqlite

from app.foundation.database import session

# A broken book is told by its first lines; a thousand of them say no more.
LINES_PER_CHECK_MAX = 20
DIALECTS = {
    "postgresql": postgresql.dialect(),  # type: ignore[no-untyped-call]  # left untyped there
    "sqlite": sqlite.dialect(),
}

Lines = Iterator[str]
# Any columns; what they are is known where they are read.
Rows = Select[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Check:
    """A question whose answer should be empty, and how a row of it is told.

    What a row holds arrives as text, so that the rows of all checks fit under each other.
    """

    rows: Callable[[], Rows]
    told: Callable[..., str]


def check(told: str) -> Callable[[Callable[[], Rows]], Check]:
    """Make a check of a question; its rows fill the places of what is told, in their order."""
    return lambda rows: Check(rows, told.format)


def each_line(checks: tuple[Check, ...]) -> Lines:
    """Ask all checks at once, and tell the first rows of each, check by check."""
    statement = _statement(checks, session.get_bind().dialect.name)
    found = session.connection().exec_driver_sql(statement).all()
    # The database may give the parts of a union in any order.
    for number, count, *texts in sorted(found, key=lambda row: row[0]):
        yield checks[number].told(*texts[:count])


def any_differs(pairs: Iterable[tuple[Any, Any]]) -> ColumnElement[bool]:
    """Return the condition that the halves of one of the pairs are not equal."""
    return or_(*(kept != summed for kept, summed in pairs))


@lru_cache(maxsize=16)
def _statement(checks: tuple[Check, ...], dialect_name: str) -> str:
    """Return the checks as one statement, in the words of the database."""
    asked = [each.rows().limit(LINES_PER_CHECK_MAX) for each in checks]
    width = max(len(rows.selected_columns) for rows in asked)
    parts = [_part(number, rows, width=width) for number, rows in enumerate(asked)]
    written = union_all(*parts).compile(
        dialect=DIALECTS[dialect_name], compile_kwargs={"literal_binds": True}
    )
    return str(written)


def _part(number: int, rows: Rows, *, width: int) -> Rows:
    # Columns of one name stay apart by their place.
    named = rows.with_only_columns(
        *(column.label(f"c{at}") for at, column in enumerate(rows.selected_columns)),
        maintain_column_froms=True,
    )
    found: Sequence[ColumnElement[Any]] = list(named.subquery().c)
    texts = [cast(column, Text) for column in found]
    filled = [*texts, *(cast(null(), Text) for _ in range(width - len(texts)))]
    return select(literal_column(str(number)), literal_column(str(len(found))), *filled)
