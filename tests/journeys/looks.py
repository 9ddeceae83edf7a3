"""What every page must keep: nobody is barred, nothing is cut, and one language is spoken."""

import re
import time
from collections.abc import Collection
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, ViewportSize

from tests.journeys.visitor import WIDER_THAN_SHOWN
from tests.translations.reading import english_words

STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
OPTIONS: dict[str, Any] = {
    "runOnly": {"type": "tag", "values": STANDARDS},
    "resultTypes": ["violations"],
    # Everything is there already: nothing more is fetched, or waited for.
    "preload": False,
}
# A phone, a desk, and the same desk at 200 %: half as wide, with twice the dots.
WIDTHS: list[ViewportSize] = [
    {"width": 390, "height": 844},
    {"width": 720, "height": 450},
    {"width": 1440, "height": 900},
]
DRAWN_WITHIN_SECONDS = 3
LOOK_EVERY_SECONDS = 0.05
# What a page says that no translator may touch: time zones have no other names, and code is code.
SAID_HTML = """
() => {
  const copy = document.documentElement.cloneNode(true);
  copy.querySelectorAll("[lang=en], select[name=timezone], #user-id").forEach(e => e.remove());
  return copy.outerHTML;
}
"""
# Ids, keys, codes and files; addresses of mails and of pages.
IDS = re.compile(
    r"\b(pay|inv|re|pi|cs|ch|evt|user|plan)[-_]\w*|\bobl_[\w-]+|\bPREFIX-\w+"
    r"|\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b|[\w-]+\.json"
    r"|[^\s\"<>]+@[^\s\"<>]+|https?://[^\s\"<>]+"
)
AXE = Axe().axe_script
HAS_AXE = "() => 'axe' in window"
LOOK = "async (options) => (await axe.run(options)).violations"


def brings_axe(context: BrowserContext) -> None:
    """Give every page that is opened from now on the script that looks at it, while it loads."""
    context.add_init_script(AXE)


def bars_nobody(page: Page) -> list[str]:
    """Return what axe-core finds against WCAG 2.2 AA."""
    if not page.evaluate(HAS_AXE):
        # To bring it afterwards takes twice as long.
        page.evaluate(AXE)
    found = page.evaluate(LOOK, OPTIONS)
    return [
        f"{each['id']}: {node['html'][:200]} {node['failureSummary']}"
        for each in found
        for node in each["nodes"]
    ]


def fits_every_width(page: Page) -> list[str]:
    """Return at which widths the page has to be pushed sideways."""
    return [f"{shown['width']} px are too few" for shown in WIDTHS if not _fits(page, shown)]


def speaks_chinese(*, data: Collection[str]) -> Any:
    """Return a look for what is still said in English, but for names and what was typed in."""

    def look(page: Page) -> list[str]:
        if page.evaluate("document.documentElement.lang") == "en":
            # The API speaks English alone, and so does what is said of it.
            return [] if page.url.endswith("/v1/docs") else ["says that it is English"]
        words = english_words(IDS.sub("", page.evaluate(SAID_HTML)), data=data)
        return [f"English words: {sorted(words)}"] if words else []

    return look


def _fits(page: Page, shown: ViewportSize) -> bool:
    page.set_viewport_size(shown)
    # Charts are drawn anew a moment after the window has changed.
    deadline = time.monotonic() + DRAWN_WITHIN_SECONDS
    while page.evaluate(WIDER_THAN_SHOWN) > 0:
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_EVERY_SECONDS)
    return True
