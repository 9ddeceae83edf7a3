"""Watching: whether usage has taken a token balance past a line that its customer has drawn. Pure.

What is promised here is done at once; a sweep finds whatever was missed.
"""

from collections.abc import Iterator

from app.domain.accounts.operations import Balance

CHECK_ALERTS, AUTO_TOP_UP = "check_alerts", "auto_top_up"


def crossed(balance: Balance, *, before: int, after: int) -> Iterator[str]:
    """Yield what is to be looked into now that so many tokens are left of so many."""
    # An alert is due at its threshold, a top-up below its own; 0 is no line at all.
    if before > balance.alert_threshold >= after and balance.alert_threshold:
        yield CHECK_ALERTS
    if before >= balance.topup_threshold > after:
        yield AUTO_TOP_UP
