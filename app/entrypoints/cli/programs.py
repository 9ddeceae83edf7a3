"""Programs that run beside each other: they start together, and when one ends, all end."""

import ctypes
import os
import signal
import subprocess  # nosec B404  # for our own commands
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import NoReturn

from app.entrypoints.cli.errors import Failed

ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
END_WITHIN_SECONDS = 15
LOOK_EVERY_SECONDS = 0.1
# prctl(2): send this signal to the child when its parent dies, however it dies.
PR_SET_PDEATHSIG = 1


class Ended(BaseException):
    """Somebody told us to end: Ctrl-C, a signal, or the terminal went away."""


@dataclass(frozen=True, slots=True)
class Program:
    """A command of ours that runs as a child."""

    name: str
    arguments: Sequence[str]


class Programs:
    """Children that run, each with the processes it started itself."""

    def __init__(self) -> None:
        self._running: list[tuple[Program, subprocess.Popen[bytes]]] = []

    def start(self, program: Program) -> None:
        """Start a program in a process group of its own."""
        # Ctrl-C goes to the terminal's whole group: theirs is another, so that we end them, in
        # order, and whatever a crashed one left behind can be found by its group.
        child = subprocess.Popen(  # noqa: S603  # nosec B603  # our own commands
            [sys.executable, "-P", "-m", "app.entrypoints.cli", *program.arguments],
            stdin=subprocess.DEVNULL,
            process_group=0,
            preexec_fn=_end_with_parent,  # noqa: PLW1509  # no thread runs yet
        )
        self._running.append((program, child))

    def check(self) -> None:
        """Raise Failed if one of them has ended."""
        for program, child in self._running:
            if child.poll() is not None:
                raise Failed(f"{program.name} ended with exit code {child.returncode}.")

    def wait(self) -> NoReturn:
        """Wait until one of them ends, and raise Failed."""
        while True:
            self.check()
            time.sleep(LOOK_EVERY_SECONDS)

    def end(self) -> None:
        """End them all, and all that they started."""
        for _, child in self._running:
            _signal_group(child, signal.SIGTERM)
        deadline = time.monotonic() + END_WITHIN_SECONDS
        for _, child in self._running:
            with suppress(subprocess.TimeoutExpired):
                child.wait(timeout=max(deadline - time.monotonic(), 0))
        for _, child in self._running:
            _signal_group(child, signal.SIGKILL)
            child.wait()


@contextmanager
def running_programs() -> Iterator[Programs]:
    """Run programs inside; at the end, whatever the reason, none of them is left."""
    programs = Programs()
    before = {number: signal.signal(number, _end) for number in ENDS}
    try:
        yield programs
    finally:
        # Whoever is impatient and presses Ctrl-C again must not keep us from cleaning up.
        for number in ENDS:
            signal.signal(number, signal.SIG_IGN)
        programs.end()
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    raise Ended


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _signal_group(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, number)
