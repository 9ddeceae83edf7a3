"""Warn of ending keys: whoever uses one hears a week before, once, that it is going to end."""

from datetime import datetime

from app.domain.accounts import key_lists, key_rules
from app.domain.accounts.models import Key
from app.domain.mails import operations as mails
from app.domain.mails.operations import Letter
from app.workflows.change_keys import letters_about

AT_ONCE = 200


def warn_of_ending_keys(*, now: datetime) -> int:
    """Write about the next keys in use that end within a week, and return how many were looked at.

    Call it, each time in a transaction of its own, until nobody is left.
    """
    ending = key_lists.about_to_end(now=now, limit=AT_ONCE)
    mails.write_all([letter for key in ending for letter in _letters(key)], now=now)
    for key in ending:
        key.expiry_told_at = now
    return len(ending)


def _letters(key: Key) -> list[Letter]:
    ends_at, last_used_at = key.expires_at, key.last_used_at
    if ends_at is None or last_used_at is None:
        return []
    if not key_rules.is_worth_a_warning(key.created_at, ends_at):
        return []
    facts = {"ends_at": ends_at.isoformat(), "last_used_at": last_used_at.isoformat()}
    return letters_about("key_ending", key, facts)
