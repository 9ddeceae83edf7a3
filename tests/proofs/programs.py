"""Programs of ours, each with its processes, which are killed without warning and started again."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import requests

from app.config import Settings
from tests.databases import ROOT
from tests.journeys.installation import COMMAND, KEPT, wait_until
from tests.log_watch import leaks
from tests.ports import free_port

READY_SECONDS = 120
END_SECONDS = 40
ANSWER_SECONDS = 5
AT_WORK = "The worker is at work."


class Program:
    """`billing NAME`, as an operator runs it; what it prints stands in a file."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        folder: Path,
        *,
        command: Sequence[str] = COMMAND,
        arguments: Sequence[str] = (),
        **changes: str,
    ) -> None:
        self.name, self._folder = name, folder
        self._command = [*command, name, *arguments]
        kept = {known: os.environ[known] for known in KEPT if known in os.environ}
        self._environment = {
            **kept,
            "PYTHONPATH": str(ROOT),
            "INSTANCE_DIR": str(settings.instance_dir),
            "DATABASE_URL": settings.database_url,
            "SECRET_KEY": settings.secret_key,
            # In JSON it is plain which digits are a request's id, and no card's.
            "LOG_FORMAT": "json",
            **changes,
        }
        self._printed = folder / f"{name}-{changes.get('PORT', '')}.txt"
        self._child: subprocess.Popen[bytes] | None = None
        self._begins_at = 0

    def start(self) -> None:
        """Start it; it is not ready yet."""
        with self._printed.open("ab") as printed:
            self._begins_at = printed.tell()
            self._child = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                process_group=0,
            )

    def kill(self) -> None:
        """Kill all of its processes at once; nothing of it runs any more."""
        assert self._child is not None
        os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()

    def kill_one(self) -> None:
        """Kill one of the processes that it has started, if it has started any."""
        assert self._child is not None
        for pid in list(children_of(self._child.pid))[:1]:
            kill(pid)

    def end(self) -> None:
        """Tell it to end, and see that it has; what it logged holds no secret."""
        assert self._child is not None
        self._child.terminate()
        try:
            self._child.wait(END_SECONDS)
        finally:
            if any(children_of(self._child.pid)) or self._child.poll() is None:
                self.kill()
        found = [(what, line) for line in self.printed.splitlines() for what in leaks(line)]
        assert not found, f"{self.name} has logged {found}"

    @property
    def printed(self) -> str:
        """Return what it has printed so far, since it was last started."""
        return self._printed.read_bytes()[self._begins_at :].decode()

    @property
    def is_running(self) -> bool:
        """Tell whether it has not ended."""
        return self._child is not None and self._child.poll() is None

    def processes(self) -> list[int]:
        """Return its process and all that this has started."""
        assert self._child is not None
        return [self._child.pid, *children_of(self._child.pid)]


class WebServer(Program):
    """`billing serve` on a port of its own."""

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        *,
        command: Sequence[str] = COMMAND,
        arguments: Sequence[str] = (),
        **changes: str,
    ) -> None:
        port = free_port()
        # A line for each of so many requests would say nothing.
        quietly = {"PORT": str(port), "LOG_LEVEL": "WARNING", **changes}
        super().__init__("serve", settings, folder, command=command, arguments=arguments, **quietly)
        self.address = f"http://127.0.0.1:{port}"

    def is_ready(self) -> bool:
        """Tell whether customers are answered, and from the database."""
        try:
            return requests.get(f"{self.address}/readyz", timeout=ANSWER_SECONDS).ok
        except requests.RequestException:
            return False


class Worker(Program):
    """`billing worker`."""

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        *,
        command: Sequence[str] = COMMAND,
        **changes: str,
    ) -> None:
        super().__init__("worker", settings, folder, command=command, **changes)

    def is_ready(self) -> bool:
        """Tell whether its latest life is at work."""
        return self.is_running and AT_WORK in self.printed


@contextmanager
def running(*programs: WebServer | Worker) -> Iterator[None]:
    """Run the programs beside the test, from when all are ready until it ends."""
    begun: list[Program] = []
    try:
        for program in programs:
            program.start()
            begun.append(program)
        for program in programs:
            wait_for(program.is_ready, lambda program=program: program.printed)
        yield
    finally:
        for program in begun:
            program.end()


def wait_for(is_so: Callable[[], bool], what_else: Callable[[], object] = lambda: "") -> None:
    """Wait until a program is ready, not for ever."""
    wait_until(is_so, READY_SECONDS, what_else)


def children_of(pid: int) -> Iterator[int]:
    """Return the processes that a process has started, and those of them."""
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in _read(thread).split():
            yield int(child)
            yield from children_of(int(child))


def resident_mib(pid: int) -> float:
    """Return how much memory a process holds."""
    for line in _read(Path(f"/proc/{pid}/status")).splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _read(file: Path) -> str:
    """Read what the system tells of a process; nothing, once that is gone."""
    try:
        return file.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def kill(pid: int) -> None:
    """Kill a process, if it is still there."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
