"""Whoever looks at pages finds what is wrong with them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.journeys.barriers import (
    AXE,
    STANDARDS,
    STYLE_RULES,
    WORD_RULES,
    WORDS,
    BarsNobody,
    bars_nobody,
)
from tests.journeys.looks import fits_every_width

PAGE = '<!doctype html><html lang="{lang}"><title>A page</title><body><main>{shown}</main>'
SOUND = "<h1>A page</h1><button>Do it</button>"


@pytest.fixture(scope="module")
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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_are_looked_at_in_both_themes(page: Page, scheme: str) -> None:
    wrong = f"<style>p {{ background: #aaa }} @media (prefers-color-scheme: {scheme})"
    wrong += " { p { color: #999 } }"
    page.emulate_media(color_scheme="light")
    page.set_content(PAGE.format(lang="en", shown=f"{SOUND}{wrong}</style><p>Hardly seen</p>"))
    known: set[int] = set()
    page.evaluate(AXE)
    look = BarsNobody("light", known)
    (found,) = look(page)
    assert found.startswith(f"{scheme}: color-contrast")
    # The same kind is as it was: another is not.
    page.set_content(PAGE.format(lang="en", shown=f"{SOUND}{wrong}</style><p>The same</p>"))
    page.evaluate(AXE)
    assert look(page) == []
    page.set_content(PAGE.format(lang="en", shown=f"{SOUND}{wrong}</style><p class='b'>Other</p>"))
    page.evaluate(AXE)
    assert len(look(page)) == 1


SMALL = "<style>button { all: unset; font-size: 8px; line-height: 9px; display: block }</style>"


def test_what_is_pressed_is_measured_once_of_a_kind(page: Page) -> None:
    known: set[int] = set()
    look = BarsNobody("light", known)
    for kinds, count in (("ab", 2), ("ab", 0), ("ac", 1)):
        buttons = "".join(f'<button class="{kind}">Do</button>' for kind in kinds)
        page.set_content(PAGE.format(lang="en", shown=f"<h1>A page</h1>{SMALL}{buttons}"))
        page.evaluate(AXE)
        found = [each for each in look(page) if "target-size" in each]
        assert len(found) == count, (kinds, found)


@pytest.mark.parametrize(
    ("lang", "shown", "name"),
    [
        ("zh", "<button></button>", "button-name"),
        ("zh", '<a href="/"></a>', "link-name"),
        ("zh", "<input>", "label"),
        ("no language", SOUND, "html-lang-valid"),
        ("zh", '<p style="color: #999">Hardly seen</p>', "color-contrast"),
    ],
)
def test_what_words_can_change_is_found_in_each_language(
    page: Page, lang: str, shown: str, name: str
) -> None:
    page.set_content(PAGE.format(lang=lang, shown=shown))
    page.evaluate(AXE)
    found = BarsNobody("light", set(), options=WORDS)(page)
    assert any(f": {name}:" in each for each in found)


def test_every_rule_about_words_is_one_of_the_standards(page: Page) -> None:
    page.set_content(PAGE.format(lang="en", shown=SOUND))
    page.evaluate(AXE)
    rules = page.evaluate("tags => axe.getRules(tags).map(rule => rule.ruleId)", STANDARDS)
    assert {*WORD_RULES, *STYLE_RULES} <= set(rules)


CUT = (
    '<p style="width: 5em; overflow: hidden; white-space: nowrap"{more}>More than fits in there</p>'
)


@pytest.mark.parametrize(
    ("shown", "count"),
    [
        (CUT.format(more=""), 3),
        (CUT.format(more=' title="More than fits in there"'), 3),
        (
            CUT.format(more=' class="nobody sees"').replace(
                "width", "clip-path: inset(50%); width"
            ),
            0,
        ),
        ('<p style="overflow: hidden">As much as fits</p>', 0),
        ('<p style="width: 500px">Wide</p>', 1),
    ],
)
def test_what_is_cut_off_is_found(page: Page, shown: str, count: int) -> None:
    page.set_content(PAGE.format(lang="en", shown=shown))
    assert len(fits_every_width(page)) == count
