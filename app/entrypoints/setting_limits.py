"""How often settings may be changed that cost somebody else something, by pages and by programs.

Of another billing address its reader is told, whoever that is, and so he is of each threshold that
is crossed; after another time zone all of an account's hours and days are added up anew.
"""

from collections.abc import Mapping

from app.domain.accounts import operations as accounts
from app.domain.accounts import queries, settings_rules
from app.domain.accounts.models import Account
from app.entrypoints import limiting
from app.entrypoints.limiting import Limit
from app.foundation.sentences import say

HOUR = 3600
BILLING_EMAILS = Limit(
    "billing_email",
    20,
    HOUR,
    say("You have sent your bills to other addresses often. Try again in an hour."),
)
THRESHOLDS = Limit(
    "thresholds", 60, HOUR, say("You have changed your thresholds often. Try again in an hour.")
)
ZONES = Limit(
    "timezone", 60, HOUR, say("You have changed your time zone often. Try again in an hour.")
)
# By the names under which settings are kept.
LIMITS = {
    "billing_email": BILLING_EMAILS,
    "alert_percents": THRESHOLDS,
    "alert_spend_minor": THRESHOLDS,
    "alert_threshold": THRESHOLDS,
    "timezone": ZONES,
}


def count_changes(account: Account, changes: Mapping[str, object]) -> None:
    """Count what is about to be changed, in the running transaction; what stays is not counted.

    Raises TooManyRequests, and InvalidFields like the change itself.
    """
    if not changes:
        return
    # Locked: whoever changes it back at the same moment changes it, too.
    before = queries.settings_view(accounts.lock_in_use(account.id))
    after = settings_rules.with_changes(changes, before)
    changed = {name for name in LIMITS if getattr(before, name) != getattr(after, name)}
    for limit in {LIMITS[name].name: LIMITS[name] for name in changed}.values():
        limiting.spend(limit, account.id)
