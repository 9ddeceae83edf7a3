"""Delete an account: asked for by its owner or by an operator for him, and taken back."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from app.domain.accounts import deletion, security_journal
from app.domain.accounts import operations as accounts
from app.domain.accounts.errors import InvoicesUnpaid
from app.domain.accounts.models import Account
from app.domain.accounts.security_journal import Act
from app.domain.catalog.models import PAY_AS_YOU_GO
from app.domain.mails import operations as mails
from app.domain.reporting.leaving import Leaving, leaving
from app.domain.subscriptions import operations as subscriptions
from app.domain.subscriptions import plan_changes
from app.domain.subscriptions import queries as subscription_queries
from app.domain.subscriptions.errors import NothingToCancel, NothingToResume
from app.foundation import journal
from app.foundation.figures import usd_of_minor
from app.foundation.sentences import say
from app.workflows.tell_of_plan import how_it_stands


def delete_account(
    account: Account,
    *,
    actor: str,
    details: Mapping[str, object],
    grace: timedelta,
    now: datetime,
) -> datetime:
    """Let the account be deleted once its waiting is over; return from when on.

    Its plan is not renewed any more. Raises InvoicesUnpaid and DeletionAsked.
    """
    locked = accounts.lock_in_use(account.id)
    subscriptions.roll_over_account(locked, now=now, grace=grace)
    left = leaving(locked, now=now, grace=grace)
    if left.unpaid_minor:
        raise InvoicesUnpaid(
            say(
                "There are unpaid invoices of {amount}. They have to be paid first.",
                {"amount": usd_of_minor(left.unpaid_minor)},
            )
        )
    due_at = deletion.ask(locked, now=now)
    # Who pays as he goes, or has cancelled before, has nothing that could be cancelled.
    with suppress(NothingToCancel):
        plan_changes.cancel(locked, now=now)
    journal.write(Act.DELETION_ASKED, actor=actor, user_id=locked.id, now=now, details=details)
    _tell(locked, left, due_at=due_at, now=now)
    return due_at


def keep_account(
    account: Account,
    *,
    actor: str,
    details: Mapping[str, object],
    grace: timedelta,
    now: datetime,
) -> None:
    """Take the deletion back, and the cancelling that came with it. Raises DeletionNotAsked."""
    locked = accounts.lock_in_use(account.id)
    subscriptions.roll_over_account(locked, now=now, grace=grace)
    asked_at = deletion.take_back(locked, now=now)
    running = subscription_queries.running_subscription(locked.id)
    # What he had cancelled himself stays so.
    if running.cancelled_at == asked_at:
        with suppress(NothingToResume):
            plan_changes.resume(locked, now=now)
    act = Act.DELETION_TAKEN_BACK
    journal.write(act, actor=actor, user_id=locked.id, now=now, details=details)
    _tell_of_keeping(locked, now=now)


def by_owner(account: Account, *, device: str, address: str) -> tuple[str, Mapping[str, object]]:
    """Return how the journal tells that the owner did it himself."""
    return security_journal.actor_of(account), {"device": device, "address": address}


def _tell(account: Account, left: Leaving, *, due_at: datetime, now: datetime) -> None:
    """Write to whoever signs in: it may not have been him."""
    facts: dict[str, object] = {
        "due_at": due_at.isoformat(),
        "plan_name": left.plan_name if left.has_plan else "",
        "extra_tokens": left.extra_tokens,
        "credit_minor": left.credit_minor,
    }
    _write("deletion_asked", account, facts=facts, now=now)


def _tell_of_keeping(account: Account, *, now: datetime) -> None:
    """Write to whoever signs in that his account stays, and what becomes of its plan."""
    running = subscription_queries.running_subscription(account.id)
    facts = {
        **how_it_stands(account),
        # A plan that he had cancelled himself ends all the same, or has ended meanwhile.
        "has_plan": running.plan_id != PAY_AS_YOU_GO,
        "goes_on": running.auto_renew,
    }
    _write("deletion_taken_back", account, facts=facts, now=now)


def _write(kind: str, account: Account, *, facts: Mapping[str, object], now: datetime) -> None:
    about = f"{account.id} {now.isoformat()}"
    mails.write_to(account.email, kind, account, about=about, facts=facts, now=now)
