"""The examples on /v1/docs work as they stand, but for the key."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest
import requests
import yaml
from flask.testing import FlaskClient
from sqlalchemy import select

from app.domain.accounts.models import Account
from app.domain.usage.models import BillingRecord
from app.foundation.database import end_reading, session
from tests.factories.accounts import make_account
from tests.gateways.captures import LITELLM as CAPTURED

README = (Path(__file__).resolve().parents[3] / "README.md").read_text(encoding="utf-8")


def example(client: FlaskClient, name: str, *, server: str, key: str) -> str:
    """Return what the page shows, sent to our server with a key that works."""
    page = client.get("/v1/docs").text
    (shown,) = re.findall(rf'<code id="{name}">(.*?)</code></pre>', page, re.DOTALL)
    text = unescape(shown)
    assert text.count("http://") == 1 and text.count("…") == 1
    return re.sub(r"obl_\w\w_…", key, re.sub(r"http://[^/]+", server, text))


def key_of(headers: dict[str, str]) -> str:
    return headers["Authorization"].removeprefix("Bearer ")


def recorded() -> list[tuple[str, int]]:
    found = session.execute(select(BillingRecord.user_id, BillingRecord.total_tokens)).all()
    end_reading()
    return [(user_id, tokens) for user_id, tokens in found]


@pytest.fixture
def acme(app, now) -> Account:
    """The customer of the example."""
    return make_account("acme", now=now)


def test_a_request_is_posted_with_curl(client, server, by_gateway, acme) -> None:
    typed = example(client, "curl", server=server, key=key_of(by_gateway))
    curl, address, *rest = shlex.split(typed.replace("\\\n", " "))
    given = list(zip(rest[::2], rest[1::2], strict=True))
    assert (curl, {name for name, _ in given}) == ("curl", {"-H", "-d"})
    headers = dict(value.split(": ", 1) for name, value in given if name == "-H")
    answer = requests.post(address, data=dict(given)["-d"], headers=headers, timeout=10)
    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)
    assert recorded() == [("acme", 620)]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_itself_takes_what_is_typed(client, server, by_gateway, acme) -> None:
    typed = example(client, "curl", server=server, key=key_of(by_gateway))
    done = subprocess.run(["sh", "-c", typed], capture_output=True, timeout=30, check=True)
    assert json.loads(done.stdout)["accepted"] == 1
    assert recorded() == [("acme", 620)]


def test_usage_is_read_in_python(client, server, by_ada) -> None:
    program = example(client, "python", server=server, key=key_of(by_ada))
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("0 tokens this month, 0 USD\n", "")


def test_a_refusal_is_told_in_python(client, server, app) -> None:
    program = example(client, "python", server=server, key="obl_sk_wrong")
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1 and done.stderr.startswith("401: ")


def test_litellm_posts_where_its_configuration_says(client, server, by_gateway, app, now) -> None:
    make_account("user-123", now=now)
    typed = example(client, "litellm", server=server, key=key_of(by_gateway))
    told = yaml.safe_load(typed)
    # As its proxy reads it: each callback that is named has settings of its own.
    (callback,) = told["litellm_settings"]["callbacks"]
    (settings,) = told["callback_settings"].values()
    assert list(told["callback_settings"]) == [callback]
    assert settings["callback_type"] == "generic_api"
    event = {**CAPTURED["success"], "endTime": now.timestamp(), "startTime": now.timestamp() - 2}
    answer = requests.post(
        settings["endpoint"], json=[event], headers=settings["headers"], timeout=10
    )
    assert answer.status_code == 200
    assert [user_id for user_id, _ in recorded()] == ["user-123"]


def test_litellm_is_told_the_same_by_the_page_and_the_readme(client) -> None:
    shown = example(client, "litellm", server="https://billing.example.com", key="obl_gw_…")
    (written,) = re.findall(r"```yaml\n(litellm_settings:.*?)```", README, re.DOTALL)
    assert yaml.safe_load(shown) == yaml.safe_load(written)
