"""Files that are made while they are sent: whoever does not take one in holds up few others.

Each holds a thread of the server until it is sent or the client is gone. So an account has two at
a time, and all of them together leave threads for whoever wants something else. Each process of
the server counts for itself, as each has threads of its own.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from threading import Lock
from typing import Generic, TypeVar, cast

from flask import Flask, current_app

from app.entrypoints.limiting import TooManyRequests
from app.foundation.sentences import say

DOWNLOADS = "DOWNLOADS"
# Under this name the server tells its processes how many threads each of them has.
THREADS, THREADS_USUAL = "SERVER_THREADS", 8
OF_AN_ACCOUNT_MAX = 2
LEFT_FOR_OTHERS = 2
RETRY_AFTER_SECONDS = 15

Part = TypeVar("Part")


class Downloads:
    """Who is being sent a file right now."""

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._running: Counter[str] = Counter()
        self._lock = Lock()

    def begin(self, user_id: str) -> None:
        """Count one more. Raises TooManyRequests."""
        with self._lock:
            if self._running[user_id] >= OF_AN_ACCOUNT_MAX:
                raise TooManyRequests(
                    say(
                        "Two files are being downloaded for this account already:"
                        " wait until one of them is done."
                    ),
                    retry_after_seconds=RETRY_AFTER_SECONDS,
                )
            if self._running.total() >= self._most:
                raise TooManyRequests(
                    say("Many files are being downloaded right now: try again in a moment."),
                    retry_after_seconds=RETRY_AFTER_SECONDS,
                )
            self._running[user_id] += 1

    def end(self, user_id: str) -> None:
        """Count one less."""
        with self._lock:
            self._running[user_id] -= 1
            # Nobody is remembered who has nothing under way.
            self._running += Counter()


class _Download(Generic[Part]):
    """The pieces of a file; it ends with the last one, or when the server lets go of it."""

    def __init__(self, parts: Iterable[Part], downloads: Downloads, user_id: str) -> None:
        self._is_running = False
        self._parts = parts
        self._pieces = iter(parts)
        self._downloads, self._user_id = downloads, user_id
        downloads.begin(user_id)
        self._is_running = True

    def __iter__(self) -> Iterator[Part]:
        return self

    def __next__(self) -> Part:
        try:
            return next(self._pieces)
        except BaseException:
            self._end()
            raise

    def close(self) -> None:
        """Let go of what is read, whether it was sent or not."""
        try:
            close = getattr(self._parts, "close", None)
            if close is not None:
                close()
        finally:
            self._end()

    def __del__(self) -> None:
        self._end()

    def _end(self) -> None:
        if self._is_running:
            self._is_running = False
            self._downloads.end(self._user_id)


def register_downloads(app: Flask) -> None:
    """Let the app count what is downloaded: fewer than its threads."""
    threads = int(os.environ.get(THREADS, THREADS_USUAL))
    app.extensions[DOWNLOADS] = Downloads(most=max(1, threads - LEFT_FOR_OTHERS))


def download(parts: Iterable[Part], *, user_id: str) -> Iterator[Part]:
    """Return the pieces of a file for an account. Raises TooManyRequests."""
    return _Download(parts, cast(Downloads, current_app.extensions[DOWNLOADS]), user_id)
