"""Finds every message of code and templates, and the catalog that it belongs in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from babel.messages.extract import extract_from_file

ROOT = Path(__file__).resolve().parent.parent.parent
CATALOGS = ROOT / "app/translations"
KEYWORDS = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "field_label": None,
    "say": (1,),
    "say_about": ((1, "c"), 2),
    "say_count": (1, 2),
}
TEMPLATE_OPTIONS = {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}
# Which catalog a message stands in, by where it is said first; the first that fits.
AREAS = {
    "mails": ("app/domain/mails", "app/entrypoints/letters.py", "templates/emails"),
    "operator": (
        *(
            "app/adapters/price_table.py",
            "app/entrypoints/web/operator",
            "templates/web/operator",
            "templates/components/operator",
        ),
        *("templates/components/console.html", "templates/layouts/console.html"),
    ),
    "documents": (
        "app/adapters/invoice_pdf.py",
        *(f"app/domain/invoices/{words}.py" for words in ("documents", "line_words", "plan_lines")),
    ),
    "money": tuple(
        f"{floor}/{subject}"
        for floor in ("app/domain", "app/entrypoints/web", "templates/web", "templates/components")
        for subject in (
            *("coupon", "invoice", "payment", "plans", "saving_cards", "subscriptions"),
            *("token", "top_up"),
        )
    ),
    "usage": tuple(
        f"{floor}/{subject}"
        for floor in ("app/domain", "app/entrypoints/web", "templates/web", "templates/components")
        for subject in ("alerts", "catalog", "charts", "overview", "reporting", "usage")
    ),
    "access": tuple(
        f"{floor}/{subject}"
        for floor in ("app/domain", "app/entrypoints/web", "templates/web", "templates/components")
        for subject in (
            *("access", "accounts", "belongings", "confirming", "factors", "journal", "key"),
            *("links", "mails", "security", "setting", "signing_in", "tries"),
        )
    ),
}
ELSEWHERE = "shared"


@dataclass(frozen=True, slots=True)
class Said:
    """A message as it stands in the source: one form, or two for one and for many."""

    forms: tuple[str, ...]
    context: str | None
    places: tuple[str, ...]

    @property
    def key(self) -> tuple[str, ...]:
        """Return what tells it from every other message."""
        return (self.context or "", self.forms[0])

    @property
    def area(self) -> str:
        """Return the name of the catalog that it belongs in."""
        for area, starts in AREAS.items():
            if any(place.startswith(starts) for place in self.places):
                return area
        return ELSEWHERE


@cache
def messages() -> Sequence[Said]:
    """Return every message that the app may say, in the order of their texts."""
    found: dict[tuple[str, ...], Said] = {}
    for path in _sources():
        for forms, context in _messages_in(path):
            place = path.relative_to(ROOT).as_posix()
            said = Said(forms, context, (place,))
            known = found.get(said.key)
            if known is not None:
                most = max(known.forms, forms, key=len)
                places = tuple(dict.fromkeys((*known.places, place)))
                said = Said(most, context, places)
            found[said.key] = said
    return tuple(sorted(found.values(), key=lambda said: said.key))


def _sources() -> Iterator[Path]:
    for folder, pattern in (("app", "*.py"), ("templates", "*.html"), ("templates", "*.txt")):
        for path in sorted((ROOT / folder).rglob(pattern)):
            if "sandbox" not in path.parts:
                yield path


def _messages_in(path: Path) -> Iterator[tuple[tuple[str, ...], str | None]]:
    method = "python" if path.suffix == ".py" else "jinja2.ext:babel_extract"
    options = {} if path.suffix == ".py" else TEMPLATE_OPTIONS
    extracted = extract_from_file(method, path, keywords=KEYWORDS, options=options)
    for _, message, _, context in extracted:
        forms = (message,) if isinstance(message, str) else tuple(message)
        yield forms, context
