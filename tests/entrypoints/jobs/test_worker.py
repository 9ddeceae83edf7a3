"""The worker as a program: it takes nudges, keeps the schedule, and ends in order."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from flask import Flask

from app.config import Settings
from app.entrypoints.gateways import GATEWAYS
from app.entrypoints.jobs.schedule import SCHEDULE, Scheduled
from app.entrypoints.jobs.worker import Worker
from app.entrypoints.queueing import Queue, queue_file
from app.foundation import outbox
from app.foundation.database import session, transaction
from app.foundation.journal import JournalEntry
from app.foundation.outbox import OutboxEntry
from tests.databases import ROOT
from tests.fakes.payment_gateway import FakeGateway
from tests.halves import on_one_of_both

WAIT_SECONDS = 180


def wait_until(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


@pytest.fixture
def environment(settings: Settings) -> dict[str, str]:
    return {
        **os.environ,
        "DATABASE_URL": settings.database_url,
        "INSTANCE_DIR": str(settings.instance_dir),
        "SECRET_KEY": settings.secret_key,
        "SANDBOX_PORT": "9",
        "PYTHONPATH": str(ROOT),
    }


@pytest.fixture
def start(app: Flask, environment: dict[str, str]) -> Iterator[Callable[[], subprocess.Popen]]:
    children = []

    def start() -> subprocess.Popen:
        child = subprocess.Popen(
            [sys.executable, "-m", "app.entrypoints.cli", "worker"],
            cwd=ROOT,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        children.append(child)
        return child

    yield start
    for child in children:
        child.kill()
        child.communicate()


def promise(now: datetime) -> None:
    with transaction():
        outbox.add("of_a_later_version", {}, now=now)


def tries() -> list[int]:
    session.rollback()
    return [entry.attempts for entry in session.query(OutboxEntry).populate_existing()]


class TestWorker:
    @on_one_of_both
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_works_until_it_is_told_to_end(
        self, start, now: datetime, number: signal.Signals
    ) -> None:
        promise(now)
        child = start()
        wait_until(lambda: tries() == [1])
        child.send_signal(number)
        _, said = child.communicate(timeout=30)
        assert child.returncode == 0
        assert "The worker is at work." in said
        assert "The worker has ended." in said
        session.rollback()
        assert session.query(JournalEntry).filter_by(action="installation_started").count() == 1

    @on_one_of_both
    def test_hears_a_nudge_from_another_program(
        self, start, now: datetime, settings: Settings
    ) -> None:
        start()
        wait_until(lambda: session.query(JournalEntry).count() or session.rollback())
        promise(now)
        Queue(settings).nudge("outbox")
        wait_until(lambda: tries() == [1])

    @on_one_of_both
    def test_a_killed_worker_leaves_its_work_to_the_next(self, start, now: datetime) -> None:
        first = start()
        promise(now)
        wait_until(lambda: tries() == [1])
        first.send_signal(signal.SIGKILL)
        first.wait(timeout=30)
        promise(now)
        start()
        wait_until(lambda: tries() == [1, 1])

    @on_one_of_both
    def test_two_workers_do_not_do_things_twice(self, start, now: datetime) -> None:
        for _ in range(10):
            promise(now)
        start()
        start()
        wait_until(lambda: all(tries()))
        assert tries() == [1] * 10

    def test_a_failing_job_stops_nothing(self, app: Flask, settings: Settings) -> None:
        done = threading.Event()
        schedule = (
            Scheduled("fails", 1, lambda: 1 // 0),
            Scheduled("works", 1, done.set),
        )
        worker = Worker(app, settings, schedule=schedule)
        worker.do("fails")
        worker.do("works")
        assert done.is_set()

    def test_keeps_its_schedule_without_the_queue(
        self, app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(self: Queue, job: str) -> None:
            raise OSError("no space left on device")

        monkeypatch.setattr(Queue, "ask", broken)
        done = []
        worker = Worker(app, settings, schedule=(Scheduled("job", 1, lambda: done.append(1)),))

        def end_soon() -> None:
            wait_until(lambda: len(done) >= 2)
            worker.end()

        ending = threading.Thread(target=end_soon)
        before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
        ending.start()
        worker.run(threads=1)
        ending.join()
        for number, handler in before.items():
            signal.signal(number, handler)
        assert queue_file(settings).exists()
        assert len(done) >= 2


def test_each_scheduled_job_can_run_twice(app: Flask) -> None:
    app.config[GATEWAYS] = {"stripe": FakeGateway()}
    for scheduled in SCHEDULE:
        for _ in range(2):
            scheduled.work()
    session.rollback()
    assert session.query(JournalEntry).filter_by(action="installation_started").count() == 1
