"""The queue between web and worker: it carries the names of jobs, and nothing that may be lost.

What is to be done stands in the outbox. A nudge only says "look now"; without it the worker looks
a few seconds later by itself. So no request ever fails because of the queue.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any

from flask import current_app
from huey import Huey, RedisHuey, SqliteHuey
from huey.consumer import Consumer
from huey.serializer import SignedSerializer

from app.config import Settings

NAME = "billing"
FILE_NAME = "queue.sqlite3"
EXTENSION = "queue"
OUTBOX = "outbox"
# A request has better things to do than to wait for somebody else's lock.
WAIT_SECONDS = 1
PENDING_MAX = 50
LOOK_SECONDS_MAX = 1
END_WITHIN_SECONDS = 10

log = logging.getLogger(__name__)


class Queue:
    """A queue of job names; `work` does the job in the program that takes them out."""

    def __init__(self, settings: Settings, *, work: Callable[[str], None] | None = None) -> None:
        self._settings = settings
        self._work = work
        self._lock = Lock()
        self._huey: Huey | None = None
        self._run: Any = None

    def ask(self, job: str) -> None:
        """Put the job into the queue, unless it waits there already."""
        huey = self._opened()
        # Whoever takes out the waiting one starts after us, so he sees what we have committed.
        if all(task.args != (job,) for task in huey.pending(PENDING_MAX)):
            self._run(job)

    def nudge(self, job: str) -> None:
        """Ask for the job if the queue can be reached; never fail."""
        try:
            self.ask(job)
        except Exception:  # whatever is wrong with the queue: the outbox has the work
            log.warning("The queue cannot be reached; %s will run on schedule.", job, exc_info=True)

    def consumer(self, *, threads: int) -> Consumer:
        """Return what takes the jobs out and does them, in threads of this program."""
        return self._opened().create_consumer(
            workers=threads,
            periodic=False,
            max_delay=LOOK_SECONDS_MAX,
            shutdown_timeout=END_WITHIN_SECONDS,
        )

    def _opened(self) -> Huey:
        with self._lock:
            if self._huey is None:
                self._huey = _open(self._settings)
                self._run = self._huey.task(name="job")(self._do)
            return self._huey

    def _do(self, job: str) -> None:
        assert self._work is not None, "only the worker takes jobs out"
        self._work(job)


def nudge(job: str = OUTBOX) -> None:
    """Tell the worker to look now; call it after the commit."""
    queue: Queue = current_app.extensions.setdefault(
        EXTENSION, Queue(current_app.config["SETTINGS"])
    )
    queue.nudge(job)


def queue_file(settings: Settings) -> Path:
    """Return where the queue is kept without Redis."""
    return settings.instance_dir / FILE_NAME


def _open(settings: Settings) -> Huey:
    # Messages are unpickled: only what was signed with our key gets that far.
    serializer = SignedSerializer(secret=settings.secret_key, salt=NAME)
    if settings.redis_url:
        return RedisHuey(NAME, url=settings.redis_url, results=False, serializer=serializer)
    settings.instance_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return SqliteHuey(
        NAME,
        filename=str(queue_file(settings)),
        timeout=WAIT_SECONDS,
        results=False,
        serializer=serializer,
    )
