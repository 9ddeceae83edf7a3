"""The web server as production runs it."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from pathlib import Path
from threading import Event
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest
from sqlalchemy import text

from app.foundation.database import db, session
from app.foundation.secret_keys import KeyKind
from tests.books import check_books
from tests.databases import ROOT
from tests.factories.bearers import bearer
from tests.halves import on_one_of_both

USAGE = "/v1/billing/usage"
CLIENTS = 12


@pytest.fixture
def port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture
def serve(environment, app, port, tmp_path):
    """Start `billing serve` as a child, with the port as an option."""
    children = []

    def serve(*arguments: str, **settings: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-P", "-m", "app.entrypoints.cli", "serve", "--port", str(port)]
        with (tmp_path / "logged.txt").open("w") as logged:
            child = subprocess.Popen(
                [*command, *arguments],
                cwd=tmp_path,
                env={**os.environ, **environment, "PYTHONPATH": str(ROOT), **settings},
                stdout=subprocess.PIPE,
                stderr=logged,
                text=True,
                process_group=0,
            )
        children.append(child)
        return child

    yield serve
    for child in children:
        # Its processes are a group: none of them outlives the test.
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.communicate()


def answer(url: str, **headers: str) -> bytes:
    deadline = time.monotonic() + 60
    while True:
        try:
            with urlopen(Request(url, headers=headers), timeout=10) as response:
                return response.read()
        except URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


# What is the server's alone, whichever database stands behind it, is seen on one of them.
@on_one_of_both
class TestServe:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_answers_until_it_is_told_to_end(self, serve, port, number) -> None:
        serving = serve()
        assert json.loads(answer(f"http://127.0.0.1:{port}/readyz")) == {"status": "ready"}
        serving.send_signal(number)
        printed, _ = serving.communicate(timeout=30)
        assert serving.returncode == 0
        assert printed == f"Starting the web server on http://127.0.0.1:{port}\n"
        with pytest.raises(URLError):
            urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5)


class TestCounts:
    @on_one_of_both
    def test_are_those_of_all_its_processes(self, serve, port, environment) -> None:
        folder = Path(environment["INSTANCE_DIR"]) / "metrics" / str(port)
        folder.mkdir(parents=True)
        (folder / "counter_1.db").write_bytes(b"of the server before")
        serve("--workers", "2")
        address = f"http://127.0.0.1:{port}"
        for _ in range(40):
            answer(f"{address}/v1/billing/plans")
        told = answer(f"{address}/metrics").decode()
        plans = 'billing_http_requests_total{method="GET",route="/v1/billing/plans",status="200"}'
        assert f"{plans} 40.0" in told
        assert "billing_outbox_waiting 0.0" in told
        assert not (folder / "counter_1.db").exists()

    def test_need_a_folder(self, billing, environment) -> None:
        (Path(environment["INSTANCE_DIR"]) / "metrics").write_text("in the way")
        result = billing("serve")
        assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
        assert result.stderr.startswith("billing: INSTANCE_DIR: ")


@on_one_of_both
class TestLog:
    def test_is_a_line_of_json_for_each_request(self, serve, port, tmp_path) -> None:
        serving = serve(LOG_FORMAT="json")
        answer(f"http://127.0.0.1:{port}/v1/billing/plans", **{"X-Request-Id": "abc-1"})
        answer(f"http://127.0.0.1:{port}/healthz")
        serving.send_signal(signal.SIGTERM)
        serving.communicate(timeout=30)
        lines = [json.loads(line) for line in (tmp_path / "logged.txt").read_text().splitlines()]
        (line,) = [line for line in lines if line["logger"] == "app.access"]
        assert (line["request_id"], line["status"]) == ("abc-1", 200)

    def test_is_as_long_as_the_level_says(self, serve, port, tmp_path) -> None:
        serving = serve(LOG_LEVEL="WARNING")
        answer(f"http://127.0.0.1:{port}/v1/billing/plans")
        serving.send_signal(signal.SIGTERM)
        serving.communicate(timeout=30)
        assert (tmp_path / "logged.txt").read_text() == ""


class Gateway:
    """Clients that post a record each, again and again, until nobody listens any more."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.by = bearer(KeyKind.GATEWAY)
        self.answered: list[str] = []
        self.cut_off: list[str] = []
        self.has_ended = Event()
        self._numbers = count()

    def post_until_refused(self) -> None:
        while not self.has_ended.is_set():
            try:
                self.post(f"req-{next(self._numbers)}")
            except ConnectionRefusedError:
                return

    def post(self, request_id: str) -> None:
        body = {"user_id": "ada", "request_id": request_id, "model": "gpt-4"}
        body |= {"prompt_tokens": 5, "completion_tokens": 1}
        sent = json.dumps(body).encode()
        head = (
            f"POST {USAGE} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            f"Authorization: {self.by['Authorization']}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(sent)}\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall(head.encode() + sent)
            received = b""
            try:
                while part := connection.recv(65536):
                    received += part
            except ConnectionResetError:
                pass
        taken = received.startswith(b"HTTP/1.1 200") and b'"accepted":1' in received
        (self.answered if taken else self.cut_off).append(request_id)


