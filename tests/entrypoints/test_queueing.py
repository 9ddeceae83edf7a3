"""The queue between programs: a nudge arrives, and nothing fails because of it."""

import logging

import pytest
from flask import Flask

from app.config import Settings
from app.entrypoints.queueing import Queue, nudge, queue_file
from tests.databases import settings_for


@pytest.fixture
def settings(tmp_path) -> Settings:
    """The queue needs no database."""
    return settings_for("sqlite://", tmp_path / "instance")


def take_out(queue: Queue) -> None:
    """Do everything that waits, as the worker's threads do."""
    huey = queue.consumer(threads=1).huey
    while (task := huey.dequeue()) is not None:
        huey.execute(task)


class TestQueue:
    def test_carries_a_job_to_another_program(self, settings: Settings) -> None:
        done = []
        Queue(settings).ask("outbox")
        take_out(Queue(settings, work=done.append))
        assert done == ["outbox"]

    def test_holds_a_job_once_until_it_is_taken_out(self, settings: Settings) -> None:
        done = []
        web, worker = Queue(settings), Queue(settings, work=done.append)
        for job in ("outbox", "outbox", "months", "outbox"):
            web.ask(job)
        take_out(worker)
        assert done == ["outbox", "months"]
        web.ask("outbox")
        take_out(worker)
        assert done == ["outbox", "months", "outbox"]

    def test_believes_only_what_was_signed_with_our_key(
        self, settings: Settings, tmp_path, caplog: pytest.LogCaptureFixture
    ) -> None:
        others = settings_for("sqlite://", tmp_path / "instance", SECRET_KEY="x" * 40)
        Queue(others).ask("outbox")
        done = []
        huey = Queue(settings, work=done.append).consumer(threads=1).huey
        with pytest.raises(ValueError, match="mismatch"):
            huey.dequeue()
        assert done == []


class TestNudge:
    def test_never_fails(self, settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
        settings.instance_dir.mkdir(parents=True, exist_ok=True)
        queue_file(settings).write_bytes(b"this is no database, and long enough to be looked at")
        with caplog.at_level(logging.WARNING):
            Queue(settings).nudge("outbox")
        assert "outbox will run on schedule" in caplog.text

    def test_never_fails_without_redis(self, tmp_path, caplog: pytest.LogCaptureFixture) -> None:
        away = settings_for("sqlite://", tmp_path, REDIS_URL="redis://127.0.0.1:9/0")
        Queue(away).nudge("outbox")
        assert "outbox will run on schedule" in caplog.text

    def test_reaches_the_worker_of_the_app(self, settings: Settings) -> None:
        app, done = Flask(__name__), []
        app.config["SETTINGS"] = settings
        with app.app_context():
            nudge()
            nudge()
        take_out(Queue(settings, work=done.append))
        assert done == ["outbox"]
