"""Work that several threads want at the same moment, done together: group commit.

Whoever comes first leads: he does what he wants, and whoever comes meanwhile waits. Then the one
who has waited longest leads, and does in one go what all of them want. Nobody waits on purpose, but
where work is short and what goes before it is not: there a leader who had company waits a moment
for it.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta
from threading import TIMEOUT_MAX, Lock
from typing import Generic, TypeVar

Wish = TypeVar("Wish")
Answer = TypeVar("Answer")

MICROSECOND = timedelta(microseconds=1)

log = logging.getLogger(__name__)


class HeldUp(Exception):
    """Work waits for somebody outside: whoever wants it waits alone, and leads no longer."""


class _Turn(Generic[Wish, Answer]):
    """One thread's wish, until it is answered."""

    def __init__(self, wish: Wish, weight: int) -> None:
        self.wish = wish
        self.weight = weight
        # Held until somebody calls: the least that a thread can wait for.
        self.called = Lock()
        self.called.acquire()
        self.answers: list[Answer] = []
        self.is_alone = False


class Together(Generic[Wish, Answer]):
    """Does wishes in groups, one group at a time for each leader.

    `work` takes the wishes of a group and returns their answers in the same order: for all of them
    or, if it raises anything, for none. Then each of the group tries alone, and only the one whose
    fault it was fails. Whoever tries alone does so beside all others, by `alone` if that is given.
    A leader who takes `longer_than` that is not waited for: somebody leads beside him.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Wish]], Sequence[Answer]],
        *,
        weight_max: int,
        leaders_max: int = 1,
        alone: Callable[[Wish], Answer] | None = None,
        patience: timedelta = timedelta(),
        longer_than: timedelta = timedelta.max,
    ) -> None:
        self._work = work
        self._alone = alone
        self._weight_max = weight_max
        self._leaders_max = leaders_max
        # When each of those who lead began to.
        self._leading: dict[_Turn[Wish, Answer], int] = {}
        # Longer than that, no lock can be waited for by the clock.
        self._long_seconds = min(longer_than.total_seconds(), TIMEOUT_MAX)
        self._long_ns = longer_than // MICROSECOND * 1_000
        self._patience_seconds = patience.total_seconds()
        # How many wanted something when work last began.
        self._were = 1
        self._waiting: deque[_Turn[Wish, Answer]] = deque()
        self._lock = Lock()

    def do(self, wish: Wish, *, weight: int = 1) -> Answer:
        """Return what the work answers to the wish, once it is done."""
        turn = _Turn[Wish, Answer](wish, weight)
        if not self._may_lead(turn):
            self._wait(turn)
        if not turn.answers and not turn.is_alone:
            self._lead(turn)
        return self._do_alone(wish) if turn.is_alone else turn.answers[0]

    def _do_alone(self, wish: Wish) -> Answer:
        if self._alone is not None:
            return self._alone(wish)
        (answer,) = self._work([wish])
        return answer

    def _may_lead(self, turn: _Turn[Wish, Answer]) -> bool:
        """Tell whether there is nobody to wait for; else queue up."""
        with self._lock:
            if self._is_led():
                self._waiting.append(turn)
                return False
            # Then nobody waits, or for one who takes long: who ends leading calls the next one.
            self._leading[turn] = time.monotonic_ns()
            return True

    def _wait(self, turn: _Turn[Wish, Answer]) -> None:
        """Wait to be called, and lead if nobody is to be waited for any longer."""
        while not turn.called.acquire(timeout=self._long_seconds):
            with self._lock:
                is_in_queue = turn in self._waiting
                if is_in_queue and not self._is_led():
                    self._waiting.remove(turn)
                    self._leading[turn] = time.monotonic_ns()
                    return
            if not is_in_queue:
                # He is called, or somebody already does what he wants.
                turn.called.acquire()
                return

    def _is_led(self) -> bool:
        """Tell whether as many lead as may, without those who take long."""
        since = time.monotonic_ns() - self._long_ns
        return sum(began > since for began in self._leading.values()) >= self._leaders_max

    def _lead(self, turn: _Turn[Wish, Answer]) -> None:
        """Do what the group wants; whatever happens, everybody in it goes on."""
        group = self._group(turn)
        try:
            answers = self._work([each.wish for each in group])
            for each, answer in zip(group, answers, strict=True):
                each.answers.append(answer)
        except BaseException as error:
            for each in group:
                each.answers.clear()
                each.is_alone = len(group) > 1 or isinstance(error, HeldUp)
            if not group[0].is_alone or not isinstance(error, Exception):
                raise
            log.warning("%d failed together, and are tried one by one: %r", len(group), error)
        finally:
            self._call_next(turn)
            # The leader himself waits for nobody any more.
            for each in group[1:]:
                each.called.release()

    def _group(self, leader: _Turn[Wish, Answer]) -> list[_Turn[Wish, Answer]]:
        """Take out of the queue who comes along with the leader: as many as one go may hold."""
        if len(self._waiting) + 1 < self._were and self._patience_seconds:
            time.sleep(self._patience_seconds)
        group, weight = [leader], leader.weight
        with self._lock:
            self._were = len(self._waiting) + 1
            while self._waiting and weight + self._waiting[0].weight <= self._weight_max:
                group.append(self._waiting.popleft())
                weight += group[-1].weight
        return group

    def _call_next(self, leader: _Turn[Wish, Answer]) -> None:
        """Let those who have waited longest lead in his place, if there is anybody."""
        with self._lock:
            del self._leading[leader]
            while self._waiting and not self._is_led():
                called = self._waiting.popleft()
                self._leading[called] = time.monotonic_ns()
                called.called.release()
