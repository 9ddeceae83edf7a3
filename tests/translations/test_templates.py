"""Templates speak every language: no sentence stands in one but as a message."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from tests.translations.messages import ROOT

ENVIRONMENT = Environment(extensions=["jinja2.ext.i18n"])
ENVIRONMENT.policies["ext.i18n.trimmed"] = True
# Read aloud or shown, wherever they stand.
SPOKEN = {"alt", "aria-description", "aria-label", "label", "placeholder", "title"}
WORD = re.compile(r"[^\W\d_]{2,}")
# What no template's text needs translated: code that people type, and names of things.
UNSPOKEN = {"code", "pre", "samp", "kbd", "style", "script", "title-of-brand"}
# Codes, classes and ids are of small letters without spaces, or with them of small letters alone.
SENTENCE = re.compile(
    r"(?:^|\s)[A-Z][a-z]|[a-z] [a-z]+[.,!?]|\b(?:a|and|are|for|is|no|not|of|the|was|your)\s"
)
GETTEXT = {"_", "gettext", "ngettext", "pgettext"}
TEMPLATES = [
    path
    for folder in ("components", "emails", "layouts", "web")
    for path in sorted((ROOT / "templates" / folder).rglob("*"))
    # The API speaks English alone, and so does what is said of it.
    if path.suffix in (".html", ".txt") and path.parent.name != "docs" and path.name != "docs.html"
]

# A macro may be told which element it is about.
UNNAMED_TAG = re.compile("(</?)\N{OBJECT REPLACEMENT CHARACTER}")


class Reader(HTMLParser):
    """Notes the words of a template's own text, and those of its spoken attributes."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the attributes say."""
        if tag in UNSPOKEN:
            self._inside.append(tag)
        self.words += [
            value for name, value in attrs if name in SPOKEN and WORD.search(value or "") and value
        ]

    def handle_endtag(self, tag: str) -> None:
        """Leave what is not spoken."""
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        """Note what is said."""
        if not self._inside and WORD.search(data):
            self.words.append(data.strip())


def bare_words(source: str) -> Iterator[str]:
    """Return what a template says outside of messages."""
    # Between two pieces of text there is something else: it must not join them to one word.
    texts = [data.data for data in ENVIRONMENT.parse(source).find_all(nodes.TemplateData)]
    reader = Reader()
    reader.feed(UNNAMED_TAG.sub(r"\1div", "\N{OBJECT REPLACEMENT CHARACTER}".join(texts)))
    reader.close()
    yield from reader.words


def bare_literals(source: str) -> Iterator[str]:
    """Return what a template's expressions say outside of messages: `card("Not paid")`."""
    tree = ENVIRONMENT.parse(source)
    said = {
        id(literal)
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name in GETTEXT
        for literal in call.find_all(nodes.Const)
    }
    for literal in tree.find_all(nodes.Const):
        text = literal.value
        if isinstance(text, str) and SENTENCE.search(text) and id(literal) not in said:
            yield text


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_template_says_nothing_but_messages(path: Path) -> None:
    source = path.read_text()
    assert [*bare_words(source), *bare_literals(source)] == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("<p>Hello</p>", ["Hello"]),
        ("<p>{% trans %}Hello{% endtrans %}</p>", []),
        ('<p>{{ _("Hello") }}</p>', []),
        ('<nav aria-label="Main"></nav>', ["Main"]),
        ('<nav aria-label="{{ _("Main") }}" class="wide"></nav>', []),
        ("<p>{{ amount }} of {{ whole }}</p>", ["of"]),
        ("<code>curl</code> · 5", []),
        ('<p class="{{ kind }} notice">{# a note #}</p>', []),
        ('<{{ element }} class="card">{{ words }}</{{ element }}>', []),
        ('<{{ element }} title="Main">Hello</{{ element }}>', ["Main", "Hello"]),
    ],
)
def test_bare_words_are_found(source: str, found: list[str]) -> None:
    assert [word.strip("\N{OBJECT REPLACEMENT CHARACTER} ") for word in bare_words(source)] == found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('{{ card("Not paid") }}', ["Not paid"]),
        ('{{ card("Paid") }}', ["Paid"]),
        ('{{ card("was not paid at all.") }}', ["was not paid at all."]),
        ('{{ card("not for sale") }}', ["not for sale"]),
        ('{{ field("input changed delay:250ms") }}', []),
        ('{{ card(_("Not paid"), "bad") }}', []),
        ('{{ card("button button-small") }}', []),
        ("{% trans %}Not paid{% endtrans %}", []),
    ],
)
def test_bare_literals_are_found(source: str, found: list[str]) -> None:
    assert list(bare_literals(source)) == found
