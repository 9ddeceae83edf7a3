"""Accounts that want another mail address, and what their mailboxes do about it."""

from typing import cast

from app.domain.accounts.email_changes import PendingChange
from app.domain.accounts.models import Account
from app.foundation import outbox
from app.foundation.database import session, transaction
from app.foundation.outbox import OutboxEntry
from app.foundation.sentences import told_again
from app.workflows.change_email import SEND_CONFIRMATION, ask_email_change, send_confirmation
from app.workflows.confirm_email_change import (
    Confirmed,
    confirm_email_change,
    undo_email_change,
)
from tests.factories.mailed_links import SEAL, VISITOR, token_in
from tests.moments import NOW

OLD, NEW = "ada@example.com", "ada@new.example"


def ask(account: Account, email: str = NEW, *, now=NOW) -> PendingChange:
    """Want another address, and send both mails."""
    with transaction():
        change = ask_email_change(account, email, seal=SEAL, visitor=VISITOR, now=now)
    send_promised(now=now)
    return change


def send_promised(*, now=NOW) -> None:
    """Keep the promises to send a link to the new address, as the worker does."""
    for promise in session.query(OutboxEntry).filter_by(kind=SEND_CONFIRMATION, done_at=None):
        device = cast(str, told_again(promise.payload.get("device", "")))
        with transaction():
            send_confirmation(promise.payload["sealed_link"], device=device, seal=SEAL, now=now)
            outbox.finish(promise, now=now)


def confirm_new(*, now=NOW) -> Confirmed:
    """Confirm by the link in the latest mail to a new address."""
    return confirm(token_in("confirm_email"), now=now)


def confirm_old(*, now=NOW) -> Confirmed:
    """Confirm by the link in the latest mail to an old address."""
    return confirm(token_in("release_email", "sealed_release"), now=now)


def confirm(token: str, *, now=NOW) -> Confirmed:
    """Confirm by a link."""
    with transaction():
        return confirm_email_change(token, seal=SEAL, visitor=VISITOR, now=now)


def undo(token: str, *, now=NOW) -> str:
    """Undo by a link, and return the token for another password."""
    with transaction():
        return undo_email_change(token, visitor=VISITOR, now=now)


def never_verified(account: Account) -> None:
    """Let nobody ever have shown that the account's address is his."""
    with transaction():
        account.email_verified_at = None
