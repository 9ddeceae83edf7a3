"""Cancel the subscription: the plan runs until its period ends, then comes pay as you go."""

from datetime import datetime, timedelta

from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account
from app.domain.subscriptions import operations as subscriptions
from app.domain.subscriptions import plan_changes
from app.domain.subscriptions import queries as subscription_queries
from app.domain.subscriptions.errors import ChangeInProgress
from app.foundation import journal
from app.foundation.sentences import say
from app.workflows.tell_of_plan import CANCELLED, tell_how_it_stands


def cancel_subscription(account: Account, *, grace: timedelta, now: datetime) -> None:
    """Let the plan end with its period. Raises NothingToCancel and ChangeInProgress."""
    locked = accounts.lock_in_use(account.id)
    subscriptions.roll_over_account(locked, now=now, grace=grace)
    if plan_changes.find_open(locked) is not None:
        raise ChangeInProgress(
            say("You are paying for another plan just now. Finish it or take it back first.")
        )
    given_up = subscription_queries.running_subscription(locked.id).pending_plan_id
    subscription = plan_changes.cancel(locked, now=now)
    tell_how_it_stands(CANCELLED, locked, given_up_plan_id=given_up, now=now)
    details = {"plan": subscription.plan_id}
    actor = f"customer:{account.id}"
    journal.write(
        "subscription_cancelled", actor=actor, user_id=account.id, now=now, details=details
    )
