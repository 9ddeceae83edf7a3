"""Nobody but this machine comes in, and no foreign page's form."""

from pathlib import Path

import pytest
import requests

from app.sandbox import create_sandbox
from app.sandbox.core import EXTENSION
from app.sandbox.settings import SandboxSettings


@pytest.fixture
def browser(tmp_path: Path):
    app = create_sandbox(SandboxSettings(database=tmp_path / "sandbox.sqlite3"))
    yield app.test_client()
    app.extensions[EXTENSION].storage.close()


@pytest.mark.parametrize("address", ["192.168.1.5", "10.0.0.1", "8.8.8.8", "::ffff:8.8.8.8", ""])
def test_turns_other_machines_away(browser, address: str) -> None:
    answer = browser.get("/sandbox", environ_base={"REMOTE_ADDR": address})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "192.168.1.5:8001", "["]
)
def test_answers_to_its_own_names_only(browser, host: str) -> None:
    assert browser.get("/sandbox", headers={"Host": host}).status_code in (400, 421)


@pytest.mark.parametrize("host", ["localhost:8001", "127.0.0.1:8001", "LOCALHOST", "[::1]:8001"])
def test_answers_to_each_of_them(browser, host: str) -> None:
    assert browser.get("/sandbox", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    ("fetched_from", "status"),
    [("cross-site", 403), ("same-site", 403), ("same-origin", 303), ("none", 303)],
)
def test_takes_no_forms_of_foreign_pages(browser, fetched_from: str, status: int) -> None:
    headers = {"Sec-Fetch-Site": fetched_from}
    answer = browser.post("/sandbox/knobs", data={"webhooks": "drop"}, headers=headers)
    assert answer.status_code == status


def test_sends_everything_out_with_headers(sandbox_url: str) -> None:
    for path in ("/sandbox", "/c/pay/cs_test_x", "/static/css/sandbox.css", "/v1/customers"):
        headers = requests.get(sandbox_url + path, timeout=10).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
