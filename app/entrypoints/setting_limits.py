"""How often settings may be changed that cost somebody else something, by pages and by programs.

Of another billing address its reader is told, whoever that is, and so he is of each threshold that
is crossed; after another time zone all of an account's hours and days are added up anew.
"""

from collections.abc import Mapping

from app.domain.accounts import queries
from app.domain.accounts.models import Account
from app.domain.accounts.views import SettingsView
from app.entrypoints import limiting
from app.entrypoints.limiting import Limit
from app.foundation.money import usd_from_minor
from app.foundation.sentences import say

HOUR = 3600
BILLING_EMAILS = Limit(
    "billing_email",
    10,
    HOUR,
    say("You have sent your bills to other addresses often. Try again in an hour."),
)
THRESHOLDS = Limit(
    "thresholds", 30, HOUR, say("You have changed your thresholds often. Try again in an hour.")
)
ZONES = Limit(
    "timezone", 20, HOUR, say("You have changed your time zone often. Try again in an hour.")
)
LIMITS = {
    "billing_email": BILLING_EMAILS,
    "alert_percents": THRESHOLDS,
    "alert_spend": THRESHOLDS,
    "alert_threshold": THRESHOLDS,
    "timezone": ZONES,
}


def change_often(account: Account, changes: Mapping[str, object]) -> None:
    """Count changes that are about to be made. Raises TooManyRequests."""
    named = LIMITS.keys() & changes.keys()
    if not named:
        return
    chosen = queries.settings_view(account)
    counted = {
        LIMITS[name].name: LIMITS[name]
        for name in sorted(named)
        if _plain(changes[name]) != _plain(_kept(chosen, name))
    }
    for limit in counted.values():
        limiting.spend(limit, account.id)


def _kept(chosen: SettingsView, name: str) -> object:
    if name == "alert_spend":
        minor = chosen.alert_spend_minor
        return None if minor is None else usd_from_minor(minor)
    return getattr(chosen, name)


def _plain(value: object) -> object:
    """Return what counts of a value: forms send nothing as an empty text."""
    if isinstance(value, list | tuple):
        return list(value)
    return value.strip().lower() or None if isinstance(value, str) else value
