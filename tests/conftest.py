"""What every test may ask for: databases, the app, a client, the people."""

import gc
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Thread

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import settings as generated
from werkzeug.serving import make_server

from app import create_app
from app.config import Settings
from app.domain.accounts.models import Account
from app.foundation.database import db
from tests import databases
from tests.databases import CleanDatabase, settings_for, text_of
from tests.factories.accounts import make_account, make_noise
from tests.groups import Groups
from tests.halves import left_out, on_one_of_both
from tests.html_lint import LintingClient
from tests.log_watch import LogWatch
from tests.made_once import OBJECTS_BETWEEN_SEARCHES, make_once
from tests.moments import NOW
from tests.quick_commits import commit_quickly
from tests.quick_passwords import hash_quickly
from tests.redis_server import empty, redis_server

BOTH_DATABASES = ["sqlite", "postgresql"]
LONG = ("tests/proofs/", "tests/properties/", "tests/journeys/")


def pytest_configure(config: pytest.Config) -> None:
    """Let a run that is told to stop take its database server along, and be like every other."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # The same cases in each run, and none of them failed for the machine being busy.
    generated.register_profile("ours", derandomize=True, deadline=None, database=None)
    generated.load_profile("ours")
    make_once()
    hash_quickly()
    commit_quickly()
    gc.set_threshold(OBJECTS_BETWEEN_SEARCHES, 20, 20)
    # What is collected stays: there is no garbage among it.
    gc.disable()
    config.addinivalue_line("markers", f"{on_one_of_both.name}: on both with SOAK=1 only")
    # No line that any test logs may hold a secret, or who somebody is.
    config.pluginmanager.register(LogWatch(), "log_watch")


def pytest_collection_finish() -> None:
    """Let no search for garbage go through the tests and their modules again: they stay."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what takes minutes: in the end, no worker waits for another's long test."""
    # Whoever asks for one case by its name gets it.
    if not any("[" in argument for argument in config.args):
        others = left_out(items)
        items[:] = [item for item in items if item.nodeid not in others]
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Groups:
    """Let tests stay together that share what takes long to start."""
    return Groups(config, log)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[sa.URL]:
    """The PostgreSQL server of this run; tests that need it are skipped where none can be had."""
    with databases.postgresql() as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    folder = tmp_path_factory.mktemp("sqlite-template")
    file = folder / "template.sqlite3"
    databases.migrate(f"sqlite:///{file}", folder)
    return file


@pytest.fixture(scope="session")
def postgresql_database(
    postgresql_server: sa.URL, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CleanDatabase]:
    """A migrated PostgreSQL database, to be cleaned before each test."""
    name = f"billing_test_{os.getpid()}"
    with databases.new_postgresql_database(postgresql_server, name) as url:
        databases.migrate(text_of(url), tmp_path_factory.mktemp("postgresql"))
        database = CleanDatabase(url)
        yield database
        database.dispose()


@pytest.fixture(scope="session")
def one_redis() -> Iterator[str]:
    """The Redis of this run; tests that need it are skipped where none is installed."""
    with redis_server() as url:
        yield url


@pytest.fixture
def redis_url(one_redis: str) -> str:
    """A Redis that holds nothing."""
    empty(one_redis)
    return one_redis


@pytest.fixture(params=BOTH_DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A migrated database that nobody has used: the test runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        file = tmp_path / "billing.sqlite3"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), file)
        return f"sqlite:///{file}"
    database = request.getfixturevalue("postgresql_database")
    database.clean()
    return text_of(database.url)


@pytest.fixture(params=BOTH_DATABASES)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without any table, of each kind: for migrations and for whole installations."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite3'}"
        return
    server = request.getfixturevalue("postgresql_server")
    with databases.new_postgresql_database(server, f"billing_empty_{os.getpid()}") as url:
        yield text_of(url)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings as they are read, with everything that a test writes in its own folder."""
    return settings_for(database_url, tmp_path / "instance")


@pytest.fixture
def app(settings: Settings, request: pytest.FixtureRequest) -> Iterator[Flask]:
    """The app, inside its context, so that a test can read and write without asking."""
    app = create_app(settings, TESTING=True, WTF_CSRF_ENABLED=False)
    app.test_client_class = LintingClient
    with app.app_context(), _connections(request):
        yield app
        db.session.remove()


@contextmanager
def _connections(request: pytest.FixtureRequest) -> Iterator[None]:
    """Close what is connected in the end; to the common database, it may stay connected."""
    shared = None
    if db.engine.dialect.name == "postgresql":
        shared = request.getfixturevalue("postgresql_database")
    if shared is not None and db.engine.url == shared.url:
        with shared.lending_connections(db.engine):
            yield
    else:
        yield
        db.engine.dispose()


@pytest.fixture
def server(app: Flask) -> Iterator[str]:
    """The address of a server that answers for the app."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser whose every HTML answer is linted."""
    return app.test_client()


@pytest.fixture
def now() -> datetime:
    """The moment the test is played at."""
    return NOW


@pytest.fixture
def ada(app: Flask, now: datetime) -> Account:
    """The customer whose account is under test; she pays as she goes."""
    return make_account("ada", now=now)


@pytest.fixture
def ben(app: Flask, now: datetime) -> Account:
    """A stranger who must see nothing of Ada's."""
    return make_account("ben", now=now)


@pytest.fixture
def olga(app: Flask, now: datetime) -> Account:
    """The operator."""
    return make_account("olga", now=now, role="operator")


@pytest.fixture
def noise(app: Flask, now: datetime) -> list[Account]:
    """Rows of other accounts, so that a forgotten filter shows."""
    return make_noise(now=now)
