"""Whether the database can be worked with: it answers, and it has the newest schema."""

from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import InterfaceError, OperationalError

from app.foundation.database import session

# What the drivers raise when the database cannot be reached, is shutting down or gave up waiting.
STORE_AWAY = (OperationalError, InterfaceError)


def answers() -> bool:
    """Tell whether the database can be reached."""
    try:
        session.connection()
    except STORE_AWAY:
        return False
    return True


def is_migrated(migrations: Path) -> bool:
    """Tell whether the database stands at the newest of these migrations."""
    newest = set(ScriptDirectory(str(migrations)).get_heads())
    return set(MigrationContext.configure(session.connection()).get_current_heads()) == newest
