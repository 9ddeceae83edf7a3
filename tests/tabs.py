"""Pages that stand open in a browser, and what their forms send."""

import re
from html import unescape

from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict


def shown_on(page: str) -> str:
    """Return what the page's form sends along of what it was shown."""
    return unescape(re.search(r'name="shown" value="([^"]*)"', page)[1])


def tab(browser: FlaskClient, address: str) -> MultiDict[str, str]:
    """Open a page, and return what its form sends if nothing is touched."""
    page, sent = browser.get(address).text, MultiDict[str, str]()
    for field in re.findall(r"<input[^>]*>", page):
        name, value = (re.search(rf' {part}="([^"]*)"', field) for part in ("name", "value"))
        is_sent = 'type="checkbox"' not in field or " checked" in field
        if name and name[1] != "csrf_token" and is_sent:
            sent.add(name[1], unescape(value[1]) if value else "")
    for name, choices in re.findall(r'<select[^>]* name="(\w+)"(.*?)</select>', page, re.S):
        chosen = re.search(r'<option[^>]* selected value="([^"]*)"', choices)
        sent[name] = chosen[1] if chosen else ""
    for name, lines in re.findall(r'<textarea[^>]* name="(\w+)"[^>]*>(.*?)</textarea>', page, re.S):
        sent[name] = unescape(lines).lstrip("\r\n").replace("\n", "\r\n")
    return sent


def with_typed(sent: MultiDict[str, str], **typed: str) -> MultiDict[str, str]:
    """Return what is sent once something else is typed, or a box unticked."""
    changed = sent.copy()
    for name, value in typed.items():
        changed[name] = value
    return changed
