"""Addresses of others are taken apart, and none of them stops anybody."""

import pytest

from app.foundation.web_addresses import network_address, split_address


def test_splits_an_address() -> None:
    parts = split_address("https://ada.example:8443/usage?range=7d#top")
    assert (parts.scheme, parts.netloc, parts.path) == ("https", "ada.example:8443", "/usage")
    assert (parts.query, parts.fragment) == ("range=7d", "top")


@pytest.mark.parametrize(
    "text",
    ["http://[", "http://]", "//[x]y", "https://a\u2100b", "http://[z]", "//a:x", "//a:65536"],
)
def test_takes_what_is_none_for_nothing(text: str) -> None:
    assert set(split_address(text)) == {""}


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7:49152", "192.0.2.7"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:49152", "2001:db8::1"),
        ("fe80::1%" + "z" * 5_000, "fe80::1"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
    ],
)
def test_reads_whom_a_proxy_speaks_for(text: str, read: str) -> None:
    assert str(network_address(text)) == read


@pytest.mark.parametrize(
    "text", ["", "unknown", "_hidden", "a" * 5_000, "192.0.2.7:", "192.0.2.7:a", "[]", "[x]:1", "%"]
)
def test_knows_when_a_proxy_names_nobody(text: str) -> None:
    assert network_address(text) is None
