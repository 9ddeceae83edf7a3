"""How long a transaction waits for what others hold, before it lets others go first."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import OperationalError

from app.foundation.database import session
from app.foundation.direct import execute
from app.foundation.together import HeldUp

# PostgreSQL's word for a lock that did not come in time.
LOCK_NOT_AVAILABLE = "55P03"


@contextmanager
def waiting_at_most(milliseconds: int) -> Iterator[None]:
    """Raise HeldUp where a lock takes longer; inside a transaction, and for its rest.

    SQLite has one writer at a time, and no locks that anybody could hold beside it.
    """
    if session.get_bind().dialect.name == "postgresql":
        execute(session.connection(), f"SET LOCAL lock_timeout = {milliseconds:d}", ())
    try:
        yield
        session.flush()
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
            raise
        raise HeldUp("somebody else holds a lock") from error
