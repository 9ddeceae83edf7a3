"""Addresses of others are taken apart, and none of them stops anybody."""

import pytest

from app.foundation.web_addresses import split_address


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
