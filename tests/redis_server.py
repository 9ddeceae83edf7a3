"""A real Redis for tests: Debian's server, on a free port, in memory, ended with the run."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import BusyLoadingError, ConnectionError

from tests.ports import free_port

SECONDS_TO_START = 20.0
TRIES = 5
NOTHING_KEPT = ("--save", "", "--appendonly", "no")


@contextmanager
def redis_server() -> Iterator[str]:
    """Give the address of a server of our own, empty, as REDIS_URL takes it."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("Redis is not installed here: nothing is counted or queued over machines.")
    with tempfile.TemporaryDirectory(prefix="billing-redis-") as folder:
        server, url = _start(program, Path(folder))
        try:
            yield url
        finally:
            server.terminate()
            server.wait()


def socket_of(url: str) -> str:
    """Return the address of the same server by its socket, as REDIS_URL takes it."""
    with Redis.from_url(url) as redis:
        return f"unix://{redis.config_get('unixsocket')['unixsocket']}"


def empty(url: str) -> None:
    """Let the server forget everything."""
    with Redis.from_url(url) as redis:
        redis.flushall()


def _start(program: str, folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Start the server; somebody else may take the free port before it does."""
    for _ in range(TRIES):
        port = free_port()
        url = f"redis://127.0.0.1:{port}/0"
        where = ("--bind", "127.0.0.1", "--port", str(port), "--unixsocket", str(folder / "socket"))
        server = subprocess.Popen(
            [program, *where, "--dir", str(folder), *NOTHING_KEPT], stdout=subprocess.DEVNULL
        )
        if _answers(server, url):
            return server, url
        server.kill()
        server.wait()
    raise RuntimeError("Redis is installed here, but did not start.")


def _answers(server: subprocess.Popen[bytes], url: str) -> bool:
    """Wait until the server answers, or has ended."""
    end = time.monotonic() + SECONDS_TO_START
    with Redis.from_url(url) as redis:
        while server.poll() is None and time.monotonic() < end:
            try:
                # Whoever else answers at this port is not the one that was started.
                return redis.info("server")["process_id"] == server.pid
            except (ConnectionError, BusyLoadingError):
                time.sleep(0.02)
    return False
