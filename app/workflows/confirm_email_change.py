"""Confirm another mail address: at both its ends, or for one that is lost; and undo it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from app.domain.accounts import (
    email_changes,
    factors,
    mail_tokens,
    security_journal,
    sessions,
)
from app.domain.accounts import operations as accounts
from app.domain.accounts.devices import Visitor
from app.domain.accounts.email_changes import ENDS, End, PendingChange
from app.domain.accounts.errors import EmailChangeNotWaiting
from app.domain.accounts.mail_tokens import Purpose
from app.domain.accounts.models import Account
from app.domain.accounts.security_journal import Event
from app.domain.mails import operations as mails
from app.domain.mails.links import write_with_link
from app.foundation.database import session
from app.foundation.sealing import Seal
from app.foundation.sentences import say
from app.workflows.free_address import free_address, refuse_taken

# What was sent to an address that the account no longer has must do nothing more.
OF_THE_ADDRESS = {Purpose.VERIFY_EMAIL, Purpose.RESET_PASSWORD}
BY_OPERATOR = Visitor(say("The operator"), "–")


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What came of it: the address that is wanted, and what still waits, if anything does."""

    email: str
    left: PendingChange | None


def confirm_email_change(token: str, *, seal: Seal, visitor: Visitor, now: datetime) -> Confirmed:
    """Note that one end has confirmed, and change the address once no other is waited for.

    Raises LinkInvalid, EmailTaken.
    """
    purpose = mail_tokens.find(token, set(ENDS), now=now).purpose
    link = mail_tokens.take(token, purpose, now=now)
    account, end = accounts.lock_in_use(link.user_id), ENDS[purpose]
    change = email_changes.waiting_for_link(account, link, now=now)
    if end == End.NEW:
        # Whoever reads its mails may know that it has an account; the other end may not.
        refuse_taken(change.email)
    # The new end has yet to become the owner's.
    note = security_journal.note_by_visitor if end == End.NEW else security_journal.note
    details = {"email": change.address(end)}
    note(Event.EMAIL_CHANGE_CONFIRMED, account, visitor=visitor, now=now, details=details)
    left = email_changes.confirm(account, change, end, now=now)
    if left is None:
        _move(account, change.email, now=now)
        security_journal.note(
            Event.EMAIL_CHANGED, account, visitor=visitor, now=now, details={"email": change.email}
        )
        _tell(account, change, reason="", seal=seal, visitor=visitor, now=now)
    return Confirmed(change.email, left)


def confirm_for_old_address(
    account: Account, *, email: str, reason: str, actor: str, seal: Seal, now: datetime
) -> Account:
    """Change the address of somebody who has lost the old mailbox; both addresses are told why.

    The new one must have confirmed before: an operator speaks for the old one alone, and of the
    one that he was shown. Whoever has the session may have wanted another meanwhile.
    Raises EmailChangeNotWaiting, EmailTaken.
    """
    account = accounts.lock_in_use(account.id)
    change = email_changes.waiting_for(account, End.OLD, now=now)
    if change.waits_for_new:
        raise EmailChangeNotWaiting(say("The new address has to confirm first."))
    if change.email != email:
        wanted = say("Another address is wanted by now: {email}.", {"email": change.email})
        raise EmailChangeNotWaiting(wanted)
    email_changes.confirm(account, change, End.OLD, now=now)
    _move(account, change.email, now=now)
    for event, of_whom in (
        (Event.EMAIL_CHANGE_CONFIRMED, change.old_email),
        (Event.EMAIL_CHANGED, change.email),
    ):
        details = {"email": of_whom, "reason": reason}
        security_journal.note_by_operator(event, account, actor=actor, now=now, details=details)
    _tell(account, change, reason=reason, seal=seal, visitor=BY_OPERATOR, now=now)
    return account


def undo_email_change(token: str, *, visitor: Visitor, now: datetime) -> str:
    """Give the account its old address back, and return the token for another password.

    Whoever changed the address knew the password: everybody is signed out, and the address that
    is back may choose a new one. Raises LinkInvalid, EmailTaken.
    """
    link = mail_tokens.take(token, Purpose.UNDO_EMAIL, now=now)
    account = accounts.lock_in_use(link.user_id)
    email_changes.take_back(account, now=now)
    _move(account, link.email, now=now)
    mail_tokens.void_undoing_after(link, now=now)
    sessions.end_all(account, now=now)
    # With the password of before he would be in again, faster than the owner has chosen another.
    account.password_hash = None
    # Whoever took the account over may have begun before that: his factor would keep the owner
    # out, and his keys would let him stay.
    suspect = link.made_at - mail_tokens.LASTS[Purpose.UNDO_EMAIL]
    factors.turn_off_if_later(account, suspect)
    accounts.revoke_keys_made_since(account, suspect, now=now)
    security_journal.note(
        Event.EMAIL_CHANGE_UNDONE, account, visitor=visitor, now=now, details={"email": link.email}
    )
    made = mail_tokens.make(account, Purpose.RESET_PASSWORD, email=link.email, now=now)
    return made.text


def _move(account: Account, email: str, *, now: datetime) -> None:
    if account.email != email:
        free_address(email, now=now)
        try:
            with session.begin_nested():
                account.email = email
        except IntegrityError as error:
            # Somebody else has confirmed it at the same moment.
            raise accounts.email_taken() from error
    account.email_verified_at = account.updated_at = now
    mail_tokens.void(account, OF_THE_ADDRESS, now=now)


def _tell(
    account: Account,
    change: PendingChange,
    *,
    reason: str,
    seal: Seal,
    visitor: Visitor,
    now: datetime,
) -> None:
    """Tell both addresses; the one of before can undo it, from now on as long as ever."""
    old, new = change.old_email, change.email
    undo = mail_tokens.make(account, Purpose.UNDO_EMAIL, email=old, now=now)
    facts: dict[str, object] = {
        "old_email": old,
        "new_email": new,
        "both_confirmed": change.asks_old,
        "reason": reason,
        "device": visitor.device,
        "at": now.isoformat(),
        "undo_until": undo.expires_at.isoformat(),
    }
    write_with_link("email_left", account, undo, to=old, seal=seal, now=now, facts=facts)
    mails.write_to(new, "email_changed", account, about=str(undo.id), facts=facts, now=now)
