"""Change the top-up settings: whoever switches automatic top-up on again begins anew."""

from collections.abc import Mapping
from datetime import datetime

from app.domain.accounts import operations as accounts
from app.domain.accounts import queries
from app.domain.accounts.models import Account
from app.domain.accounts.views import SettingsView
from app.domain.tokens import operations as tokens


def change_top_up(
    account: Account,
    changes: Mapping[str, object],
    *,
    actor: str,
    now: datetime,
    is_left_off: bool = False,
) -> SettingsView:
    """Change the settings that are named, top-up and others; return the whole.

    What the guard remembers of declines is forgotten where automatic top-up goes from off to on;
    that they have switched it off, where its owner leaves it so: says so, or was shown it and did
    not change it (`is_left_off`).
    Raises InvalidFields that names every wrong field; then nothing is changed.
    """
    if changes.get("auto_topup") is None and not is_left_off:
        return accounts.change_settings(account, changes, actor=actor, now=now)
    locked = accounts.lock_in_use(account.id)
    was_on = queries.settings_of(locked).auto_topup
    changed = accounts.change_settings(locked, changes, actor=actor, now=now)
    if not changed.auto_topup:
        tokens.note_switched_off(account.id, now=now)
    elif not was_on:
        tokens.note_switched_on(account.id, now=now)
    return changed
