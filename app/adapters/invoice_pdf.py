"""Invoices, receipts and credit notes as PDF, set by Typst: the same bytes each time, everywhere.

The fonts are our own files, the date is the document's own, and the template reads nothing but
one JSON value: what customers have called things is text there, and never markup.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

import typst

from app.domain.invoices.documents import (
    Document,
    DocumentKind,
    DocumentLine,
    GivenBack,
    Settled,
    Tax,
    address_lines,
)
from app.foundation.figures import (
    MINUS,
    count,
    dollars,
    payment_method,
    rate,
    usd_of_minor,
)
from app.foundation.languages import territories
from app.foundation.money import usd_from_nanos
from app.foundation.sentences import Day, in_language, say, say_about

ROOT = Path(__file__).resolve().parent.parent.parent
TEMPLATE = ROOT / "templates/pdf/document.typ"
FONTS = (ROOT / "static/vendor/inter-ttf-0.4.2", ROOT / "static/vendor/noto-sans-sc-0.4.3")
# No package is ever looked for, here or on the network.
NO_PACKAGES = ROOT / "templates/pdf/packages"

TITLES = {
    DocumentKind.INVOICE: say("Invoice"),
    DocumentKind.RECEIPT: say("Receipt"),
    DocumentKind.CREDIT_NOTE: say("Credit note"),
}
HEADS = (say("Description"), say("Tokens"), say("USD per 1,000"), say("Amount"))
# The template counts the pages, and fills these places itself.
PAGE = say("Page {page} of {pages}")
# Control characters, and the marks that turn the direction of whatever follows them.
UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff]"
)
# Where a word is longer than its column, it may be broken after so many characters; Chinese may be
# broken anywhere, and is so by its own rules.
LONG_WORD = re.compile(r"[^\s\u3000-\u9fff\uff00-\uffef-]{24}(?=[^\s\u3000-\u9fff\uff00-\uffef-])")
ZERO_WIDTH_SPACE = "\u200b"
PRICE_DECIMALS_MIN = 2
A_DAY = timedelta(days=1)
# Nobody names anything at such length but to see what happens; the rest is cut off.
TEXT_LENGTH_MAX = 2_000
NAME_LENGTH_MAX = 80
ADDRESS_LINES_MAX = 12

Pair = tuple[str, object]


def render_pdf(document: Document) -> bytes:
    """Return the document as a PDF file."""
    pdf = typst.compile(
        TEMPLATE,
        root=TEMPLATE.parent,
        font_paths=_fonts(),
        ignore_system_fonts=True,
        package_path=NO_PACKAGES,
        package_cache_path=NO_PACKAGES,
        format="pdf",
        sys_inputs={"document": json.dumps(_printed(document), ensure_ascii=False)},
        # A file's date knows no fractions of a second.
        timestamp=_made_at(document).replace(microsecond=0),
    )
    assert isinstance(pdf, bytes), "one document is one file"
    return pdf


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=list(FONTS)
    )


def _printed(document: Document) -> object:
    """Return what the template prints: everything as its text, in the document's language."""
    return _told(_sheet(document), document.language)


def _sheet(document: Document) -> Mapping[str, object]:
    """Return what stands on the sheet, in any language."""
    rows = [_row(line, decimals=_decimals(document.lines)) for line in document.lines]
    spoken = document.language
    return {
        "title": TITLES[document.kind],
        "number": _cut(document.number, most=NAME_LENGTH_MAX),
        "language": spoken,
        "headline": _headline(document),
        "facts": list(_facts(document)),
        "seller": {
            "title": say_about("who sells", "From"),
            "lines": _party(document.seller, language=spoken),
        },
        "buyer": {"title": say("Billed to"), "lines": _party(document.buyer, language=spoken)},
        "heads": HEADS,
        "rows": rows,
        "counted": any(row[1] or row[2] for row in rows),
        "sums": list(_sums(document)),
        "total": [
            say("Total, {currency}", {"currency": document.currency}),
            usd_of_minor(document.total_minor),
        ],
        "after": list(_after_total(document)),
        "notes": document.notes,
        "footer": _cut(str(document.seller.get("name") or ""), most=NAME_LENGTH_MAX),
        "zone": say("Dates are in UTC"),
        "page": PAGE,
    }


def _headline(document: Document) -> Pair:
    amount = usd_of_minor(document.due_minor)
    if document.kind is DocumentKind.CREDIT_NOTE:
        issued = {"day": Day(document.issued_at)}
        return usd_of_minor(document.total_minor), say("credited on {day}", issued)
    if document.settled is not None:
        return amount, say("paid on {day}", {"day": Day(document.settled.paid_at)})
    assert document.due_at is not None, "what is not paid is due some day"
    return amount, say("due on {day}", {"day": Day(document.due_at)})


