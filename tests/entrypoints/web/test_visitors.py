"""The cookie by which a browser is known again: kept, renewed, and never believed blindly."""

import pytest

from tests.entrypoints.web.conftest import PASSWORD


def held(browser, ada, before: str | None = None) -> str:
    if before is not None:
        browser.set_cookie("device", before)
    browser.post("/login", data={"email": ada.email, "password": PASSWORD})
    return browser.get_cookie("device").value


def test_stays_the_same(client, ada) -> None:
    first = held(client, ada)
    client.post("/logout")
    assert len(first) == 43 and held(client, ada) == first


@pytest.mark.parametrize("planted", ["", "short", "x" * 44, "x" * 42 + "!"])
def test_takes_nothing_that_it_would_not_give(client, ada, planted) -> None:
    assert held(client, ada, planted) != planted


def test_differs_between_browsers(app, ada) -> None:
    assert held(app.test_client(), ada) != held(app.test_client(), ada)
