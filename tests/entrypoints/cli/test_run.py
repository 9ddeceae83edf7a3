"""Everything on one machine: real processes, real signals, nothing left behind."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from app.entrypoints.cli.demo_file import CustomerLogin, write_demo
from app.entrypoints.cli.demo_loading import NOBODY
from tests.databases import ROOT, SECRET_KEY, on_postgresql, on_sqlite
from tests.factories.accounts import make_account
from tests.ports import free_port

READY_WITHIN_SECONDS = 90
END_WITHIN_SECONDS = 20


class Running:
    """`billing run` as a child of the test."""

    def __init__(self, folder: Path, **changes: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.environment = {
            **kept,
            "PYTHONPATH": str(ROOT),
            "INSTANCE_DIR": str(folder / "instance"),
            "SECRET_KEY": SECRET_KEY,
            "PORT": str(self.port),
            "SANDBOX_PORT": str(free_port()),
            **changes,
        }
        self.child = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        with (self.folder / "printed.txt").open("wb") as printed:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", "app.entrypoints.cli", "run"],
                cwd=self.folder,
                env=self.environment,
                stdout=printed,
                stderr=subprocess.STDOUT,
            )

    @property
    def printed(self) -> str:
        """What was printed since the last start."""
        return (self.folder / "printed.txt").read_text()

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_WITHIN_SECONDS
        while "is ready at" not in self.printed:
            assert self.child.poll() is None, f"It ended before it was ready:\n{self.printed}"
            assert time.monotonic() < deadline, f"It is not ready:\n{self.printed}"
            time.sleep(0.05)

    def end(self, number: signal.Signals) -> int:
        """Send the signal, and return the exit code."""
        self.child.send_signal(number)
        return self.child.wait(timeout=END_WITHIN_SECONDS)

    def get(self, path: str, *, key: str = "") -> dict[str, object]:
        request = Request(self.address + path, headers={"Authorization": f"Bearer {key}"})
        with urlopen(request, timeout=10) as response:
            return json.load(response)

    def demo(self) -> dict[str, dict[str, str]]:
        return json.loads((self.folder / "instance/demo.json").read_text())


def descendants(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children] + [
        grandchild for child in children for grandchild in descendants(int(child))
    ]


def wait_until_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + END_WITHIN_SECONDS
    while alive := [pid for pid in pids if is_alive(pid)]:
        assert time.monotonic() < deadline, f"still alive: {alive}"
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


@pytest.fixture
def run(tmp_path: Path) -> Iterator[object]:
    """Start `billing run`; whatever the test does, nothing of it stays."""
    started: list[Running] = []

    def start(**changes: str) -> Running:
        started.append(Running(tmp_path, **changes))
        return started[-1]

    yield start
    for running in started:
        if running.child.poll() is None:
            running.child.terminate()
            running.child.wait(timeout=END_WITHIN_SECONDS)


needs_proc = pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")


@needs_proc
class TestRun:
    def test_serves_the_demo_until_ctrl_c(self, run) -> None:
        running = run()
        running.wait_until_ready()
        demo, file = running.demo(), running.folder / "instance/demo.json"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert demo["base_url"] == running.address
        assert f"is ready at {running.address}" in running.printed
        stats = running.get("/v1/billing/stats", key=demo["customer"]["api_key"])
        assert (stats["subscription_plan"], stats["tokens_quota"]) == ("pro", 1_000_000)
        family = descendants(running.child.pid)
        assert len(family) >= 2
        assert running.end(signal.SIGINT) == 0
        for login in ("customer", "operator"):
            assert re.search(
                f"{demo[login]['email']} +password {demo[login]['password']}", running.printed
            )
        wait_until_gone(family)
        with pytest.raises(URLError):
            running.get("/healthz")

        # Again, at once, on the same port: the logins are the same ones.
        running.child = running.start()
        running.wait_until_ready()
        assert running.demo() == demo
        assert running.end(signal.SIGTERM) == 0

    # A database that is given is not filled, and one that is migrated is ready at once.
    @on_sqlite
    def test_ends_with_1_when_the_web_server_crashes(self, run, database_url) -> None:
        running = run(DATABASE_URL=database_url)
        running.wait_until_ready()
        family = descendants(running.child.pid)
        os.kill(family[0], signal.SIGKILL)
        assert running.child.wait(timeout=END_WITHIN_SECONDS) == 1
        assert running.printed.endswith("billing: The web server ended with exit code -9.\n")
        wait_until_gone(family)

    @on_sqlite
    @pytest.mark.skipif(sys.platform != "linux", reason="needs the kernel's help")
    def test_takes_its_children_along_when_it_is_killed(self, run, database_url) -> None:
        running = run(DATABASE_URL=database_url)
        running.wait_until_ready()
        family = descendants(running.child.pid)
        assert len(family) >= 2
        assert running.end(signal.SIGKILL) == -signal.SIGKILL
        wait_until_gone(family)
        with pytest.raises(URLError):
            running.get("/healthz")

    # PostgreSQL is migrated below.
    @pytest.mark.parametrize("empty_database_url", ["sqlite"], indirect=True)
    def test_only_migrates_a_database_that_was_given(self, run, empty_database_url) -> None:
        running = run(DATABASE_URL=empty_database_url)
        running.wait_until_ready()
        assert running.get("/readyz") == {"status": "ready"}
        assert len(running.get("/v1/billing/plans")["plans"]) == 3
        assert not (running.folder / "instance/demo.json").exists()
        assert running.end(signal.SIGTERM) == 0

    # Into SQLite it is loaded above.
    @pytest.mark.parametrize("empty_database_url", ["postgresql"], indirect=True)
    def test_loads_the_demo_there_if_told_to(self, run, empty_database_url) -> None:
        running = run(DATABASE_URL=empty_database_url, DEMO="1")
        running.wait_until_ready()
        key = running.demo()["gateway_key"]
        assert running.get("/v1/billing/entitlements/user-123", key=key)["allowed"] is True
        assert running.end(signal.SIGTERM) == 0

    # Whether accounts are real is asked of both where the demo is loaded.
    @on_postgresql
    def test_keeps_the_demo_away_from_real_accounts(self, run, app, settings) -> None:
        make_account("ada")
        running = run(DATABASE_URL=settings.database_url, DEMO="1")
        running.wait_until_ready()
        assert "The database holds real accounts; the demo is kept out of it." in running.printed
        assert not (running.folder / "instance/demo.json").exists()
        assert running.end(signal.SIGTERM) == 0

    @on_sqlite
    def test_says_that_the_demo_is_there_already(self, run, app, settings, tmp_path) -> None:
        make_account("ada")
        ben = make_account("ben")
        customer = CustomerLogin(ben.id, ben.email, "what Ben knows", "")
        (tmp_path / "instance").mkdir(exist_ok=True)
        write_demo(replace(NOBODY, customer=customer), tmp_path / "instance")
        running = run(DATABASE_URL=settings.database_url, DEMO="1")
        running.wait_until_ready()
        assert "The demo is there already; beside real accounts" in running.printed
        assert "kept out of it" not in running.printed
        assert f"{ben.email}  password what Ben knows" in running.printed
        assert running.end(signal.SIGTERM) == 0

    def test_says_that_the_port_is_taken(self, run) -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            running = run(PORT=str(listener.getsockname()[1]))
            assert running.child.wait(timeout=END_WITHIN_SECONDS) == 1
        assert running.printed.startswith("billing: Port ") and running.printed.count("\n") == 1
        assert not (running.folder / "instance/billing.sqlite3").exists()
