"""The web server as production runs it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.databases import ROOT

pytestmark = pytest.mark.xdist_group("ports")


@pytest.fixture
def port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture
def serving(environment, app, port, tmp_path):
    """`billing serve` as a child, with the port as an option."""
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "app.entrypoints.cli", "serve", "--port", str(port)],
        cwd=tmp_path,
        env={**os.environ, **environment, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    yield child
    if child.poll() is None:
        child.kill()
    child.communicate()


def answer(url: str) -> object:
    deadline = time.monotonic() + 60
    while True:
        try:
            with urlopen(url, timeout=10) as response:
                return json.load(response)
        except URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


class TestServe:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_answers_until_it_is_told_to_end(self, serving, port, number) -> None:
        assert answer(f"http://127.0.0.1:{port}/readyz") == {"status": "ready"}
        serving.send_signal(number)
        printed, _ = serving.communicate(timeout=30)
        assert serving.returncode == 0
        assert printed == f"Serving on http://127.0.0.1:{port}\n"
        with pytest.raises(URLError):
            urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5)
