"""Every answer tells the browser what not to do."""

from dataclasses import replace

import pytest

ADDRESSES = ["/login", "/", "/nothing", "/v1/nothing", "/healthz", "/static/css/base.css"]


def directives(policy: str) -> dict[str, str]:
    return dict(part.strip().split(" ", 1) for part in policy.split(";"))


@pytest.mark.parametrize("address", ADDRESSES)
class TestEveryAnswer:
    def test_takes_nothing_from_elsewhere(self, client, address) -> None:
        policy = directives(client.get(address).headers["Content-Security-Policy"])
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == "'self'"
        assert policy["base-uri"] == policy["frame-ancestors"] == "'none'"
        assert not any("unsafe" in sources for sources in policy.values())

    def test_is_what_it_says_it_is(self, client, address) -> None:
        headers = client.get(address).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "camera=()" in headers["Permissions-Policy"]

    def test_asks_for_https_only_by_https(self, client, address) -> None:
        assert "Strict-Transport-Security" not in client.get(address).headers
        secure = client.get(address, base_url="https://localhost").headers
        assert secure["Strict-Transport-Security"].startswith("max-age=31536000")


@pytest.mark.parametrize("address", ADDRESSES)
def test_asks_for_https_where_only_a_proxy_speaks_it(app, client, address) -> None:
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], base_url="https://billing.example.com")
    answer = client.get(address)
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("/login", "no-store"),
        ("/", "no-store"),
        ("/v1/nothing", "no-store"),
        ("/static/css/base.css", "no-cache"),
        ("/static/vendor/htmx-2.0.11/htmx.min.js", "public, max-age=31536000, immutable"),
        # Nobody remembers for a year that a file was missing.
        ("/static/vendor/nothing.js", "no-store"),
    ],
)
def test_says_who_may_keep_it(client, address, kept) -> None:
    assert client.get(address).headers["Cache-Control"] == kept
