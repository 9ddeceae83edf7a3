"""A figure, its goal, and how it is told."""

import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


def is_long() -> bool:
    """Tell whether the long form was asked for, as by `make bench LONG=1`."""
    return bool(os.environ.get("LONG"))


@dataclass(frozen=True)
class Figure:
    """Something that was measured; `at_least` or `at_most` is its goal, or it has none."""

    name: str
    value: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def is_reached(self) -> bool:
        """Tell whether the goal is reached."""
        low = self.at_least is None or self.value >= self.at_least
        return low and (self.at_most is None or self.value <= self.at_most)

    @property
    def goal(self) -> str:
        """Return the goal in words; empty if there is none."""
        if self.at_least is not None:
            return f"≥ {self.at_least:g}"
        return "" if self.at_most is None else f"≤ {self.at_most:g}"

    def line(self) -> str:
        """Return the figure's line of the table."""
        mark = "" if not self.goal else "  ok" if self.is_reached else "  MISSED"
        shown = f"{self.value:,.0f}" if self.value >= 100 else f"{self.value:.3f}"
        return f"{self.name:<62} {shown:>10} {self.unit:<8} {self.goal:>8}{mark}"

    def document(self) -> dict[str, object]:
        """Return the figure for the file."""
        reached = {"goal": self.goal, "reached": self.is_reached} if self.goal else {}
        return {"name": self.name, "value": self.value, "unit": self.unit, **reached}


@dataclass(frozen=True)
class Machine:
    """What it was measured on."""

    cores: int
    memory_gib: float
    python: str

    def line(self) -> str:
        """Return the line above the table."""
        return f"{self.cores} cores, {self.memory_gib:.1f} GiB of memory, Python {self.python}"

    def document(self) -> dict[str, object]:
        """Return it for the file."""
        return {
            "cores": self.cores,
            "memory_gib": round(self.memory_gib, 1),
            "python": self.python,
        }


def machine() -> Machine:
    """Return what this is measured on."""
    pages, page_bytes = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    memory_gib = pages * page_bytes / 1024**3
    return Machine(os.cpu_count() or 1, memory_gib, platform.python_version())


def median_seconds(work: Callable[[], object], *, runs: int, warm_up: int = 2) -> float:
    """Return the median time of some runs, after some that do not count."""
    for _ in range(warm_up):
        work()
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def medians_in_turn(works: Mapping[int, Callable[[], object]], *, runs: int) -> dict[int, float]:
    """Return the median time of each, all done in turn: what else the machine does hits all."""
    times: dict[int, list[float]] = {name: [] for name in works}
    for run in range(runs + 2):
        for name, work in works.items():
            started = time.perf_counter()
            work()
            # The first two do not count.
            if run >= 2:
                times[name].append(time.perf_counter() - started)
    return {name: statistics.median(taken) for name, taken in times.items()}
