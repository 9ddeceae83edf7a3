"""Whether the database can be worked with: it answers, and it has the newest schema."""

from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from app.foundation.database import session
from app.foundation.store_away import STORE_AWAY

_OF_THE_SERVER = ("information_schema", "pg_catalog", "pg_toast")


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


def is_empty() -> bool:
    """Tell whether the database holds no table or view of anybody's."""
    inspector = inspect(session.connection())
    schemas = [name for name in inspector.get_schema_names() if name not in _OF_THE_SERVER]
    return not any(
        inspector.get_table_names(name) or inspector.get_view_names(name) for name in schemas
    )
