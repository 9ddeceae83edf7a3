"""Rebuild rollups: after a change of zone, an account's hours and days are cut anew.

It may be done twice, and beside ingest: both hold the account's lock, and count in its zone of
that moment.
"""

from datetime import datetime

from app.domain.accounts import operations as accounts
from app.domain.usage import rebuilding
from app.foundation import journal


def rebuild_rollups(user_id: str, *, now: datetime) -> None:
    """Cut the account's hours and days anew, in the zone that it has now."""
    account = accounts.lock_accounts({user_id})[user_id]
    rebuilding.rebuild_hours_and_days(account)
    details = {"timezone": account.timezone}
    journal.write("rollups_rebuilt", actor="system", user_id=user_id, now=now, details=details)
