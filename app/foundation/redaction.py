"""What must not stand in a log: keys, passwords, tokens and mail addresses. Pure."""

import re

BLANK = "[…]"
# What is kept of each tells what it was: the kind of a key, the place of a password.
_SECRETS = (
    # Ours: the eight characters that find a key may be known, the rest may not.
    re.compile(r"(\bobl_(?:sk|gw|op)_[0-9A-Za-z]{8})[0-9A-Za-z]+"),
    re.compile(r"(\b(?:sk|rk)_(?:live|test)_)\w+"),
    re.compile(r"(\bwhsec_)[^\s\"'\\,;]+"),
    re.compile(r"(\b(?:Bearer|Basic)\s+)[^\s\"'\\,;]+", re.IGNORECASE),
    # Up to the last @ of the address's first part: passwords may hold another.
    re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@\"'\\]*:)[^\s/\"'\\]+(?=@)", re.IGNORECASE),
    # Links of mails prove who follows them.
    re.compile(r"(/(?:reset|verify|undo)/)[^\s/?#\"'\\]+"),
)
_MAIL_ADDRESS = re.compile(r"[\w.+%-]+@(?=[\w-]+\.)[\w.-]*\w")


def redacted(text: str) -> str:
    """Return the text with every secret and every mail address in it blanked."""
    for secret in _SECRETS:
        text = secret.sub(rf"\1{BLANK}", text)
    return _MAIL_ADDRESS.sub(f"{BLANK}@{BLANK}", text)
