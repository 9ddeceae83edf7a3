"""Changes books behind the application's back, past the database's own checks if need be."""

import sqlalchemy as sa

from app.foundation.database import session
from app.workflows.verify_books import verify_books


def lines_after(*tampering: str, dropping: str = "") -> list[str]:
    """Return what is told of the books after these statements; nothing of them stays.

    `dropping` names a check constraint, as `table.constraint`, that would refuse them.
    """
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    session.rollback()
    if dropping:
        table, constraint = dropping.split(".")
        # SQLite drops no constraint; it can be told to look away.
        drop = f"ALTER TABLE {table} DROP CONSTRAINT {constraint}"
        session.execute(sa.text("PRAGMA ignore_check_constraints = ON" if on_sqlite else drop))
    for statement in tampering:
        session.execute(sa.text(statement))
    lines = verify_books()
    session.rollback()
    if dropping and on_sqlite:
        session.execute(sa.text("PRAGMA ignore_check_constraints = OFF"))
    return lines
