"""Lapse open purchases: drafts that nobody can pay any more, whatever was missed of their end."""

from datetime import datetime

from app.domain.invoices import queries as invoices
from app.domain.invoices import reasons
from app.domain.payments import queries as payments
from app.domain.payments.rules import HEARD_OF_WITHIN, PLAN_CHANGE_LIFE
from app.domain.tokens.rules import AUTHENTICATION_WAITS
from app.workflows.lapse_purchase import lapse_purchase

AT_ONCE = 100


def lapse_open_purchases(*, now: datetime) -> int:
    """Give up the drafts that wait for nobody, and return how many; call it until none is left."""
    old = invoices.old_drafts(
        # Its page may have been paid just before the end, and nobody has told us yet.
        of_plans_before=now - PLAN_CHANGE_LIFE - HEARD_OF_WITHIN,
        before=now - AUTHENTICATION_WAITS,
        # Some money takes days: whatever waits for it stands in the way of no other.
        but_not=payments.waits_for_money(now),
        limit=AT_ONCE,
    )
    return sum(lapse_purchase(draft_id, reason=reasons.NOBODY_PAID, now=now) for draft_id in old)
