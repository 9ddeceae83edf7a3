"""Change settings: where bills go to another address, both addresses hear of it."""

from collections.abc import Mapping
from datetime import datetime

from app.domain.accounts import operations as accounts
from app.domain.accounts import queries
from app.domain.accounts.devices import Visitor
from app.domain.accounts.models import Account
from app.domain.accounts.views import SettingsView
from app.domain.mails import operations as mails
from app.domain.mails.operations import Letter
from app.workflows.change_top_up import change_top_up


def change_settings(
    account: Account,
    changes: Mapping[str, object],
    *,
    actor: str,
    visitor: Visitor,
    now: datetime,
) -> SettingsView:
    """Change the settings that are named, and return the whole.

    Raises InvalidFields that names every wrong field; then nothing is changed.
    """
    if "billing_email" not in changes:
        return change_top_up(account, changes, actor=actor, now=now)
    account = accounts.lock_in_use(account.id)
    before = queries.settings_of(account).billing_email or account.email
    chosen = change_top_up(account, changes, actor=actor, now=now)
    after = chosen.billing_email or account.email
    if after != before:
        _tell(account, before, after, visitor=visitor, now=now)
    return chosen


def _tell(account: Account, before: str, after: str, *, visitor: Visitor, now: datetime) -> None:
    at = now.isoformat()
    facts = {
        "old_email": before,
        "new_email": after,
        "device": visitor.device,
        "address": visitor.address,
        "at": at,
    }
    letters = [
        Letter("billing_email_changed", account.id, to, f"{account.id} {at} {place}", facts)
        for place, to in (("old", before), ("new", after))
    ]
    mails.write_all(letters, now=now)
