"""Tell customers by mail what they have arranged for their plan: once for each change."""

from collections.abc import Mapping
from datetime import datetime

from app.domain.accounts.models import Account
from app.domain.catalog import queries as catalog
from app.domain.mails import operations as mails
from app.domain.mails import queries as mail_queries
from app.domain.subscriptions import queries as subscriptions

SCHEDULED, TAKEN_BACK = "change_scheduled", "change_taken_back"
CANCELLED, KEPT = "plan_cancelled", "plan_kept"
KINDS = frozenset((SCHEDULED, TAKEN_BACK, CANCELLED, KEPT))
# Nobody fills a mailbox by changing his mind to and fro.
LETTERS_A_DAY = 10


def tell_of_plan(
    kind: str, account: Account, *, facts: Mapping[str, object], now: datetime
) -> None:
    """Write to the locked account what was arranged just now."""
    # The last letter is to be true: what is taken back is told, and so is the same change anew.
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    told = mail_queries.count_since(account, kinds=KINDS, since=midnight)
    if told < LETTERS_A_DAY:
        about = f"{account.id}:{now:%Y-%m-%d}:{told}"
        mails.write(kind, account, about=about, facts=facts, now=now)


def tell_how_it_stands(
    kind: str, account: Account, *, given_up_plan_id: str | None, now: datetime
) -> None:
    """Write how the locked account's plan goes on, and which scheduled one does not come."""
    given_up = "" if given_up_plan_id is None else catalog.plan(given_up_plan_id).name
    facts = {**how_it_stands(account), "given_up_plan_name": given_up}
    tell_of_plan(kind, account, facts=facts, now=now)


def how_it_stands(account: Account) -> Mapping[str, object]:
    """Return what letters tell of the plan of the locked account."""
    period, subscription = subscriptions.current_pair(account.id)
    plan = catalog.plan(subscription.plan_id)
    unpaid_until = None if period.grace_ends_at is None else period.grace_ends_at.isoformat()
    return {
        "plan_name": plan.name,
        # What its next period costs, as the catalog stands.
        "price_minor": plan.monthly_price_minor,
        "at": period.ends_at.isoformat(),
        "unpaid_until": unpaid_until,
    }
