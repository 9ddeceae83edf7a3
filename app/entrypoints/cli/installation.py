"""The installation a command works on: its settings, its app, its database."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.application import create_app
from app.config import Settings, read_settings
from app.entrypoints.cli.errors import Failed
from app.foundation import readiness
from app.foundation.database import db

MIGRATIONS = Path(__file__).resolve().parents[3] / "migrations"


@contextmanager
def installation() -> Iterator[Settings]:
    """Open the installation, or say why nothing can be done with it."""
    with unprepared_installation() as settings:
        if not readiness.is_migrated(MIGRATIONS):
            raise Failed("The database does not have the newest schema. Run: billing db upgrade")
        yield settings


@contextmanager
def unprepared_installation() -> Iterator[Settings]:
    """Open the installation, whatever schema its database has."""
    settings = read_settings()
    settings.instance_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with create_app(settings).app_context():
        try:
            yield settings
        finally:
            db.session.remove()
            db.engine.dispose()
