"""What every page must keep: nothing is cut, and one language is spoken."""

import re
import time
from collections.abc import Callable, Collection

from playwright.sync_api import Page, ViewportSize

from tests.journeys.visitor import WIDER_THAN_SHOWN
from tests.translations.reading import english_words

# Returns what is wrong with a page.
Look = Callable[[Page], list[str]]

# A phone, a desk, and the same desk at 200 %: half as wide, with twice the dots.
WIDTHS: list[ViewportSize] = [
    {"width": 390, "height": 844},
    {"width": 720, "height": 450},
    {"width": 1440, "height": 900},
]
DRAWN_WITHIN_SECONDS = 3
LOOK_EVERY_SECONDS = 0.05
# What a page says that no translator may touch: code is code.
SAID_HTML = """
() => {
  const copy = document.documentElement.cloneNode(true);
  copy.querySelectorAll("[lang=en], #user-id").forEach(e => e.remove());
  return copy.outerHTML;
}
"""
# Ids, keys, codes and files; addresses of mails and of pages.
IDS = re.compile(
    r"\b(pay|inv|re|pi|cs|ch|evt|user|plan)[-_]\w*|\bobl_[\w-]+|\bPREFIX-\w+"
    r"|\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b|[\w-]+\.json"
    r"|[^\s\"<>]+@[^\s\"<>]+|https?://[^\s\"<>]+"
)
# Words that do not fit where they stand: a title tells them neither on a phone nor by keyboard.
# What nobody sees at all is said to those who listen.
CUT = """
() => [...document.body.querySelectorAll("*")].filter((each) => {
  const { clientWidth: shown, scrollWidth: wide } = each;
  if (wide <= shown + 1 || !each.textContent.trim()) return false;
  const { overflowX, clipPath } = getComputedStyle(each);
  return ["hidden", "clip"].includes(overflowX) && clipPath === "none";
}).map((each) => each.outerHTML.slice(0, 160))
"""


def fits_every_width(page: Page) -> list[str]:
    """Return at which widths the page has to be pushed sideways, or words are cut off."""
    return [
        f"at {shown['width']} px: {wrong}" for shown in WIDTHS for wrong in _cut_off(page, shown)
    ]


def speaks_chinese(*, data: Collection[str]) -> Look:
    """Return a look for what is still said in English, but for names and what was typed in."""

    def look(page: Page) -> list[str]:
        if page.evaluate("document.documentElement.lang") == "en":
            # The API speaks English alone, and so does what is said of it.
            return [] if page.url.endswith("/v1/docs") else ["says that it is English"]
        words = english_words(IDS.sub("", page.evaluate(SAID_HTML)), data=data)
        return [f"English words: {sorted(words)}"] if words else []

    return look


def _cut_off(page: Page, shown: ViewportSize) -> list[str]:
    page.set_viewport_size(shown)
    # Charts are drawn anew a moment after the window has changed.
    deadline = time.monotonic() + DRAWN_WITHIN_SECONDS
    while page.evaluate(WIDER_THAN_SHOWN) > 0:
        if time.monotonic() > deadline:
            return ["the page has to be pushed sideways"]
        time.sleep(LOOK_EVERY_SECONDS)
    return [f"words are cut off in {each}" for each in page.evaluate(CUT)]
