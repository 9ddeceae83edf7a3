"""A customer's page as an operator may look at it: all that it says, and nothing that it does.

What a customer's page holds is worked over as HTML, so that whatever is added to these pages
later is shown here, too, and cannot do anything either. A form that is marked as holding what is
set says that in words; every other form vanishes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser

from markupsafe import Markup

from app.entrypoints.languages import translated
from app.foundation.sentences import say

# What is there to be filled in, pressed or chosen, and what a script would add of it.
DOING = {
    *("button", "fieldset", "form", "input", "label", "option", "select", "template", "textarea")
}
VOID = {"input"}
# What opens by a button alone, what stands in for it without scripts, and where a form is sent.
OPENED = "popover"
SENDING = {"no-script", "save-bar"}
# How a form that holds what is set is marked, and what it holds besides.
IS_SET = "data-is-set"
NOT_TOLD = {"button", "fieldset", "template"}
INPUTS_NOT_TOLD = {"hidden", "password", "range"}
# What a page asks for by itself, and what a script would follow.
ASKING = ("hx-", "data-refreshes", "data-updated", "data-copy", "data-slides")
FOLLOWED = "data-links"

ON, OFF = say("on"), say("off")
# What a field without anything in it says.
EMPTY = "–"

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
        # Whether a form that tells what is set is open, and what the open field of it holds.
        self._tells = False
        self._field: _Field | None = None

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        """Keep an element, or begin to leave it out."""
        if self._gone:
            self._depth += tag == self._gone
        elif self._vanishes(tag, dict(attrs)):
            if tag not in VOID:
                self._gone, self._depth = tag, 1
        elif tag == "a":
            self._link(attrs)
        elif tag in DOING:
            self._tell(tag, dict(attrs))
        else:
            self._keep(self._quiet(tag, attrs))

    def handle_startendtag(self, tag: str, attrs: Attributes) -> None:
        """Keep an element that holds nothing."""
        if not self._gone and not self._vanishes(tag, dict(attrs)):
            self._keep(self._quiet(tag, attrs))

    def handle_endtag(self, tag: str) -> None:
        """End an element, or stop leaving it out."""
        if not self._gone:
            self._end(tag)
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
        if self._field is not None:
            self._field.read(html)
        elif not self._gone:
            self.kept.append(html)

    def _vanishes(self, tag: str, attrs: Mapping[str, str | None]) -> bool:
        classes = set((attrs.get("class") or "").split())
        if OPENED in attrs or classes & SENDING:
            return True
        if tag == "script":
            return FOLLOWED in attrs
        if tag == "a":
            return "button" in classes and not self._lead(attrs.get("href") or "")
        if tag == "form":
            return IS_SET not in attrs
        is_told = self._tells and tag not in NOT_TOLD and attrs.get("type") not in INPUTS_NOT_TOLD
        return tag in DOING and not is_told

    def _link(self, attrs: Attributes) -> None:
        address = self._lead(dict(attrs).get("href") or "")
        self._link_end = "</a>" if address else "</span>"
        others = [(name, value) for name, value in attrs if name not in ("href", "download")]
        tag, there = ("a", [("href", address)]) if address else ("span", [])
        self._keep(_tag(tag, [*there, *_silent(others)]))

    def _tell(self, tag: str, attrs: Mapping[str, str | None]) -> None:
        """Say what a form or a field of it holds."""
        if tag == "form":
            self._tells = True
            self._keep('<div class="stack">')
        elif tag == "label":
            self._keep("<b>")
        elif tag == "textarea":
            self._field = _Field(is_read=True)
        elif tag == "select":
            self._field = _Field(is_read=False)
        elif tag == "option" and self._field is not None:
            self._field.is_read = "selected" in attrs
        elif attrs.get("type") == "checkbox":
            self._keep(_told(escape(str(translated(ON if "checked" in attrs else OFF)))))
        else:
            self._keep(_told(escape(attrs.get("value") or "")))

    def _end(self, tag: str) -> None:
        if self._field is not None:
            self._end_in_field(self._field, tag)
        elif tag == "form":
            self._tells = False
            self._keep("</div>")
        else:
            self._keep({"a": self._link_end, "label": "</b>"}.get(tag, f"</{tag}>"))

    def _end_in_field(self, open_field: "_Field", tag: str) -> None:
        # What stands between the choices of a list is none of them.
        open_field.is_read = False
        if tag in ("select", "textarea"):
            self._field = None
            self._keep(_told("".join(open_field.words).strip()))

    def _quiet(self, tag: str, attrs: Attributes) -> str:
        said = _silent(attrs)
        # As it was written, where nothing is taken away: drawings mind their capitals.
        return _tag(tag, said) if len(said) < len(attrs) else self.get_starttag_text() or ""


@dataclass
class _Field:
    """What an open field holds: the words of a text, or of the choice that was made."""

    is_read: bool
    words: list[str] = field(default_factory=list)

    def read(self, words: str) -> None:
        """Read on, if it is what the field holds."""
        if self.is_read:
            self.words.append(words)


def _told(words: str) -> str:
    return f'<p class="is-set">{words or EMPTY}</p>'


def _silent(attrs: Attributes) -> Attributes:
    return [(name, value) for name, value in attrs if not name.startswith(ASKING)]


def _tag(tag: str, attrs: Attributes) -> str:
    written = (name if value is None else f'{name}="{escape(value)}"' for name, value in attrs)
    return f"<{' '.join([tag, *written])}>"
