"""Another mail address: wanted, confirmed at both of its ends, and then the account's.

The new end is the mailbox that shall be the account's; the old end is the one that is so far. They
confirm in either order. Whoever calls holds the account's lock. Changes state; never commits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete

from app.domain.accounts import mail_tokens
from app.domain.accounts.access_models import EmailChange
from app.domain.accounts.errors import EmailChangeNotWaiting, LinkInvalid
from app.domain.accounts.mail_tokens import Link, MadeToken, Purpose
from app.domain.accounts.models import Account
from app.foundation.database import session
from app.foundation.sentences import say

# A link works for a day and can be sent again; so long both ends have time to confirm.
WAITS = timedelta(days=7)


class End(StrEnum):
    """A mailbox that has to confirm."""

    NEW = "new"
    OLD = "old"


LINKS: Mapping[End, Purpose] = {End.NEW: Purpose.CONFIRM_EMAIL, End.OLD: Purpose.RELEASE_EMAIL}
ENDS: Mapping[Purpose, End] = {purpose: end for end, purpose in LINKS.items()}


@dataclass(frozen=True, slots=True)
class PendingChange:
    """A change that waits for one end or both."""

    email: str
    old_email: str
    asks_old: bool
    ends_at: datetime
    new_confirmed_at: datetime | None
    old_confirmed_at: datetime | None

    def address(self, end: End) -> str:
        """Return whose mailbox this end is."""
        return self.email if end == End.NEW else self.old_email

    def waits_for(self, end: End) -> bool:
        """Tell whether this end has yet to confirm."""
        if end == End.NEW:
            return self.new_confirmed_at is None
        return self.asks_old and self.old_confirmed_at is None

    @property
    def waits_for_new(self) -> bool:
        """Tell whether the new address has yet to confirm."""
        return self.waits_for(End.NEW)

    @property
    def waits_for_old(self) -> bool:
        """Tell whether the address of so far has yet to confirm."""
        return self.waits_for(End.OLD)


def begin(account: Account, email: str, *, now: datetime) -> PendingChange:
    """Want another address; what was wanted before is forgotten, and its links no longer work.

    An address that nobody has verified is not asked: nothing shows that it is the owner's, who may
    have mistyped it or never have read it, and who could then never get rid of it.
    """
    take_back(account, now=now)
    wanted = EmailChange(
        user_id=account.id,
        email=email,
        asks_old=account.email_verified_at is not None,
        asked_at=now,
        ends_at=now + WAITS,
    )
    session.add(wanted)
    session.flush()
    return _view(wanted, account)


def pending(account: Account, *, now: datetime) -> PendingChange | None:
    """Return what the account waits for, if it does."""
    return seen(session.get(EmailChange, account.id, populate_existing=True), account, now=now)


def seen(row: EmailChange | None, account: Account, *, now: datetime) -> PendingChange | None:
    """Return a change that was read with its account, if it is still waited for."""
    return None if row is None or row.ends_at <= now else _view(row, account)


def waiting_for(account: Account, end: End, *, now: datetime) -> PendingChange:
    """Return the change that waits for this end. Raises EmailChangeNotWaiting."""
    change = pending(account, now=now)
    if change is None or not change.waits_for(end):
        raise nothing_waits()
    return change


def nothing_waits() -> EmailChangeNotWaiting:
    """Return the refusal of whoever confirms, sends or takes back what nobody waits for."""
    return EmailChangeNotWaiting(say("No change of the mail address waits for this."))


def ask_old_too(account: Account) -> None:
    """Ask the address of so far as well: it was verified while another one was waited for."""
    row = session.get(EmailChange, account.id, populate_existing=True)
    if row is not None:
        row.asks_old = True


def waiting_for_link(account: Account, link: Link, *, now: datetime) -> PendingChange:
    """Return the change that a link confirms one end of. Raises LinkInvalid."""
    change = pending(account, now=now)
    if change is None or not change.waits_for(ENDS[link.purpose]) or change.email != link.email:
        # A link of an earlier version, which has asked the new address alone.
        raise LinkInvalid(say("This change of the mail address is no longer waited for."))
    return change


def make_link(account: Account, change: PendingChange, end: End, *, now: datetime) -> MadeToken:
    """Make the link by which one end confirms; the one before it no longer works."""
    purpose = LINKS[end]
    return mail_tokens.make(account, purpose, email=change.email, now=now, until=change.ends_at)


def confirm(
    account: Account, change: PendingChange, end: End, *, now: datetime
) -> PendingChange | None:
    """Note that one end has confirmed; return what still waits, None once nobody is waited for."""
    mail_tokens.void(account, {LINKS[end]}, now=now)
    row = session.get_one(EmailChange, account.id)
    others = set(End) - {end}
    if not any(change.waits_for(other) for other in others):
        _forget(account)
        return None
    if end == End.NEW:
        row.new_confirmed_at = now
    else:
        row.old_confirmed_at = now
    session.flush()
    return _view(row, account)


def take_back(account: Account, *, now: datetime) -> str | None:
    """Want no other address any more; return which one was waited for, if one was."""
    change = pending(account, now=now)
    _forget(account)
    mail_tokens.void(account, set(ENDS), now=now)
    return None if change is None else change.email


def forget_old(*, now: datetime, kept: timedelta) -> None:
    """Delete changes that have not been waited for, for long."""
    session.execute(delete(EmailChange).where(EmailChange.ends_at < now - kept))


def _forget(account: Account) -> None:
    row = session.get(EmailChange, account.id, populate_existing=True)
    if row is not None:
        session.delete(row)
        session.flush()


def _view(row: EmailChange, account: Account) -> PendingChange:
    return PendingChange(
        row.email,
        account.email,
        row.asks_old,
        row.ends_at,
        row.new_confirmed_at,
        row.old_confirmed_at,
    )
