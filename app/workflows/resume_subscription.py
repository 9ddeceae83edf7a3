"""Resume the subscription: what was scheduled, or is waiting for its money, is taken back."""

from datetime import datetime, timedelta

from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account
from app.domain.invoices import operations as invoices
from app.domain.invoices import queries as invoice_queries
from app.domain.subscriptions import operations as subscriptions
from app.domain.subscriptions import plan_changes
from app.domain.subscriptions.models import PlanChange
from app.foundation import journal, outbox
from app.workflows.lapse_purchase import give_up

CLOSE_CHECKOUTS = "close_checkouts"
REASON = "The customer took the change back."


def resume_subscription(account: Account, *, grace: timedelta, now: datetime) -> None:
    """Take a cancellation, a scheduled change or one that waits for its money back.

    Raises NothingToResume.
    """
    locked = accounts.lock_accounts({account.id})[account.id]
    subscriptions.roll_over_account(locked, now=now, grace=grace)
    waiting = plan_changes.find_open(locked)
    if waiting is None:
        plan_changes.resume(locked, now=now)
    else:
        _take_back(waiting, locked, now=now)
    actor = f"customer:{account.id}"
    journal.write("subscription_resumed", actor=actor, user_id=account.id, now=now)


def _take_back(waiting: PlanChange, account: Account, *, now: datetime) -> None:
    draft = invoice_queries.draft_of_change(waiting.id)
    give_up(draft, reason=REASON, now=now)
    invoices.void(draft, account, reason=REASON, now=now)
    # Its page may still be open; money that comes before it closes is sent back.
    outbox.add(CLOSE_CHECKOUTS, {"invoice": draft.public_id}, now=now)
