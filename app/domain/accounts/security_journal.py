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
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  # nosec B105  # no password
    PASSWORD_RESET = "password_reset"  # noqa: S105  # nosec B105  # no password
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


class By(StrEnum):
    """Who did something, as the account's owner sees it."""

    OWNER = "owner"
    # Somebody who has not shown that he is the owner.
    VISITOR = "visitor"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class SecurityEvent:
    """An entry of the journal as the account's owner reads it."""

    happened_at: datetime
    action: str
    by: By
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
    journal.write(event, actor=By.VISITOR, user_id=user_id, now=now, details=_came(visitor))


def note_by_operator(
    event: Event, account: Account, *, actor: str, now: datetime, details: Mapping[str, object]
) -> None:
    """Note what was done for the owner, by somebody of ours."""
    journal.write(event, actor=actor, user_id=account.id, now=now, details=details)


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
    return [
        SecurityEvent(entry.happened_at, entry.action, _by(entry.actor, account), entry.details)
        for entry in session.scalars(latest)
    ]


def _by(actor: str, account: Account) -> By:
    if actor == actor_of(account):
        return By.OWNER
    return By.VISITOR if actor == By.VISITOR else By.OPERATOR


def _came(visitor: Visitor) -> dict[str, object]:
    return {"device": visitor.device, "address": visitor.address}
