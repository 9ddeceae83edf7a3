"""Ports for the servers of tests: no two workers of a run are given the same."""

import os
import socket
from itertools import cycle

# Below those that the kernel gives to whoever connects, on Linux as elsewhere.
FIRST, EACH_HAS, WORKERS_MAX = 16_384, 1_000, 16


def _ports_of(worker: str) -> range:
    """Return which ports are a worker's own; xdist calls them gw0, gw1 and so on."""
    number = int(worker.removeprefix("gw") or 0) % WORKERS_MAX
    start = FIRST + number * EACH_HAS
    return range(start, start + EACH_HAS)


def _from_anywhere(ports: range) -> list[int]:
    # Two runs at once on one machine begin at different places.
    at = os.getpid() * 31 % len(ports)
    return [*ports[at:], *ports[:at]]


_next = cycle(_from_anywhere(_ports_of(os.environ.get("PYTEST_XDIST_WORKER", ""))))


def free_port() -> int:
    """Return a port that nobody listens on, and that nobody else of this run is given."""
    return next(port for port in _next if _is_free(port))


def free_ports(number: int) -> list[int]:
    """Return so many of them."""
    return [free_port() for _ in range(number)]


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
