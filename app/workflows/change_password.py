"""Change a password: the new one holds at once, and nobody stays signed in with the old one."""

from datetime import datetime

from app.domain.accounts import mail_tokens, security_journal, sessions
from app.domain.accounts import operations as accounts
from app.domain.accounts.devices import Visitor
from app.domain.accounts.mail_tokens import Purpose
from app.domain.accounts.models import Account
from app.domain.accounts.security_journal import Event
from app.domain.accounts.sessions import OpenSession
from app.domain.mails import operations as mails
from app.workflows.change_email import take_back_if_waiting


def change_password(
    account: Account,
    password: str,
    *,
    known_by: str | None,
    opened: OpenSession,
    visitor: Visitor,
    now: datetime,
) -> OpenSession:
    """Set the password, end all other sessions, and return this one with another token.

    Raises PasswordWrong if the one of so far is no longer the one whose hash it is known by, and
    what `check_password` raises.
    """
    account = accounts.lock_owner(account.id, known_by)
    accounts.set_password(account, password, now=now, but=opened)
    mail_tokens.void(account, {Purpose.RESET_PASSWORD}, now=now)
    take_back_if_waiting(account, visitor=visitor, now=now)
    renewed = sessions.renew(opened, now=now)
    security_journal.note(Event.PASSWORD_CHANGED, account, visitor=visitor, now=now)
    tell_of_new_password(account, visitor=visitor, now=now)
    return renewed


def tell_of_new_password(account: Account, *, visitor: Visitor, now: datetime) -> None:
    """Tell the owner by mail, in case it was somebody else."""
    at = now.isoformat()
    facts = {"device": visitor.device, "address": visitor.address, "at": at}
    about = f"{account.id} {at}"
    mails.write_to(account.email, "password_changed", account, about=about, facts=facts, now=now)
