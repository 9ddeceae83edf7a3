"""Which page of a long list was asked for, and of which of its rows."""

from collections.abc import Collection, Mapping

from flask import request

from app.foundation.errors import InvalidFields
from app.foundation.paging import ID_MAX, Cursor

PAGE_MAX = 10_000


def page_number() -> int:
    """Return the page of the address; the first for whatever is none."""
    return min(max(_number("page", most=PAGE_MAX) or 1, 1), PAGE_MAX)


def choices_in_query(choices: Mapping[str, Collection[str]]) -> dict[str, str]:
    """Return what the address chooses, by name; what is no choice at all is left out."""
    asked = {name: request.args.get(name, "") for name in choices}
    return {name: value for name, value in asked.items() if value in choices[name]}


def row_before(name: str = "before") -> int | None:
    """Return the row of the address that older ones lie before; none for whatever is no row."""
    number = _number(name, most=ID_MAX)
    return number if number is not None and number <= ID_MAX else None


def cursor_asked() -> Cursor | None:
    """Return the place of the address after which a page begins; none for whatever is none."""
    try:
        return Cursor.parse(request.args.get("cursor", ""))
    except InvalidFields:
        return None


def _number(name: str, *, most: int) -> int | None:
    text = request.args.get(name, "")
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(most))
    return int(text) if is_number else None