def recorded() -> set[str]:
    session.rollback()
    return set(session.scalars(text("SELECT request_id FROM billing_records")))


class TestEnding:
    @pytest.fixture
    def gateway(self, serve, port, ada) -> Iterator[Gateway]:
        gateway = Gateway(port)
        yield gateway
        gateway.has_ended.set()

    def test_loses_and_cuts_off_nothing_under_load(self, serve, port, gateway: Gateway) -> None:
        serving = serve("--workers", "2")
        answer(f"http://127.0.0.1:{port}/readyz")
        with ThreadPoolExecutor(CLIENTS) as pool:
            clients = [pool.submit(gateway.post_until_refused) for _ in range(CLIENTS)]
            deadline = time.monotonic() + 60
            while len(gateway.answered) < 5 * CLIENTS and time.monotonic() < deadline:
                time.sleep(0.02)
            serving.send_signal(signal.SIGTERM)
            assert serving.wait(timeout=30) == 0
            for client in clients:
                client.result(timeout=30)
        assert len(gateway.answered) >= 5 * CLIENTS
        assert recorded() == set(gateway.answered)
        check_books()

    @on_one_of_both
    def test_keeps_the_connection_of_whoever_was_refused_unread(self, serve, port) -> None:
        serve()
        answer(f"http://127.0.0.1:{port}/readyz")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        # One that was closed must not be opened anew in silence.
        connection.connect()
        connection.auto_open = 0
        for _ in range(30):
            connection.putrequest("POST", "/nope")
            connection.putheader("Content-Length", "1000")
            connection.endheaders()
            time.sleep(0.01)
            connection.send(b"x" * 1000)
            refused = connection.getresponse()
            assert (refused.status, len(refused.read()) > 0) == (404, True)
            connection.request("GET", "/healthz")
            assert connection.getresponse().read()
        connection.close()

    def test_answers_what_it_has_begun(self, serve, port, gateway: Gateway) -> None:
        serving = serve()
        answer(f"http://127.0.0.1:{port}/readyz")
        names = [f"late-{number}" for number in range(8)]
        with ThreadPoolExecutor(len(names)) as pool:
            # Nobody can write before we let go.
            session.execute(text(HOLDS_UP[db.engine.dialect.name]))
            posts = [pool.submit(gateway.post, name) for name in names]
            time.sleep(1)
            serving.send_signal(signal.SIGTERM)
            time.sleep(1)
            assert gateway.answered == [] and serving.poll() is None
            session.rollback()
            for post in posts:
                post.result(timeout=30)
        assert serving.wait(timeout=30) == 0
        assert gateway.cut_off == [] and set(gateway.answered) == set(names) == recorded()
        check_books()


HOLDS_UP = {
    "postgresql": "LOCK TABLE accounts IN EXCLUSIVE MODE",
    "sqlite": "DELETE FROM alerts",
}
