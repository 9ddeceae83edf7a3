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
    # Called in the wrong folder, no command leaves the beginnings of another installation there.
    file = read_settings(leaves_nothing=True).missing_database
    if file is not None:
        raise Failed(f"There is no database at {file}. Make it here with: billing db upgrade")
    with unprepared_installation() as settings:
        if not readiness.is_migrated(MIGRATIONS):
            raise Failed("The database does not have the newest schema. Run: billing db upgrade")
        yield settings


@contextmanager
def unprepared_installation() -> Iterator[Settings]:
    """Open the installation, whatever schema its database has."""
    settings = read_settings()
    settings.instance_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with opened(settings):
        yield settings


@contextmanager
def opened(settings: Settings) -> Iterator[None]:
    """Open what these settings lead to, and make nothing that is not there."""
    with create_app(settings).app_context():
        try:
            yield
        finally:
            db.session.remove()
            db.engine.dispose()
