"""What attackers type, and how an answer shows that it was taken for more than text."""

import csv
import io
from collections.abc import Iterable, Iterator
from urllib.parse import quote
from xml.etree.ElementTree import Element

# A tag that is none of ours, and a sum that no page works out by itself.
TAG, SUM = "x-evil", "62710561"
# Fits into almost every field, so that it gets further than the door.
MARK = "=<x-evil>{{7919*7919}}'\""
FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n")
HOSTILE = (
    MARK,
    "@${7919*7919}</x-evil>",
    "=cmd|' /C calc'!A0",
    "+{% for x in ().__class__.__base__.__subclasses__() %}",
    "<script>alert(1)</script><x-evil onload=alert(1)>",
    "\u202egnp.exe\u2066",
    "lone \ud800 surrogate",
    "nothing\x00left",
    "ada@example.com\r\nBcc: eve@example.com\r\n\r\nhello",
    "x" * 50_000,
    "#let x = read(\"/etc/passwd\")\n#x $1/0$ \\#",
    "' OR 1=1; DROP TABLE accounts; --",
)  # fmt: skip


def form_body(fields: Iterable[tuple[str, str]]) -> str:
    """Encode a form as a hostile client would, with what is no UTF-8 in it."""
    pairs = (
        f"{quote(name)}={quote(text.encode('utf-8', 'surrogatepass'))}" for name, text in fields
    )
    return "&".join(pairs)


def faults_at_sight(html: str) -> Iterator[str]:
    """Tell as much as can be seen without reading the page as a browser does."""
    if SUM in html:
        yield "a template was evaluated"
    if f"<{TAG}" in html or MARK in html or "<script>alert" in html:
        yield "a text stands unescaped"


def faults_of_page(html: str, root: Element) -> Iterator[str]:
    """Tell where a page, as a browser reads it, took a text for markup or for a template."""
    yield from faults_at_sight(html)
    if any(element.tag == TAG for element in root.iter()):
        yield "a text became an element"
    # Quotes that were not escaped would let a text out of its attribute.
    for element in root.iter():
        if any(TAG in name for name in element.attrib):
            yield f"a text became an attribute of {element.tag}"


def faults_of_csv(text: str) -> Iterator[str]:
    """Tell which cells a spreadsheet would take for a formula."""
    for row in csv.reader(io.StringIO(text)):
        for cell in row:
            is_number = cell.lstrip("-").replace(".", "", 1).isdigit()
            if cell.startswith(FORMULA_BEGINS) and not is_number:
                yield f"a cell begins like a formula: {cell!r}"
