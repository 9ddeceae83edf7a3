"""Wishes that come at the same moment are done in groups, and nobody pays for his neighbour."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from itertools import chain
from threading import Event

import pytest

from app.foundation.together import HeldUp, Together

WAIT_SECONDS = 10


class Work:
    """Doubles numbers, remembers in which groups, and holds up the first group if it is told to."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.has_begun, self.may_go_on = Event(), Event()
        self.may_go_on.set()
        self.fails: Callable[[Sequence[int]], BaseException | None] = lambda wishes: None

    def __call__(self, wishes: Sequence[int]) -> list[int]:
        self.groups.append(list(wishes))
        self.has_begun.set()
        assert self.may_go_on.wait(WAIT_SECONDS)
        error = self.fails(wishes)
        if error is not None:
            raise error
        return [2 * wish for wish in wishes]


@pytest.fixture
def work() -> Work:
    return Work()


@contextmanager
def one_at_work(together: Together[int, int], work: Work) -> Iterator[Callable[..., Future[int]]]:
    """Hold up whoever wishes for 1; inside, others queue up behind him as they are called."""
    work.may_go_on.clear()
    with ThreadPoolExecutor(20) as pool:
        futures = [pool.submit(together.do, 1)]
        assert work.has_begun.wait(WAIT_SECONDS)

        def wish(number: int, *, weight: int = 1) -> Future[int]:
            waiting = len(together._waiting)
            futures.append(pool.submit(together.do, number, weight=weight))
            while len(together._waiting) == waiting:
                assert not futures[-1].done()
            return futures[-1]

        try:
            yield wish
        finally:
            work.may_go_on.set()


class TestDo:
    def test_waits_for_nobody_where_nobody_is(self, work: Work) -> None:
        together = Together(work, weight_max=10)
        assert [together.do(number) for number in (1, 2)] == [2, 4]
        assert work.groups == [[1], [2]]

    def test_does_in_one_go_what_came_meanwhile(self, work: Work) -> None:
        together = Together(work, weight_max=10)
        with one_at_work(together, work) as wish:
            others = [wish(number) for number in (2, 3, 4)]
        assert [each.result() for each in others] == [4, 6, 8]
        assert work.groups == [[1], [2, 3, 4]]
        assert together.do(5) == 10

    def test_takes_no_more_than_one_go_may_hold(self, work: Work) -> None:
        together = Together(work, weight_max=10)
        with one_at_work(together, work) as wish:
            others = [wish(2, weight=6), wish(3, weight=4), wish(4, weight=50), wish(5)]
        assert [each.result() for each in others] == [4, 6, 8, 10]
        assert work.groups == [[1], [2, 3], [4], [5]]

    def test_goes_on_after_one_that_failed_alone(self, work: Work) -> None:
        together = Together(work, weight_max=10)
        work.fails = lambda wishes: ValueError("bad") if wishes == [1] else None
        with pytest.raises(ValueError, match="bad"):
            together.do(1)
        assert together.do(2) == 4

    def test_lets_only_the_one_fail_whose_fault_it_is(self, work: Work) -> None:
        together = Together(work, weight_max=10)
        work.fails = lambda wishes: ValueError("bad") if 3 in wishes else None
        with one_at_work(together, work) as wish:
            others = [wish(number) for number in (2, 3, 4)]
        assert [others[0].result(), others[2].result()] == [4, 8]
        with pytest.raises(ValueError, match="bad"):
            others[1].result()
        assert work.groups[:2] == [[1], [2, 3, 4]]
        assert sorted(work.groups[2:]) == [[2], [3], [4]]
        assert together.do(5) == 10

    @pytest.mark.parametrize("company", [(), (2,)])
    def test_lets_whoever_is_held_up_wait_beside_the_others(
        self, work: Work, company: tuple[int, ...]
    ) -> None:
        may_go_on, waits = Event(), Event()

        def alone(wish: int) -> int:
            waits.set()
            assert may_go_on.wait(WAIT_SECONDS) or wish != 3
            return 2 * wish

        together = Together(work, weight_max=10, alone=alone)
        work.fails = lambda wishes: HeldUp() if 3 in wishes else None
        with one_at_work(together, work) as wish:
            others = [wish(number) for number in (3, *company)]
            work.may_go_on.set()
            assert waits.wait(WAIT_SECONDS)
            # Nobody leads meanwhile who could not go on.
            assert together.do(5) == 10
            may_go_on.set()
        assert [each.result() for each in others] == [6, *(2 * number for number in company)]

    def test_answers_the_others_where_the_leader_is_told_to_end(self, work: Work) -> None:
        together = Together(work, weight_max=10)
        work.fails = lambda wishes: SystemExit() if len(wishes) > 1 else None
        with one_at_work(together, work) as wish:
            leader, other = wish(2), wish(3)
        assert isinstance(leader.exception(), SystemExit)
        assert other.result() == 6

    def test_lets_as_many_lead_as_it_is_told(self, work: Work) -> None:
        together = Together(work, weight_max=10, leaders_max=2)
        work.may_go_on.clear()
        with ThreadPoolExecutor(2) as pool:
            both = [pool.submit(together.do, number) for number in (1, 2)]
            while len(work.groups) < 2:
                assert not any(each.done() for each in both)
            work.may_go_on.set()
            assert [each.result() for each in both] == [2, 4]
        assert sorted(work.groups) == [[1], [2]]

    def test_answers_everybody_however_many_come(self, work: Work) -> None:
        together = Together(work, weight_max=7, leaders_max=2)
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(together.do, range(500)))
        assert answers == [2 * number for number in range(500)]
        assert sorted(chain.from_iterable(work.groups)) == list(range(500))
        assert max(map(len, work.groups)) <= 7


