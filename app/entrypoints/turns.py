"""How much of the server one account has at the same moment: a part of its threads.

However few calls are allowed in a minute, some take a hundred times as long as others: whoever
asks for many of those at once would have everybody else wait, and gateways above all. A few more
wait for their turn, for no longer than a moment. Who waits holds a thread as well: so several
accounts together have no more wait than one alone. Each process counts for itself, as each has
threads of its own.
"""

import os
from collections import Counter
from threading import Condition
from typing import cast

from flask import Flask, current_app, g

from app.entrypoints.downloading import THREADS
from app.entrypoints.limiting import TooManyRequests
from app.foundation.database import end_reading
from app.foundation.sentences import say

TURNS = "TURNS"
# A quarter of them, but enough for a page that fills itself; and as many again may wait, twice,
# where no other account has its part.
PART, LEAST, WAITING = 4, 6, 2
PATIENCE_SECONDS = 2
RETRY_AFTER_SECONDS = 1


class Turns:
    """Whose requests are under way right now, and whose wait."""

    def __init__(self, *, most: int | None) -> None:
        self._most = most
        self.patience_seconds = float(PATIENCE_SECONDS)
        self._running: Counter[str] = Counter()
        self._waiting: Counter[str] = Counter()
        self._ended = Condition()

    def begin(self, user_id: str) -> bool:
        """Count one more, as soon as there may be one, and tell whether it had to wait.

        Raises TooManyRequests.
        """
        with self._ended:
            has_to_wait = not self._is_free(user_id)
            if has_to_wait and not self._waits_for_one(user_id):
                raise TooManyRequests(
                    say("You are asking for very much at once. Try again in a moment."),
                    retry_after_seconds=RETRY_AFTER_SECONDS,
                )
            self._running[user_id] += 1
            return has_to_wait

    def end(self, user_id: str) -> None:
        """Count one less."""
        with self._ended:
            _count_down(self._running, user_id)
            self._ended.notify_all()

    def waiting(self, user_id: str) -> int:
        """Return how many of the account's requests wait."""
        return self._waiting[user_id]

    def _is_free(self, user_id: str) -> bool:
        return self._most is None or self._running[user_id] < self._most

    def _waits_for_one(self, user_id: str) -> bool:
        """Wait, and tell whether there may be one more; at once where too many wait already."""
        held = self._running.total() + self._waiting.total()
        if self._most is None or held >= self._most * (1 + WAITING):
            return False
        self._waiting[user_id] += 1
        try:
            return self._ended.wait_for(lambda: self._is_free(user_id), self.patience_seconds)
        finally:
            _count_down(self._waiting, user_id)


def _count_down(counts: Counter[str], user_id: str) -> None:
    counts[user_id] -= 1
    if not counts[user_id]:
        # Nobody is remembered who has nothing under way.
        del counts[user_id]


def register_turns(app: Flask) -> None:
    """Let the app count what is under way, where a server has told how many threads it has."""
    threads = os.environ.get(THREADS)
    app.extensions[TURNS] = Turns(
        most=None if threads is None else max(LEAST, int(threads) // PART)
    )
    app.teardown_request(_end_turn)


def take_turn(user_id: str) -> bool:
    """Let the account have one more thread, until its request is over.

    Tells whether it had to wait: who was let in before may have been shut out meanwhile.
    Raises TooManyRequests.
    """
    if "turn_of" in g:
        return False
    has_waited = _turns().begin(user_id)
    g.turn_of = user_id
    if has_waited:
        # What was read before is no longer so.
        end_reading()
    return has_waited


def _end_turn(_error: BaseException | None) -> None:
    user_id = g.pop("turn_of", None)
    if user_id is not None:
        _turns().end(user_id)


def _turns() -> Turns:
    return cast(Turns, current_app.extensions[TURNS])
