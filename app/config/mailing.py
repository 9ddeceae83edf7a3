"""Where mails leave, and whom they come from."""

import re
from collections.abc import Mapping

from app.config.reading import SettingError, split_address

# An address alone, or behind a name; a line break would begin another header.
MAIL_FROM = re.compile(r"[^\s<>@]+@[^\s<>@]+|[^\r\n<>@]+ <[^\s<>@]+@[^\s<>@]+>")


def read_smtp_url(given: str, *, production: bool) -> str:
    """Return the mail server; none where mails are kept to be read on a page."""
    if not given:
        if production:
            raise SettingError("SMTP_URL is missing: customers learn by mail what they owe.")
        return ""
    parts = split_address(given)
    beyond = parts.path.strip("/") or parts.query or parts.fragment
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or beyond:
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