def _facts(document: Document) -> Iterator[Pair]:
    is_receipt = document.kind is DocumentKind.RECEIPT
    yield say("Receipt for") if is_receipt else say("Number"), document.number
    if document.kind is DocumentKind.CREDIT_NOTE:
        yield say("For invoice"), document.invoice_number
    if document.used_in is not None:
        # The end is exclusive; people name the last day.
        last = Day(document.used_in.ends_at - A_DAY)
        days = {"first": Day(document.used_in.starts_at), "last": last}
        yield say("Usage"), say("{first} to {last}", days)
    yield say_about("when", "Issued"), Day(document.issued_at)
    if document.due_at is not None:
        yield say_about("when", "Due"), Day(document.due_at)
    if document.settled is not None:
        yield from _payment_facts(document.settled)
    if document.given_back is not None:
        yield from _given_back_facts(document.given_back)


def _payment_facts(settled: Settled) -> Iterator[Pair]:
    yield say_about("when", "Paid"), Day(settled.paid_at)
    if settled.method:
        yield say("Paid by"), payment_method(settled.method)
    if settled.transaction_id:
        yield say("Transaction"), settled.transaction_id


def _given_back_facts(given: GivenBack) -> Iterator[Pair]:
    if given.to_method_minor and given.method:
        yield say("Refunded to"), _destination(given.method, given.to_method_minor, given)
    if given.to_credit_minor:
        yield say("Added to"), _destination("account credit", given.to_credit_minor, given)
    if _clean(given.reason):
        yield say("Reason"), given.reason


def _destination(method: str, minor: int, given: GivenBack) -> str:
    """Name where money goes; the amount beside it where it goes two ways."""
    name = payment_method(method)
    if not (given.to_credit_minor and given.to_method_minor):
        return name
    return say("{where}: {amount}", {"where": name, "amount": usd_of_minor(minor)})


def _party(party: Mapping[str, object], *, language: str) -> list[str]:
    """Return who it is: the name first, then whatever else is known."""
    said = {name: str(value) for name, value in party.items() if value}
    name, country = said.get("name", ""), said.get("country", "")
    called = territories(language).get(country, country)
    address = address_lines(said.get("address", ""), beside=(name, country, called))
    tax_id = said.get("vat_id") or said.get("tax_id")
    lines = [
        name,
        *address[:ADDRESS_LINES_MAX],
        called,
        say("VAT ID {tax_id}", {"tax_id": tax_id}) if tax_id else "",
        said.get("email", ""),
        say("Account {user_id}", {"user_id": said["user_id"]}) if "user_id" in said else "",
    ]
    return [line for line in lines if _clean(line)]


def _decimals(lines: Sequence[DocumentLine]) -> int:
    """Return how many decimals the prices need: all get as many, so that they stand in line."""
    needed = [PRICE_DECIMALS_MIN]
    for line in lines:
        if line.unit_price_nanos is not None:
            exponent = usd_from_nanos(line.unit_price_nanos).as_tuple().exponent
            needed.append(-exponent if isinstance(exponent, int) else 0)
    return max(needed)


def _row(line: DocumentLine, *, decimals: int) -> tuple[str, str, str, str]:
    price = line.unit_price_nanos
    return (
        line.description,
        "" if line.quantity is None else count(line.quantity),
        "" if price is None else dollars(round(usd_from_nanos(price), decimals)),
        usd_of_minor(line.amount_minor),
    )


def _sums(document: Document) -> Iterator[Pair]:
    """Return what stands between the lines and the total, if the total is not all there is."""
    if document.discounts or document.tax is not None:
        yield say("Subtotal"), usd_of_minor(document.subtotal_minor)
    for discount in document.discounts:
        yield discount.name, usd_of_minor(-discount.amount_minor)
    if document.tax is not None:
        yield _tax_name(document.tax), usd_of_minor(document.tax.amount_minor)


def _tax_name(tax: Tax) -> str:
    name = tax.name if _clean(tax.name) else say("Tax")
    return say("{tax} {rate}", {"tax": name, "rate": rate(tax.rate_bp)}) if tax.rate_bp else name


def _after_total(document: Document) -> Iterator[Pair]:
    if document.credit_used_minor:
        yield say("Account credit used"), f"{MINUS}{usd_of_minor(document.credit_used_minor)}"
    if document.settled is not None:
        yield say("Paid"), usd_of_minor(document.settled.amount_minor)
    elif document.credit_used_minor:
        yield say("To pay"), usd_of_minor(document.due_minor)


def _made_at(document: Document) -> datetime:
    """Return the moment that the file is dated: the document's, not that of its making."""
    if document.kind is DocumentKind.RECEIPT and document.settled is not None:
        return document.settled.paid_at
    return document.issued_at


def _told(value: object, language: str) -> object:
    """Return all texts, sentences and days in it as they are printed in the language."""
    match value:
        case Mapping():
            return {name: _told(each, language) for name, each in value.items()}
        case list() | tuple():
            return [_told(each, language) for each in value]
        case bool():
            return value
    return _clean(str(in_language(value, language)))


def _clean(text: str) -> str:
    """Return the text as it can be printed: nothing unseen, and no word wider than the page."""
    return LONG_WORD.sub(lambda word: word[0] + ZERO_WIDTH_SPACE, _cut(text, most=TEXT_LENGTH_MAX))


def _cut(text: str, *, most: int) -> str:
    """Return what is seen of the text, and not more of it than that."""
    seen = " ".join(UNSEEN.sub(" ", text).split())
    return seen if len(seen) <= most else f"{seen[: most - 1]}…"
