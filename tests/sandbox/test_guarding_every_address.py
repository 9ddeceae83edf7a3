"""No address of the sandbox is forgotten by its guard, whoever adds one."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app.sandbox import create_sandbox
from app.sandbox.core import EXTENSION
from app.sandbox.settings import SandboxSettings

PLACE = re.compile(r"<(?:any\((\w+)[^)]*\):|\w+:)?(\w+)>")


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Flask]:
    app = create_sandbox(SandboxSettings(database=tmp_path / "sandbox.sqlite3"))
    yield app
    app.extensions[EXTENSION].storage.close()


def every_address(app: Flask) -> list[tuple[str, str]]:
    return [
        (method, PLACE.sub(lambda place: place[1] or "none", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def test_keeps_everybody_else_out_of_each(sandbox: Flask) -> None:
    stranger = {"environ_base": {"REMOTE_ADDR": "203.0.113.7"}}
    named_otherwise = {"headers": {"Host": "evil.example"}}
    addresses, browser = every_address(sandbox), sandbox.test_client()
    assert len(addresses) > 40
    for method, path in addresses:
        assert browser.open(path, method=method, **stranger).status_code == 403, path
        assert browser.open(path, method=method, **named_otherwise).status_code == 421, path


def test_takes_no_form_of_another_page_at_any(sandbox: Flask) -> None:
    foreign = {"headers": {"Sec-Fetch-Site": "cross-site"}}
    for method, path in every_address(sandbox):
        if method == "POST":
            assert sandbox.test_client().post(path, **foreign).status_code == 403, path


def test_sends_each_out_with_its_headers(sandbox: Flask) -> None:
    for method, path in every_address(sandbox):
        headers = sandbox.test_client().open(path, method=method).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"], path
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["X-Frame-Options"] == "DENY", path
        assert "unsafe" not in headers["Content-Security-Policy"], path
