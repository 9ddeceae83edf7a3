"""Whatever is killed at whatever moment: what was acknowledged is there once, and nothing by half.

Clients post without pause. At a moment that nobody has chosen all processes of the web server, of
the worker or of PostgreSQL are killed, or one of them, and started again. Some clients post again
what nobody has answered, until somebody does; others give up, and then all of the batch is there,
or nothing. After each death the books add up.
"""

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from app.config import Settings
from app.foundation.database import db, end_reading, session
from app.workflows.verify_books import verify_books
from tests.books import check_books
from tests.databases import migrate, on_postgresql, on_sqlite, text_of
from tests.proofs.load import Load, check_records, check_sums, open_load
from tests.proofs.postgresql import Postgresql, own_postgresql
from tests.proofs.programs import WebServer, Worker, running, wait_for
from tests.proofs.promises import keep_all_promises
from tests.proofs.sizes import sized

ROUNDS = sized(1, long=10)
LOAD_SECONDS = (0.1, 0.8)
DEAD_SECONDS = (0.0, 0.3)
SEED = 9
Death = Callable[[], None]


@pytest.fixture
def killed() -> Iterator[Postgresql]:
    """A PostgreSQL that nobody else uses, for it is killed too."""
    with own_postgresql() as server:
        yield server


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A migrated database of this test's own."""
    url = f"sqlite:///{tmp_path / 'billing.sqlite3'}"
    if request.param == "postgresql":
        url = text_of(request.getfixturevalue("killed").url)
    migrate(url, tmp_path / "instance")
    return url


def reborn(program: WebServer | Worker, dice: random.Random) -> Death:
    """Let all processes of a program die, and start it again after a while."""

    def die() -> None:
        program.kill()
        time.sleep(dice.uniform(*DEAD_SECONDS))
        program.start()

    return die


def die_again_and_again(
    load: Load, deaths: dict[str, Death], programs: list[WebServer | Worker], dice: random.Random
) -> None:
    """Let each die so many times, and look at what is there after each death."""
    for number in range(ROUNDS):
        for name, die in deaths.items():
            with load.posting():
                time.sleep(dice.uniform(*LOAD_SECONDS))
                die()
                for program in programs:
                    wait_for(program.is_ready, lambda program=program: program.printed)
                time.sleep(dice.uniform(*LOAD_SECONDS))
            # What was connected may have died.
            session.remove()
            db.engine.dispose()
            check_records(load)
            assert verify_books() == [], f"{name}, round {number}"
            end_reading()


@on_sqlite
def test_nothing_is_lost_when_programs_die(
    app: Flask, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dice = random.Random(SEED)
    web, worker = WebServer(settings, tmp_path), Worker(settings, tmp_path)
    load = open_load(web.address, dice=dice)
    deaths = {
        "the web server": reborn(web, dice),
        "one process of the web server": web.kill_one,
        "the worker": reborn(worker, dice),
    }
    with running(web, worker):
        die_again_and_again(load, deaths, [web, worker], dice)
    assert load.unanswered > 0, "nobody has noticed any death"
    keep_all_promises(monkeypatch)
    check_sums(load)
    check_books()


@on_postgresql
def test_nothing_is_lost_when_programs_and_postgresql_die(
    app: Flask,
    settings: Settings,
    killed: Postgresql,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dice = random.Random(SEED)
    web, worker = WebServer(settings, tmp_path), Worker(settings, tmp_path)
    load = open_load(web.address, dice=dice)

    def power_cut() -> None:
        killed.kill()
        web.kill()
        worker.kill()
        for started in (killed, web, worker):
            started.start()

    deaths = {
        "the web server": reborn(web, dice),
        "one process of the web server": web.kill_one,
        "the worker": reborn(worker, dice),
        "PostgreSQL": lambda: (killed.kill(), killed.start()),
        "one process of PostgreSQL": killed.kill_one,
        "all of it": power_cut,
    }
    with running(web, worker):
        die_again_and_again(load, deaths, [web, worker], dice)
    assert load.unanswered > 0, "nobody has noticed any death"
    keep_all_promises(monkeypatch)
    check_sums(load)
    check_books()
