"""Links by mail: whoever opens one has read the mail, and may do what it is for, once."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Select, delete, func, select, update

from app.domain.accounts.access_models import MailToken
from app.domain.accounts.devices import digest_of
from app.domain.accounts.errors import LinkInvalid
from app.domain.accounts.models import Account
from app.domain.accounts.operations import lock_accounts
from app.foundation.bulk import any_of
from app.foundation.database import session
from app.foundation.sentences import say

TOKEN_BYTES = 32
# Nobody fills another's mailbox by pressing a button.
MADE_EVERY = timedelta(minutes=1)
WAITING_MAX = 5
KEPT_AFTER_THE_END = timedelta(days=30)


class Purpose(StrEnum):
    """What a link lets its reader do."""

    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105  # nosec B105  # no password
    CONFIRM_EMAIL = "confirm_email"
    UNDO_EMAIL = "undo_email"
    # The address that an account has so far lets it take another.
    RELEASE_EMAIL = "release_email"


LASTS = {
    Purpose.VERIFY_EMAIL: timedelta(days=7),
    Purpose.RESET_PASSWORD: timedelta(hours=1),
    Purpose.CONFIRM_EMAIL: timedelta(days=1),
    # Whoever comes back from a holiday can still take his account back.
    Purpose.UNDO_EMAIL: timedelta(days=14),
    Purpose.RELEASE_EMAIL: timedelta(days=1),
}


# Anybody may ask for these in the owner's name: his own link works on beside those of others.
BESIDE_EARLIER = (Purpose.RESET_PASSWORD, Purpose.UNDO_EMAIL)


@dataclass(frozen=True, slots=True)
class MadeToken:
    """A token in clear, for the mail that carries it and for nothing else."""

    id: int
    text: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """What a link that still works is about."""

    id: int
    user_id: str
    purpose: Purpose
    email: str
    made_at: datetime
    expires_at: datetime


def make(
    account: Account,
    purpose: Purpose,
    *,
    email: str,
    now: datetime,
    until: datetime | None = None,
) -> MadeToken:
    """Make a token; earlier ones of its purpose no longer work, but for BESIDE_EARLIER.

    It works as long as its purpose lets it, and no longer than until a moment that is named.
    """
    if purpose not in BESIDE_EARLIER:
        void(account, {purpose}, now=now)
    usual = now + LASTS[purpose]
    text = secrets.token_urlsafe(TOKEN_BYTES)
    row = MailToken(
        user_id=account.id,
        purpose=purpose,
        digest=digest_of(text),
        email=email,
        created_at=now,
        expires_at=usual if until is None else min(usual, until),
    )
    session.add(row)
    session.flush()
    return MadeToken(row.id, text, row.expires_at)


def again(link: Link, text: str) -> MadeToken:
    """Return a link's token as it was made, for a mail that is written later."""
    return MadeToken(link.id, text, link.expires_at)


def was_made_lately(account: Account, purpose: Purpose, *, now: datetime) -> bool:
    """Tell whether the account got a link of this purpose within the last minute."""
    lately = select(MailToken.id).where(
        MailToken.user_id == account.id,
        MailToken.purpose == purpose,
        MailToken.created_at > now - MADE_EVERY,
    )
    return session.scalar(lately.limit(1)) is not None


def are_enough(account: Account, purpose: Purpose, *, now: datetime) -> bool:
    """Tell whether the account got a link within the last minute, or has several that work."""
    if was_made_lately(account, purpose, now=now):
        return True
    waiting = select(func.count()).select_from(MailToken)
    ours = MailToken.user_id == account.id, MailToken.purpose == purpose
    works = MailToken.used_at.is_(None), MailToken.expires_at > now
    return session.scalars(waiting.where(*ours, *works)).one() >= WAITING_MAX


def find(text: str, purposes: Collection[Purpose], *, now: datetime) -> Link:
    """Return what a link is about, without using it up. Raises LinkInvalid."""
    return _link(_one(_working(text, purposes, now)))


def take(text: str, purpose: Purpose, *, now: datetime) -> Link:
    """Use a link up, and return what it is about. Raises LinkInvalid."""
    # Whoever lets links no longer work holds their account: who came to it by a link in hand
    # would wait for him, and he for the link.
    lock_accounts({find(text, {purpose}, now=now).user_id})
    row = _one(_working(text, {purpose}, now).with_for_update())
    row.used_at = now
    return _link(row)


def void(account: Account, purposes: Collection[Purpose], *, now: datetime) -> None:
    """Let the account's links of these purposes no longer work."""
    session.execute(
        update(MailToken)
        .where(
            MailToken.user_id == account.id,
            any_of(MailToken.purpose, list(purposes)),
            MailToken.used_at.is_(None),
        )
        .values(used_at=now)
    )


def void_undoing_after(link: Link, *, now: datetime) -> None:
    """Let no link undo what this one has brought back; those of before it still may."""
    later = (
        MailToken.user_id == link.user_id,
        MailToken.purpose == Purpose.UNDO_EMAIL,
        MailToken.id > link.id,
    )
    session.execute(update(MailToken).where(*later).values(used_at=now))


def forget_old(*, now: datetime, kept: timedelta = KEPT_AFTER_THE_END) -> None:
    """Delete links that have not worked for long."""
    session.execute(delete(MailToken).where(MailToken.expires_at < now - kept))


def _working(text: str, purposes: Collection[Purpose], now: datetime) -> Select[MailToken]:
    return select(MailToken).where(
        MailToken.digest == digest_of(text),
        any_of(MailToken.purpose, list(purposes)),
        MailToken.used_at.is_(None),
        MailToken.expires_at > now,
    )


def _one(statement: Select[MailToken]) -> MailToken:
    found = session.scalar(statement)
    if found is None:
        raise LinkInvalid(say("This link was used already, has expired, or was never ours."))
    return found


def _link(row: MailToken) -> Link:
    purpose = Purpose(row.purpose)
    return Link(row.id, row.user_id, purpose, row.email, row.created_at, row.expires_at)