class TestLongerThan:
    @pytest.fixture
    def together(self, work: Work) -> Together[int, int]:
        return Together(work, weight_max=10, longer_than=timedelta(milliseconds=20))

    def test_lets_whoever_waits_lead_beside_one_who_takes_long(
        self, work: Work, together: Together[int, int]
    ) -> None:
        may_end = Event()
        work.fails = lambda wishes: may_end.wait(WAIT_SECONDS) and None if 1 in wishes else None
        with one_at_work(together, work) as wish:
            others = [wish(number) for number in (2, 3)]
            work.may_go_on.set()
            assert [each.result(WAIT_SECONDS) for each in others] == [4, 6]
            # Nor does anybody wait who comes later.
            assert together.do(4) == 8
            assert not may_end.is_set()
            may_end.set()
        assert not together._leading and not together._waiting
        assert together.do(5) == 10

    def test_lets_one_lead_where_nobody_takes_long(self, work: Work) -> None:
        together = Together(work, weight_max=10, longer_than=timedelta(seconds=WAIT_SECONDS))
        with one_at_work(together, work) as wish:
            others = [wish(number) for number in (2, 3)]
            assert work.groups == [[1]]
        assert [each.result() for each in others] == [4, 6]
        assert work.groups == [[1], [2, 3]]

    def test_answers_everybody_however_many_come(self, work: Work) -> None:
        def slow_at_times(wishes: Sequence[int]) -> None:
            time.sleep(0.003 if 0 in [wish % 50 for wish in wishes] else 0)

        together = Together(work, weight_max=7, longer_than=timedelta(milliseconds=1))
        work.fails = slow_at_times
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(together.do, range(500)))
        assert answers == [2 * number for number in range(500)]
        assert sorted(chain.from_iterable(work.groups)) == list(range(500))
        assert not together._leading and not together._waiting


class TestPatience:
    def test_lets_those_come_along_who_came_before(self, work: Work) -> None:
        together = Together(work, weight_max=10, patience=timedelta(seconds=0.5))
        with one_at_work(together, work) as wish:
            wish(2)
            wish(3)
        with ThreadPoolExecutor(2) as pool:
            assert list(pool.map(together.do, (4, 5))) == [8, 10]
        assert work.groups[:2] == [[1], [2, 3]]
        assert sorted(work.groups[2]) == [4, 5]

    def test_is_nobody_s_who_was_alone(self, work: Work) -> None:
        together = Together(work, weight_max=10, patience=timedelta(seconds=WAIT_SECONDS))
        began = time.monotonic()
        assert [together.do(number) for number in (1, 2)] == [2, 4]
        assert time.monotonic() - began < WAIT_SECONDS
