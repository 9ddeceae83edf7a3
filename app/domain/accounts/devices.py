"""Which browser somebody comes with, in words that its owner knows again. Pure."""

import hashlib
from dataclasses import dataclass

from app.foundation.sentences import say

# The first that is found: most browsers name others beside themselves.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
)
UNKNOWN = say("Unknown browser")
ON = " on "


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a request comes from: a browser in words, and a network address."""

    device: str
    address: str


def device_named(user_agent: str) -> str:
    """Return what a browser calls itself, as people say it: Firefox on Linux."""
    browser = _first(BROWSERS, user_agent) or UNKNOWN
    system = _first(SYSTEMS, user_agent)
    if system is None:
        return browser
    return say("{browser} on {system}", {"browser": browser, "system": system})


def device_in_words(device: str) -> str:
    """Return what `device_named` found, for readers of any language."""
    browser, _, system = device.partition(ON)
    named = UNKNOWN if browser == UNKNOWN else browser
    return say("{browser} on {system}", {"browser": named, "system": system}) if system else named


def digest_of(token: str) -> str:
    """Return what is stored of a random token: SHA-256, enough for 256 random bits."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _first(known: tuple[tuple[str, str], ...], user_agent: str) -> str | None:
    return next((name for mark, name in known if mark in user_agent), None)
