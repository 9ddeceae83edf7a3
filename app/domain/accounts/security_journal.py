"""What happens around an account's doors, and is written down for its owner to read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select

from app.domain.accounts import queries
from app.domain.accounts.devices import Visitor
from app.domain.accounts.models import Account
from app.foundation import journal
from app.foundation.database import session
from app.foundation.journal import JournalEntry

LISTED_MAX = 50


class Event(StrEnum):
    """What of the journal is about security."""

    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    CODE_FAILED = "second_factor_failed"
    RECOVERY_CODE_USED = "recovery_code_used"
    SIGNED_OUT = "signed_out"
    SESSION_ENDED = "session_ended"
    SESSIONS_ENDED = "sessions_ended"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  # no password
    PASSWORD_RESET = "password_reset"  # noqa: S105  # no password
    RESET_ASKED = "password_reset_asked"
    EMAIL_VERIFIED = "email_verified"
    EMAIL_CHANGE_ASKED = "email_change_asked"
    EMAIL_CHANGED = "email_changed"
    EMAIL_CHANGE_UNDONE = "email_change_undone"
    FACTOR_ON = "second_factor_on"
    FACTOR_OFF = "second_factor_off"
    RECOVERY_CODES_MADE = "recovery_codes_made"
    KEY_MADE = "key_made"
    KEY_REVOKED = "key_revoked"


@dataclass(frozen=True, slots=True)
class SecurityEvent:
    """An entry of the journal as the account's owner reads it."""

    happened_at: datetime
    action: str
    by_owner: bool
    details: Mapping[str, object]


def note(
    event: Event,
    account: Account,
    *,
    visitor: Visitor,
    now: datetime,
    details: Mapping[str, object] | None = None,
) -> None:
    """Note what the account's owner did, and where he came from."""
    journal.write(
        event,
        actor=actor_of(account),
        user_id=account.id,
        now=now,
        details={**_came(visitor), **(details or {})},
    )


def note_by_visitor(
    event: Event, account: Account | None, *, visitor: Visitor, now: datetime
) -> None:
    """Note what somebody did who has not shown that he is the owner."""
    user_id = None if account is None else account.id
    journal.write(event, actor="visitor", user_id=user_id, now=now, details=_came(visitor))


def note_failure(email: str, *, visitor: Visitor, now: datetime) -> None:
    """Note that somebody tried to sign in with this address, whether anybody has it or not.

    Both are one entry: neither the answer nor its time tells which addresses are known.
    """
    account = queries.find_account_by_email(email.strip().lower())
    note_by_visitor(Event.SIGN_IN_FAILED, account, visitor=visitor, now=now)


def actor_of(account: Account) -> str:
    """Return what the journal calls the account's owner."""
    return f"{account.role}:{account.id}"


def events_of(account: Account) -> Sequence[SecurityEvent]:
    """Return what happened lately around the account, latest first."""
    ours = JournalEntry.user_id == account.id, JournalEntry.action.in_(list(Event))
    latest = select(JournalEntry).where(*ours).order_by(JournalEntry.id.desc()).limit(LISTED_MAX)
    owner = actor_of(account)
    return [
        SecurityEvent(entry.happened_at, entry.action, entry.actor == owner, entry.details)
        for entry in session.scalars(latest)
    ]


def _came(visitor: Visitor) -> dict[str, object]:
    return {"device": visitor.device, "address": visitor.address}
