"""Where a visitor may be sent after signing in."""

import pytest

from app.entrypoints.web.signing_in import own_path


@pytest.mark.parametrize("address", ["/", "/usage", "/usage?range=7d&from=", "/a//b", "/?next=//x"])
def test_our_own_paths_are_kept(address) -> None:
    assert own_path(address) == address


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "usage",
        "https://evil.example/",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\tevil",
        "/a\nSet-Cookie: x",
        "/ok\\..\\evil",
        "javascript:alert(1)",
        " /usage",
    ],
)
def test_everything_else_leads_home(address) -> None:
    assert own_path(address) == "/"
