"""Writes that are prepared first and done later, several of them at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from app.foundation.database import connection
from app.foundation.direct import done, execute, on_postgresql


@dataclass(frozen=True, slots=True)
class Write:
    """A statement that writes rows of one table, and the rows as the database will read them.

    PostgreSQL takes an array a column, SQLite the statement anew for each row.
    """

    statement: str
    given: Sequence[Any]

    def do(self) -> int:
        """Write the rows and return how many it were: one statement, or none for no rows."""
        if not self.given:
            return 0
        # The driver counts over all of many rows, too.
        is_many = not on_postgresql()
        return done(execute(connection(), self.statement, self.given, is_many=is_many)).rowcount


NOTHING = Write("", ())


def do_together(writes: Sequence[Write]) -> Callable[[], int]:
    """Do all of them, and return what tells how many rows the first has written.

    Each is of a table of its own, and none may see what another has written: PostgreSQL takes
    them as one statement.
    """
    wanted = [write for write in writes if write.given]
    if not wanted:
        return lambda: 0
    if not on_postgresql():
        counts = [write.do() for write in wanted]
        return lambda: counts[0]
    statement = _together(tuple(write.statement for write in wanted))
    sent = execute(connection(), statement, [each for write in wanted for each in write.given])
    return lambda: int(done(sent).rows[0][0])


@lru_cache(maxsize=64)
def _together(statements: Sequence[str]) -> str:
    first, *others = statements
    parts = [f"written AS ({first} RETURNING 1)"]
    parts += [f"with_it_{number} AS ({other})" for number, other in enumerate(others)]
    return f"WITH {', '.join(parts)} SELECT count(*) FROM written"  # noqa: S608  # our own statements
