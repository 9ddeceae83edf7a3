"""Lets pieces of work run against each other, each in a context of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from flask import Flask

R = TypeVar("R")
WAIT_SECONDS = 30


def in_parallel(app: Flask, works: list[Callable[[], R]]) -> list[R]:
    """Run the pieces of work at the same moment and return what they returned, in their order.

    What one of them raises is raised here.
    """
    start = Barrier(len(works), timeout=WAIT_SECONDS)

    def run(work: Callable[[], R]) -> R:
        with app.app_context():
            start.wait()
            return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))
