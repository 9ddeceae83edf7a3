"""Resume the subscription: what was scheduled, or is waiting for its money, is taken back."""

from datetime import datetime, timedelta

from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account
from app.domain.invoices import reasons
from app.domain.subscriptions import operations as subscriptions
from app.domain.subscriptions import plan_changes
from app.domain.subscriptions import queries as subscription_queries
from app.foundation import journal
from app.workflows.lapse_purchase import give_up_change
from app.workflows.tell_of_plan import KEPT, TAKEN_BACK, tell_how_it_stands


def resume_subscription(account: Account, *, grace: timedelta, now: datetime) -> None:
    """Take a cancellation, a scheduled change or one that waits for its money back.

    Raises NothingToResume and DeletionPending.
    """
    locked = accounts.lock_in_use(account.id)
    subscriptions.roll_over_account(locked, now=now, grace=grace)
    waiting = plan_changes.find_open(locked)
    if waiting is None:
        accounts.refuse_leaving(locked)
        given_up = subscription_queries.running_subscription(locked.id).pending_plan_id
        plan_changes.resume(locked, now=now)
        kind = KEPT if given_up is None else TAKEN_BACK
        tell_how_it_stands(kind, locked, given_up_plan_id=given_up, now=now)
    else:
        give_up_change(waiting, locked, reason=reasons.TAKEN_BACK, now=now)
    actor = f"customer:{account.id}"
    journal.write("subscription_resumed", actor=actor, user_id=account.id, now=now)
