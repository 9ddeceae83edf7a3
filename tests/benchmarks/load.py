"""A client that costs little: many connections in one thread, for it shares the cores."""

import selectors
import socket
import statistics
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, takewhile
from urllib.parse import urlsplit

RECEIVED_MAX = 65_536
HEAD_ENDS = b"\r\n\r\n"


@dataclass(frozen=True)
class Answered:
    """How long it took until all were answered, and each of them; in the order of their ends."""

    seconds: float
    latencies: Sequence[float]
    bodies: Sequence[bytes]

    @property
    def per_second(self) -> float:
        """Return how many were answered in a second."""
        return len(self.latencies) / self.seconds

    def percentile_ms(self, percent: int) -> float:
        """Return the time within which that many of a hundred requests were answered."""
        return statistics.quantiles(self.latencies, n=100)[percent - 1] * 1000


@dataclass
class _Line:
    """One connection, and what is under way on it."""

    connection: socket.socket
    began: float = 0.0
    received: bytearray = field(default_factory=bytearray)

    def send(self, request: bytes) -> None:
        self.received.clear()
        self.began = time.perf_counter()
        self.connection.sendall(request)

    def goes_on(self, request: bytes | None) -> bool:
        """Send the next request, if there is one."""
        if request is not None:
            self.send(request)
        return request is not None

    def find_answer(self) -> bytes | None:
        """Take in what has arrived; return the body once it is there as a whole."""
        arrived = self.connection.recv(RECEIVED_MAX)
        if not arrived:
            raise ConnectionError("the server has closed the connection")
        self.received += arrived
        head, found, body = self.received.partition(HEAD_ENDS)
        if not found:
            return None
        assert b" 200 " in head.split(b"\r\n", 1)[0], bytes(self.received)
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        return bytes(body) if len(body) == length else None


def request_bytes(method: str, path: str, *, key: str = "", body: bytes = b"") -> bytes:
    """Return a request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    if body:
        lines.append("Content-Type: application/json")
    if key:
        lines.append(f"Authorization: Bearer {key}")
    return "\r\n".join(lines).encode() + HEAD_ENDS + body


def send_all(
    base_url: str, requests: Iterable[bytes], *, connections: int, seconds_max: float
) -> Answered:
    """Send the requests, as many at a time as there are connections, and wait for each answer.

    On a machine that is busy with other things only those that can be sent in so many seconds.
    """
    address = urlsplit(base_url)
    latencies: list[float] = []
    bodies: list[bytes] = []
    with selectors.DefaultSelector() as selector:
        started = time.perf_counter()
        waiting = _until(started + seconds_max, requests)
        for request in islice(waiting, connections):
            line = _Line(socket.create_connection((address.hostname, address.port), timeout=60))
            line.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(line.connection, selectors.EVENT_READ, line)
            line.send(request)
        while selector.get_map():
            for ready, _events in selector.select():
                body = ready.data.find_answer()
                if body is None:
                    continue
                latencies.append(time.perf_counter() - ready.data.began)
                bodies.append(body)
                if not ready.data.goes_on(next(waiting, None)):
                    selector.unregister(ready.data.connection)
                    ready.data.connection.close()
        return Answered(time.perf_counter() - started, latencies, bodies)


def _until(deadline: float, requests: Iterable[bytes]) -> Iterator[bytes]:
    return takewhile(lambda request: time.perf_counter() < deadline, requests)
