"""What an id, a mail address, a name and a zone must look like. Pure."""

import re
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from email_validator import EmailNotValidError, validate_email

from app.domain.accounts.errors import (
    CreditLimitInvalid,
    EmailInvalid,
    KeyNameInvalid,
    ReasonInvalid,
    TimezoneUnknown,
    UserIdInvalid,
)
from app.foundation.sentences import say

USER_ID_LENGTH_MAX = 128
KEY_NAME_LENGTH_MAX = 80
REASON_LENGTH_MAX = 500
CREDIT_LIMIT_MINOR_MAX = 100_000_000
# Control characters and lone surrogates: neither database stores them, and no reader sees them.
UNSTORABLE = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]")


def normal_user_id(text: str) -> str:
    """Return the id as it is stored. Raises UserIdInvalid."""
    if not text or len(text) > USER_ID_LENGTH_MAX:
        raise UserIdInvalid(
            say("A user id has 1 to {most} characters.", {"most": USER_ID_LENGTH_MAX})
        )
    if UNSTORABLE.search(text) or text != text.strip() or "/" in text:
        raise UserIdInvalid(say("A user id has no control characters, slashes or outer spaces."))
    return text


def may_be_user_id(text: str) -> bool:
    """Tell whether there can be an account of this id; databases do not let us ask for others."""
    return 0 < len(text) <= USER_ID_LENGTH_MAX and not UNSTORABLE.search(text)


def normal_email(text: str) -> str:
    """Return the address in lower case, the way it is stored and compared. Raises EmailInvalid."""
    try:
        # Whether the host takes mail is shown by the mail itself; asking DNS would slow us down.
        checked = validate_email(text.strip(), check_deliverability=False, test_environment=False)
    except EmailNotValidError as error:
        raise EmailInvalid(say("This is not a mail address.")) from error
    return checked.normalized.lower()


def email_on_the_wire(email: str) -> str:
    """Return a stored address with its domain in ASCII, as every mail server knows it.

    Raises EmailInvalid. What stands before the @ has no such form.
    """
    if email.isascii():
        return email
    try:
        checked = validate_email(email, check_deliverability=False, test_environment=False)
    except EmailNotValidError as error:
        raise EmailInvalid(say("This is not a mail address.")) from error
    return f"{checked.local_part}@{checked.ascii_domain}"


def zone(name: str) -> ZoneInfo:
    """Return the IANA time zone of that name. Raises TimezoneUnknown."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise TimezoneUnknown(
            say("There is no time zone called {name!r}.", {"name": name[:64]})
        ) from error


def check_zone(name: str) -> str:
    """Return the name of a time zone that an account may have. Raises TimezoneUnknown.

    Only IANA's own names are: what a machine has beside them (`localtime`, `right/…`) means
    something else on the next one, or nothing.
    """
    if name not in zone_names():
        raise TimezoneUnknown(say("There is no time zone called {name!r}.", {"name": name[:64]}))
    return name


@cache
def zone_names() -> frozenset[str]:
    """Return the names of all time zones that an account may have."""
    return frozenset(available_timezones() - {"localtime", "Factory"})


def check_key_name(name: str) -> str:
    """Return the key's name without outer spaces. Raises KeyNameInvalid."""
    name = name.strip()
    if not name or len(name) > KEY_NAME_LENGTH_MAX or UNSTORABLE.search(name):
        raise KeyNameInvalid(
            say("A key’s name has 1 to {most} visible characters.", {"most": KEY_NAME_LENGTH_MAX})
        )
    return name


def check_reason(text: str) -> str:
    """Return an operator's reason without outer spaces. Raises ReasonInvalid."""
    text = text.strip()
    if not text or len(text) > REASON_LENGTH_MAX or UNSTORABLE.search(text):
        raise ReasonInvalid(
            say("A reason has 1 to {most} visible characters.", {"most": REASON_LENGTH_MAX})
        )
    return text


def is_served(deletion_due_at: datetime | None, *, now: datetime) -> bool:
    """Tell whether the gateway may serve an account that is to be deleted then, or not at all."""
    return deletion_due_at is None or now < deletion_due_at


def check_credit_limit(minor: int) -> None:
    """Refuse limits below nothing or beyond a million dollars. Raises CreditLimitInvalid."""
    if not 0 <= minor <= CREDIT_LIMIT_MINOR_MAX:
        raise CreditLimitInvalid(say("A credit limit is an amount from 0 to 1,000,000 USD."))
