"""A customer's page as an operator may look at it: all that it says, and nothing that it does.

What a customer's page holds is worked over as HTML, so that whatever is added to these pages
later is shown here, too, and cannot do anything either.
"""

from collections.abc import Callable, Sequence
from html import escape
from html.parser import HTMLParser

from markupsafe import Markup

# What is there to be filled in, pressed or chosen.
DOING = {"button", "fieldset", "form", "input", "label", "select", "textarea"}
VOID = {"input"}
# What a page asks for by itself, and what a script would follow.
ASKING = ("hx-", "data-refreshes", "data-updated", "data-copy")
FOLLOWED = "data-links"

Attributes = Sequence[tuple[str, str | None]]


def read_only(html: str, lead: Callable[[str], str | None]) -> Markup:
    """Return the HTML without anything that acts.

    `lead` says where a link goes instead; one that goes nowhere is shown as its words, and
    vanishes if it looks like a button.
    """
    reader = _Reader(lead)
    reader.feed(html)
    reader.close()
    return Markup("".join(reader.kept))  # noqa: S704  # nosec B704  # Jinja has escaped it


class _Reader(HTMLParser):
    """Keeps what only says something."""

    def __init__(self, lead: Callable[[str], str | None]) -> None:
        super().__init__(convert_charrefs=False)
        self.kept: list[str] = []
        self._lead = lead
        # The element that vanishes just now, and how many of its name are open in it.
        self._gone = ""
        self._depth = 0
        self._link_end = "</a>"

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        """Keep an element, or begin to leave it out."""
        if self._gone:
            self._depth += tag == self._gone
        elif self._vanishes(tag, attrs):
            if tag not in VOID:
                self._gone, self._depth = tag, 1
        elif tag == "a":
            self._link(attrs)
        else:
            self._keep(self._quiet(tag, attrs))

    def handle_startendtag(self, tag: str, attrs: Attributes) -> None:
        """Keep an element that holds nothing."""
        if not self._gone and not self._vanishes(tag, attrs):
            self._keep(self._quiet(tag, attrs))

    def handle_endtag(self, tag: str) -> None:
        """End an element, or stop leaving it out."""
        if not self._gone:
            self._keep(self._link_end if tag == "a" else f"</{tag}>")
            return
        self._depth -= tag == self._gone
        if self._depth == 0:
            self._gone = ""

    def handle_data(self, text: str) -> None:
        """Keep what is said."""
        self._keep(text)

    def handle_entityref(self, name: str) -> None:
        """Keep a character that has a name."""
        self._keep(f"&{name};")

    def handle_charref(self, name: str) -> None:
        """Keep a character that has a number."""
        self._keep(f"&#{name};")

    def _keep(self, html: str) -> None:
        if not self._gone:
            self.kept.append(html)

    def _vanishes(self, tag: str, attrs: Attributes) -> bool:
        if tag == "script":
            return FOLLOWED in dict(attrs)
        looks_like_button = "button" in (dict(attrs).get("class") or "").split()
        return tag in DOING or (tag == "a" and looks_like_button and not self._address(attrs))

    def _link(self, attrs: Attributes) -> None:
        address = self._address(attrs)
        self._link_end = "</a>" if address else "</span>"
        others = [(name, value) for name, value in attrs if name not in ("href", "download")]
        tag, there = ("a", [("href", address)]) if address else ("span", [])
        self._keep(_tag(tag, [*there, *_silent(others)]))

    def _address(self, attrs: Attributes) -> str | None:
        return self._lead(dict(attrs).get("href") or "")

    def _quiet(self, tag: str, attrs: Attributes) -> str:
        said = _silent(attrs)
        # As it was written, where nothing is taken away: drawings mind their capitals.
        return _tag(tag, said) if len(said) < len(attrs) else self.get_starttag_text() or ""


def _silent(attrs: Attributes) -> Attributes:
    return [(name, value) for name, value in attrs if not name.startswith(ASKING)]


def _tag(tag: str, attrs: Attributes) -> str:
    written = (name if value is None else f'{name}="{escape(value)}"' for name, value in attrs)
    return f"<{' '.join([tag, *written])}>"
