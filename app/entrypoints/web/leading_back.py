"""Addresses that only forms are sent to: whoever opens one is led to the page its form stands on.

A refused form leaves such an address in the address bar, and Enter or a bookmark asks for it.
"""

from urllib.parse import quote, urlencode

from flask import current_app, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from app.foundation.web_addresses import split_address

HOME = "/"
LOOKING = ("GET", "HEAD")
# What a page that refreshes itself has shown already: that is not part of what it shows.
SEEN = "seen"


def is_only_looked_at() -> bool:
    """Tell whether the request would change nothing: then there may be a page to lead to."""
    return request.method in LOOKING


def lead_back() -> ResponseReturnValue:
    """Lead to the nearest page above: forms are sent below the page that they stand on."""
    return redirect(_asked(_page_above(request.path)), 303)


def page_of_form() -> str:
    """Return the page that the form stands on which was sent: where it was sent to, or above."""
    return _asked(request.path if _is_page(request.path) else _page_above(request.path))


def page_of_fragment() -> str:
    """Return the page that the fragment belongs to, as it was, or as it was to be shown next."""
    page = split_address(request.headers.get("HX-Current-URL", ""))
    query = page.query
    if is_only_looked_at() and request.path == page.path:
        named = [each for each in request.args.items(multi=True) if each[0] != SEEN]
        query = urlencode(named) or query
    return f"{page.path}?{query}" if query else page.path


def _asked(path: str) -> str:
    # What a form was about, it is about on its page as well.
    asked = request.query_string.decode("ascii", "replace")
    page = quote(path)
    return f"{page}?{asked}" if asked else page


def _page_above(path: str) -> str:
    while path != HOME:
        path = path.rpartition("/")[0] or HOME
        if _is_page(path):
            return path
    return HOME


def _is_page(path: str) -> bool:
    addresses = current_app.create_url_adapter(request)
    if addresses is None:
        return False
    try:
        addresses.match(path, method="GET")
    except HTTPException:
        # Nor is one that only leads on, as one with two slashes side by side does.
        return False
    return True
