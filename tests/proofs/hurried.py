"""`python -m tests.proofs.hurried serve|worker`: our programs, on a clock that hurries.

The clock stands at a moment of its own until a file is there, and from then on runs so many times
as fast as the machine's. The worker does what is due by that clock, one job after the other: the
leases of promises are over in no time here, and two workers would take each other's.
"""

import os
import sys
import threading
import time
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from app import create_app
from app.config import read_settings
from app.entrypoints import web_server
from app.entrypoints.jobs.schedule import SCHEDULE
from app.entrypoints.jobs.worker import Worker
from app.foundation import clock
from app.foundation.database import transaction
from app.foundation.logs import write_logs
from app.workflows.note_first_start import note_first_start

BEGINS, STARTER, SPEED = "HURRIED_BEGINS", "HURRIED_STARTER", "HURRIED_SPEED"
WORKERS, THREADS = "2", "8"
PAUSE_SECONDS = 0.02
# Asking a provider is not what this is about; the books are verified in the end.
LEFT_OUT = ("missed_events", "verify")
# When the clock was started, once that is known.
_started: list[float] = []


def now() -> datetime:
    """Return the moment by the clock that hurries."""
    began = _started_at()
    passed = 0.0 if began is None else (time.time() - began) * float(os.environ[SPEED])
    return datetime.fromisoformat(os.environ[BEGINS]) + timedelta(seconds=passed)


def _started_at() -> float | None:
    if not _started:
        with suppress(FileNotFoundError):
            _started.append(Path(os.environ[STARTER]).stat().st_mtime)
    return _started[0] if _started else None


class HurriedWorker(Worker):
    """Does itself what is due, by the clock of the app."""

    def run_hurried(self) -> None:
        """Work until told to end."""
        told_to_end = threading.Event()
        self.end_on_signals()
        self.end = told_to_end.set
        jobs = [job for job in SCHEDULE if job.name not in LEFT_OUT]
        due = {job.name: clock.now() for job in jobs}
        while not told_to_end.wait(PAUSE_SECONDS):
            for job in jobs:
                moment = clock.now()
                if moment >= due[job.name]:
                    due[job.name] = moment + timedelta(seconds=job.every_seconds)
                    self.do(job.name)


def serve() -> None:
    """Serve like `billing serve`."""
    web_server.main("127.0.0.1", os.environ["PORT"], WORKERS, THREADS)


def work() -> None:
    """Work like `billing worker`."""
    settings = read_settings()
    write_logs(level=settings.logs.level, as_json=settings.logs.as_json)
    app = create_app(settings)
    with app.app_context(), transaction():
        note_first_start(now=clock.now())
    sys.stdout.write("The worker is at work.\n")
    sys.stdout.flush()
    HurriedWorker(app, settings).run_hurried()


if __name__ == "__main__":
    clock.now = now
    {"serve": serve, "worker": work}[sys.argv[1]]()
