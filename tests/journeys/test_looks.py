"""Whoever looks at pages finds what is wrong with them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.journeys.looks import bars_nobody

PAGE = '<!doctype html><html lang="{lang}"><title>A page</title><body><main>{shown}</main>'
SOUND = "<h1>A page</h1><button>Do it</button>"


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page()
    yield page
    page.close()


def named(found: list[str]) -> set[str]:
    return {line.partition(":")[0] for line in found}


def test_nothing_is_wrong_with_a_sound_page(page: Page) -> None:
    page.set_content(PAGE.format(lang="zh", shown=SOUND))
    assert bars_nobody(page) == []


@pytest.mark.parametrize(
    ("lang", "shown", "name"),
    [
        ("zh", '<p style="color: #999">Hardly seen</p>', "color-contrast"),
        ("zh", "<button></button>", "button-name"),
        ("zh", '<a href="/"></a>', "link-name"),
        ("zh", "<input>", "label"),
        ("no language", SOUND, "html-lang-valid"),
        ("en", "<ul><div>One</div></ul>", "list"),
    ],
)
def test_what_bars_somebody_is_found(page: Page, lang: str, shown: str, name: str) -> None:
    page.set_content(PAGE.format(lang=lang, shown=shown))
    assert name in named(bars_nobody(page))
