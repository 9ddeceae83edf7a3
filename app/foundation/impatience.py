"""How long a transaction waits for what others hold, before it lets others go first."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import OperationalError

from app.foundation.database import connection, session
from app.foundation.direct import execute, on_postgresql
from app.foundation.together import HeldUp

# PostgreSQL's word for a lock that did not come in time.
LOCK_NOT_AVAILABLE = "55P03"


def wait_at_most(milliseconds: int) -> None:
    """Let the rest of this transaction wait no longer for any lock.

    SQLite has one writer at a time, and no locks that anybody could hold beside it.
    """
    if on_postgresql():
        execute(connection(), f"SET LOCAL lock_timeout = {milliseconds:d}", ())


@contextmanager
def letting_others_first() -> Iterator[None]:
    """Raise HeldUp where a lock did not come in time; inside a transaction."""
    try:
        yield
        session.flush()
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
            raise
        raise HeldUp("somebody else holds a lock") from error
