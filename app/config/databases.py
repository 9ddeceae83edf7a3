"""Where the database is."""

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from app.config.reading import SettingError


def read_database_url(values: Mapping[str, str], instance_dir: Path, *, production: bool) -> str:
    """Return where the database is, as SQLAlchemy writes it."""
    given = values.get("DATABASE_URL", "")
    if not given:
        if production:
            raise SettingError("DATABASE_URL is missing: production needs a database of its own.")
        return f"sqlite:///{instance_dir / 'billing.sqlite3'}"
    scheme, separator, rest = given.partition("://")
    # Hosting services hand out the first two; all of them are spoken to through psycopg 3.
    if scheme in ("postgres", "postgresql", "postgresql+psycopg") and separator:
        return _checked_database_url(f"postgresql+psycopg://{rest}")
    if scheme == "sqlite" and separator:
        return _in_its_folder(_checked_database_url(given), instance_dir)
    raise SettingError("DATABASE_URL must start with postgresql:// or sqlite:///.")


def _in_its_folder(url: str, instance_dir: Path) -> str:
    """Say where a file of SQLite is, so that it is the same one wherever a program stands."""
    read = make_url(url)
    if not is_of_a_file(read):
        return url
    return read.set(database=str(instance_dir / (read.database or ""))).render_as_string()


def is_of_a_file(url: URL) -> bool:
    """Tell whether it is a SQLite database in a file."""
    named = url.database or ":memory:"
    return url.get_backend_name() == "sqlite" and not named.startswith((":memory:", "file:"))


def _checked_database_url(url: str) -> str:
    try:
        make_url(url)
    except (ArgumentError, ValueError):
        # What was given may hold a password: it is not repeated.
        raise SettingError(
            "DATABASE_URL must read like postgresql://user:password@host:5432/billing."
        ) from None
    return url
