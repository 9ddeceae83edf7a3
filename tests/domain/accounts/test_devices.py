"""Browsers in words, by what real ones call themselves."""

import pytest

from app.domain.accounts.devices import device_named, digest_of

MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)"


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko Firefox/145.0", "Firefox on Linux"),
        (f"{MAC} AppleWebKit/605.1.15 Version/18.1 Safari/605.1.15", "Safari on Mac"),
        (f"{WINDOWS} {WEBKIT} Chrome/142.0.0.0 Safari/537.36", "Chrome on Windows"),
        (f"{WINDOWS} {WEBKIT} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0", "Edge on Windows"),
        (f"{WINDOWS} {WEBKIT} Chrome/142.0.0.0 Safari/537.36 OPR/124.0", "Opera on Windows"),
        (f"Mozilla/5.0 (Android 15) {WEBKIT} Chrome/142.0 Safari/537.36", "Chrome on Android"),
        (f"{PHONE} AppleWebKit/605.1.15 CriOS/142.0 Safari/604.1", "Chrome on iPhone"),
        ("curl/8.10.1", "curl"),
        ("", "Unknown browser"),
        ("<script>alert(1)</script> Windows", "Unknown browser on Windows"),
    ],
)  # fmt: skip
def test_names_browser_and_system(user_agent: str, device: str) -> None:
    assert device_named(user_agent) == device


@pytest.mark.parametrize("token", ["", "a token", "\ud800"])
def test_stores_no_token_in_clear(token: str) -> None:
    assert len(digest_of(token)) == 64
    assert digest_of(token) != digest_of(token + "x")
