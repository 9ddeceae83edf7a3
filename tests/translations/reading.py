"""What a page still says in English to who reads Chinese."""

import re
from collections.abc import Collection
from html.parser import HTMLParser

WORD = re.compile(r"[A-Za-z]{3,}")
SPOKEN = {"alt", "aria-label", "label", "placeholder", "title"}
# What holds code, or what scripts read.
UNSPOKEN = {"code", "pre", "script", "style", "template"}
# Units, formats and names of things, which are the same in both languages.
NAMES = {"API", "CSV", "JSON", "UTC", "USD", "Token", "token", "Oblivious", "Pro", "Basic"}


class Page(HTMLParser):
    """Notes every word that is shown or read aloud."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the attributes say."""
        if tag in UNSPOKEN:
            self._inside.append(tag)
        for name, value in attrs:
            # A tooltip of an exact moment is one for programs: 2026-11-22T12:00:00Z.
            if name in SPOKEN and value:
                self.words += WORD.findall(value)

    def handle_endtag(self, tag: str) -> None:
        """Leave what is not spoken."""
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        """Note what is said."""
        if not self._inside:
            self.words += WORD.findall(data)


def english_words(html: str, *, data: Collection[str] = ()) -> set[str]:
    """Return the English words of a page, but for names and what stands in the customer's data."""
    page = Page()
    page.feed(html)
    page.close()
    known = NAMES | {word for text in data for word in WORD.findall(text)}
    return set(page.words) - known


def main_of(html: str) -> str:
    """Return the part of a page that is its own: what stands in `<main>`."""
    return html[html.index("<main") : html.index("</main>")]
