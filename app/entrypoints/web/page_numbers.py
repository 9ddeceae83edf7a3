"""Which page of a long list was asked for."""

from flask import request

PAGE_MAX = 10_000


def page_number() -> int:
    """Return the page of the address; the first for whatever is none."""
    text = request.args.get("page", "1")
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(PAGE_MAX))
    return min(max(int(text), 1), PAGE_MAX) if is_number else 1
