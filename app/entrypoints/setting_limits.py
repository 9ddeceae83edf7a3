"""How often settings may be changed that cost somebody else something, by pages and by programs.

Of another billing address its reader is told, whoever that is; after another time zone all of an
account's hours and days are added up anew.
"""

from collections.abc import Mapping

from app.domain.accounts import queries
from app.domain.accounts.models import Account
from app.entrypoints import limiting
from app.entrypoints.limiting import Limit
from app.foundation.sentences import say

HOUR = 3600
BILLING_EMAILS = Limit(
    "billing_email",
    10,
    HOUR,
    say("You have sent your bills to other addresses often. Try again in an hour."),
)
ZONES = Limit(
    "timezone", 20, HOUR, say("You have changed your time zone often. Try again in an hour.")
)


LIMITS = {"billing_email": BILLING_EMAILS, "timezone": ZONES}


def change_often(account: Account, changes: Mapping[str, object]) -> None:
    """Count changes that are about to be made. Raises TooManyRequests."""
    named = LIMITS.keys() & changes.keys()
    chosen = queries.settings_view(account) if named else None
    for name in sorted(named):
        if _plain(changes[name]) != _plain(getattr(chosen, name)):
            limiting.spend(LIMITS[name], account.id)


def _plain(value: object) -> object:
    """Return what counts of a value: forms send nothing as an empty text."""
    return value.strip().lower() or None if isinstance(value, str) else value
