"""Prune usage: an account's records go that were kept long enough, a part of them at a time."""

from datetime import datetime

from app.domain.accounts import operations as accounts
from app.domain.usage import pruning

RECORDS_AT_ONCE = 500


def prune_usage(user_id: str, *, before: datetime) -> int:
    """Take the next of the account's records that occurred before that; return how many."""
    # Usage is recorded under this lock too: what is sent again meanwhile waits, and is told apart.
    account = accounts.lock_accounts({user_id})[user_id]
    return pruning.prune(account, before=before, limit=RECORDS_AT_ONCE)
