"""`billing sandbox`: it starts with the app's own settings, and never beside real keys."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest
import requests

from tests.databases import ROOT


@pytest.fixture
def port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def test_stands_in_until_it_is_told_to_end(environment, port: int) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "app.entrypoints.cli", "sandbox"],
        cwd=ROOT,
        env={**os.environ, **environment, "SANDBOX_PORT": str(port)},
    )
    try:
        deadline = time.monotonic() + 40
        while True:
            try:
                answer = requests.get(f"http://127.0.0.1:{port}/v1/events", timeout=5)
                break
            except requests.ConnectionError:
                assert time.monotonic() < deadline, "it did not start"
                time.sleep(0.1)
        assert answer.status_code == 401
        paypal = requests.get(f"http://127.0.0.1:{port}/v2/checkout/orders/X", timeout=5)
        assert (paypal.status_code, paypal.json()["error"]) == (401, "invalid_token")
        child.send_signal(signal.SIGTERM)
        assert child.wait(timeout=30) == 0
    finally:
        child.kill()
        child.wait()


def test_is_refused_beside_real_keys(billing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_API_KEY", "sk_test_abc")
    printed = billing("sandbox")
    assert printed.exit_code == 2
    assert printed.output.startswith("billing: STRIPE_API_KEY is set")
