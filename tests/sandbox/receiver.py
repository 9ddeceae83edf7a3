"""An endpoint for webhooks that remembers them, and answers as it is told."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WAIT_SECONDS = 60


@dataclass
class Webhook:
    """What was posted, byte for byte."""

    path: str
    signature: str
    content_type: str
    body: bytes
    # Their names in lower case.
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Receiver:
    """What came in, and what to answer: the statuses in turn, then 200."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    received: list[Webhook] = field(default_factory=list)
    news: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, count: int) -> list[Webhook]:
        """Wait until so many webhooks came in, and return them."""
        with self.news:
            assert self.news.wait_for(lambda: len(self.received) >= count, WAIT_SECONDS), (
                f"{len(self.received)} of {count} webhooks came in"
            )
            return list(self.received)

    def receive(self, webhook: Webhook) -> int:
        """Take one, and return what to answer."""
        with self.news:
            self.received.append(webhook)
            self.news.notify_all()
            return self.statuses.pop(0) if self.statuses else 200


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run a receiver on a free port."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            status = receiver.receive(
                Webhook(
                    self.path,
                    self.headers["Stripe-Signature"],
                    self.headers["Content-Type"],
                    self.rfile.read(length),
                    {name.lower(): value for name, value in self.headers.items()},
                )
            )
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/webhooks/stripe?from=sandbox"
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def until(claim) -> None:
    """Wait until a claim about what others do is true."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not claim():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.02)
