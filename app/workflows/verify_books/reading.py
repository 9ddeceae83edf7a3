"""How checks read: rows that must not be there, and only the first of them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, or_

from app.foundation.database import session

# A broken book is told by its first lines; a thousand of them say no more.
LINES_PER_CHECK_MAX = 20

Lines = Iterator[str]
# Any columns; what they are is known where they are read.
Rows = Select[*tuple[Any, ...]]


def some(statement: Rows) -> Sequence[Any]:
    """Return the first rows of a statement that should find none."""
    return session.execute(statement.limit(LINES_PER_CHECK_MAX)).all()


def any_differs(pairs: Iterable[tuple[Any, Any]]) -> ColumnElement[bool]:
    """Return the condition that the halves of one of the pairs are not equal."""
    return or_(*(kept != summed for kept, summed in pairs))
