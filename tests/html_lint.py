"""Reads every HTML answer of a test as a browser would, and says what is wrong with it.

What the API answers is held to its description by the same client.
"""

import contextvars
import copy
import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

import html5lib
from flask.testing import FlaskClient
from html5lib.constants import E as PARSE_ERRORS
from werkzeug.test import TestResponse

from app.foundation.database import session
from tests.api_description import undescribed

UNLABELLED_TYPES = {"hidden", "submit", "button", "reset", "image"}
REQUESTS = ("hx-get", "hx-post", "hx-put", "hx-patch", "hx-delete")
# A fragment is read where it will stand: a row is an error anywhere but in a table.
PLACES = {"tr": "tbody", "td": "tr", "th": "tr", "option": "select", "tbody": "table"}
# Both databases, and many cases of a table, show the same pages, but for figures and words.
# Whatever was not escaped is a tag, and so no word.
WORDS_AND_FIGURES = re.compile(r"(?<=>)[^<>]+(?=<)|[\w.:+%-]*\d[\w.:+%-]*")
FIRST_TAG = re.compile(r"\s*(?:<!--.*?-->\s*)*<([a-zA-Z0-9]+)", re.DOTALL)
# What no rule here asks for, so that it makes no other frame: where links lead, what is sent along.
UNASKED = re.compile(r'(?<=\s)(?:action|content|href|title|value)="[^"<>&]*"')
# What a page is about, and what stands around it.
MAIN = re.compile(r"(.*?<main\b[^>]*>)(.*)(</main>.*)", re.DOTALL)

_sound: set[int] = set()
_frames: dict[str, Element | None] = {}


class LintingClient(FlaskClient):
    """A test client that refuses faulty HTML, and answers that the API does not describe.

    Each request runs in a context of its own, as on a server: it shares neither the session nor
    `flask.g` with the test or with the request before. (So `with client:` is of no use here.)
    """

    def open(self, *args: object, **changes: object) -> TestResponse:
        assert not (session.new or session.dirty), "commit before asking the app"
        # A snapshot of the test's own would outlive the request and hide what it did.
        session.commit()
        changes["buffered"] = True
        response = contextvars.Context().run(super().open, *args, **changes)
        session.expire_all()
        if response.mimetype == "text/html":
            check(response.text, is_fragment="HX-Request" in response.request.headers)
        unsaid = list(undescribed(response))
        assert not unsaid, "the description of the API does not say:\n" + "\n".join(unsaid)
        return response


def check(html: str, *, is_fragment: bool) -> None:
    """Assert that a page, or a fragment of one, is sound; what is built alike is read once."""
    built = hash((WORDS_AND_FIGURES.sub("", html), is_fragment))
    if built in _sound:
        return
    if not is_sound_in_parts(html):
        found = list(faults(html, is_fragment=is_fragment))
        assert not found, "the answer's HTML is faulty:\n" + "\n".join(found)
    _sound.add(built)


def is_sound_in_parts(html: str) -> bool:
    """Tell whether a page is sound by its frame, which is parsed once, and by what it is about.

    Most of the time went into the same frames. Whatever is not sound so is parsed as a whole.
    """
    parts = MAIN.fullmatch(html)
    if parts is None or html.count("<main") + html.count("</main") > 2:
        return False
    frame = _frame(parts[1] + parts[3])
    if frame is None:
        return False
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    about = parser.parseFragment(parts[2], container="main")
    root = copy.deepcopy(frame)
    root.find("body/main").extend(about)
    return not parser.errors and not any(_Page(root).faults(is_whole=True))


def _frame(html: str) -> Element | None:
    """Return a page without what it is about, if it parses and nothing but its body is around."""
    built = WORDS_AND_FIGURES.sub("", UNASKED.sub("", html))
    if built not in _frames:
        parser = html5lib.HTMLParser(namespaceHTMLElements=False)
        root = parser.parse(html)
        is_sound = not parser.errors and root.find("body/main") is not None
        _frames[built] = root if is_sound else None
    return _frames[built]


def faults(html: str, *, is_fragment: bool = False) -> Iterator[str]:
    """Say in one line each what is wrong with a page, or with a fragment of one."""
    # htmx also gets whole pages: when it restores its history, or follows a redirect.
    whole = not is_fragment or html.lstrip()[:9].lower() == "<!doctype"
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    if whole:
        root = parser.parse(html)
    else:
        first = FIRST_TAG.match(html)
        place = PLACES.get(first[1].lower(), "div") if first else "div"
        root = parser.parseFragment(html, container=place)
    for (line, column), code, details in parser.errors:
        yield f"line {line}, column {column}: {PARSE_ERRORS.get(code, code) % details}"
    yield from _Page(root).faults(is_whole=whole)


class _Page:
    def __init__(self, root: Element) -> None:
        self.elements = [element for element in root.iter() if isinstance(element.tag, str)]
        self.parents = {child: parent for parent in self.elements for child in parent}
        self.ids = [element.get("id") for element in self.elements if "id" in element.attrib]
        self.labelled = {e.get("for") for e in self.elements if e.tag == "label"}

    def faults(self, *, is_whole: bool) -> Iterator[str]:
        yield from self.repeated_ids()
        for element in self.elements:
            yield from self.faults_of(element)
            if is_whole:
                yield from self.dangling_references(element)

    def repeated_ids(self) -> Iterator[str]:
        for name in sorted({name for name in self.ids if self.ids.count(name) > 1}):
            yield f'the id "{name}" stands more than once'

    def faults_of(self, element: Element) -> Iterator[str]:
        shown = _shown(element)
        if element.tag in ("input", "select", "textarea") and not self.is_labelled(element):
            yield f"{shown} has no label"
        if element.tag == "img" and "alt" not in element.attrib:
            yield f"{shown} has no alt text"
        if element.tag == "script" and not _is_allowed(element):
            yield f"{shown} is an inline script"
        if any(name in element.attrib for name in REQUESTS) and not self.has_target(element):
            yield f"{shown} has no hx-target, of its own or inherited"
        for name in element.attrib:
            if name == "style":
                yield f"{shown} has a style attribute"
            if name.startswith(("on", "hx-on")):
                yield f"{shown} has the handler {name}"

    def is_labelled(self, element: Element) -> bool:
        if element.tag == "input" and element.get("type", "text").lower() in UNLABELLED_TYPES:
            return True
        if element.get("aria-label", "").strip() or "aria-labelledby" in element.attrib:
            return True
        if element.get("id") in self.labelled and "id" in element.attrib:
            return True
        return any(above.tag == "label" for above in self.above(element))

    def has_target(self, element: Element) -> bool:
        return any("hx-target" in holder.attrib for holder in (element, *self.above(element)))

    def dangling_references(self, element: Element) -> Iterator[str]:
        target = element.get("hx-target", "")
        names = [element.get("for", ""), *element.get("aria-labelledby", "").split()]
        names += element.get("aria-describedby", "").split()
        if re.fullmatch(r"#[\w-]+", target):
            names.append(target[1:])
        for name in names:
            if name and name not in self.ids:
                yield f'{_shown(element)} points to "{name}", which is not on the page'

    def above(self, element: Element) -> Iterator[Element]:
        while element in self.parents:
            element = self.parents[element]
            yield element


def _is_allowed(script: Element) -> bool:
    return "src" in script.attrib or script.get("type") == "application/json"


def _shown(element: Element) -> str:
    """Return the start tag, for a reader who has to find it."""
    attributes = "".join(f' {name}="{value}"' for name, value in element.attrib.items())
    return f"<{element.tag}{attributes}>"
