"""Where mails leave, and whom they come from."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from app.config.reading import SettingError

# An address alone, or behind a name; a line break would begin another header.
MAIL_FROM = re.compile(r"[^\s<>@]+@[^\s<>@]+|[^\r\n<>@]+ <[^\s<>@]+@[^\s<>@]+>")


def read_smtp_url(given: str, *, production: bool) -> str:
    """Return the mail server; none where mails are kept to be read on a page."""
    if not given:
        if production:
            raise SettingError("SMTP_URL is missing: customers learn by mail what they owe.")
        return ""
    parts = urlsplit(given)
    try:
        port_given, is_known = parts.port, parts.scheme in ("smtp", "smtps")
    except ValueError:
        port_given, is_known = 0, False
    beyond = parts.path.strip("/") or parts.query or parts.fragment
    if not is_known or not parts.hostname or port_given == 0 or beyond:
        raise SettingError("SMTP_URL must read like smtp://user:password@host:587 or smtps://….")
    if bool(parts.username) != bool(parts.password):
        raise SettingError("SMTP_URL must name both a user and a password, or neither.")
    return given


def read_mail_from(values: Mapping[str, str]) -> str:
    """Return whom mails come from; needed where there is a server."""
    given = values.get("MAIL_FROM", "")
    if not given:
        if values.get("SMTP_URL"):
            raise SettingError("MAIL_FROM is missing: mails need a sender's address.")
        return ""
    if not MAIL_FROM.fullmatch(given):
        raise SettingError("MAIL_FROM must read like Billing <billing@example.com>.")
    return given
