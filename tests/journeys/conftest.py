"""A browser and the installations it visits: each is started once for all journeys."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, sync_playwright

from tests.databases import new_postgresql_database, text_of
from tests.journeys.demo import Demo, people_of
from tests.journeys.installation import Installation, running_installation
from tests.journeys.visitor import Visitor, visiting

FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
Visit = Callable[..., Visitor]


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The browser of all journeys; without it there are none."""
    # The one without windows takes four fifths of the other's time, and is the same inside.
    executable = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if executable is None:
        pytest.skip("Chromium is not installed here: no browser, no journeys.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def on_sqlite(
    chromium: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """An installation on its own SQLite file."""
    with running_installation(tmp_path_factory.mktemp("journeys")) as installation:
        yield installation


@pytest.fixture(scope="package")
def on_postgresql(
    chromium: Browser, postgresql_server: sa.URL, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """An installation on PostgreSQL."""
    folder = tmp_path_factory.mktemp("journeys-postgresql")
    name = f"billing_journeys_{os.getpid()}"
    with (
        new_postgresql_database(postgresql_server, name) as url,
        running_installation(folder, database_url=text_of(url)) as installation,
    ):
        yield installation


@pytest.fixture(scope="package")
def demo(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo as `make run` shows it, and people of every kind in it."""
    with closing(Installation(tmp_path_factory.mktemp("demo"))) as installation:
        installation.billing("db", "upgrade")
        with installation.programs("sandbox", "worker", "serve"):
            installation.wait_until_ready()
            installation.billing("demo", "load")
            yield people_of(installation)


@pytest.fixture
def installation(request: pytest.FixtureRequest) -> Iterator[Installation]:
    """The installation of the journey: on SQLite, unless it asks for another."""
    installation = request.getfixturevalue(getattr(request, "param", "on_sqlite"))
    yield installation
    installation.let_everything_go_right()


@pytest.fixture
def visit(chromium: Browser, installation: Installation) -> Iterator[Visit]:
    """Give somebody a browser of his own."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(visiting(chromium, installation, **options))
