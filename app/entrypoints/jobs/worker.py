"""The worker's two halves: threads that take jobs from the queue, and a clock that puts them in."""

import logging
import signal
import threading
import time
from collections.abc import Callable, Sequence

from flask import Flask

from app.config import Settings
from app.entrypoints.jobs.schedule import SCHEDULE, Scheduled
from app.entrypoints.queueing import Queue
from app.foundation.database import db

THREADS = 4
TICK_SECONDS = 0.5
HEALTH_SECONDS = 10

log = logging.getLogger(__name__)


class Worker:
    """Does jobs until it is told to end; what is under way is finished then."""

    def __init__(
        self, app: Flask, settings: Settings, *, schedule: Sequence[Scheduled] = SCHEDULE
    ) -> None:
        self._app = app
        self._jobs = {scheduled.name: scheduled for scheduled in schedule}
        self._queue = Queue(settings, work=self.do)
        self._told_to_end = threading.Event()

    def do(self, job: str) -> None:
        """Do a job, whatever comes of it: it is done again on schedule."""
        try:
            with self._app.app_context():
                self._jobs[job].work()
        except Exception:  # a job that fails must not take the others with it
            log.exception("The job %s has failed.", job)

    def end_on_signals(self) -> None:
        """Let SIGTERM and Ctrl-C end the worker in order."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.end())

    def end(self) -> None:
        """Tell the worker to end."""
        self._told_to_end.set()

    def run(self, *, threads: int = THREADS, ready: Callable[[], None] = lambda: None) -> None:
        """Work until told to end."""
        consumer = self._queue.consumer(threads=threads)
        consumer.start()
        # The library has put handlers of its own, which would restart or cut off.
        self.end_on_signals()
        ready()
        due, healthy_until = dict.fromkeys(self._jobs, 0.0), 0.0
        while not self._told_to_end.wait(TICK_SECONDS):
            now = time.monotonic()
            self._ask_for_what_is_due(due, now=now)
            if now >= healthy_until:
                consumer.check_worker_health()
                healthy_until = now + HEALTH_SECONDS
        consumer.stop(graceful=True)
        with self._app.app_context():
            db.engine.dispose()

    def _ask_for_what_is_due(self, due: dict[str, float], *, now: float) -> None:
        for name, moment in due.items():
            if now >= moment:
                due[name] = now + self._jobs[name].every_seconds
                self._ask(name)

    def _ask(self, job: str) -> None:
        try:
            self._queue.ask(job)
        except Exception:  # without the queue the work is done here: slower, but done
            log.warning("The queue cannot be reached; %s is done without it.", job, exc_info=True)
            self.do(job)
