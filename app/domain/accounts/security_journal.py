"""What happens around an account's doors, and is written down for its owner to read."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select

from app.domain.accounts import queries
from app.domain.accounts.devices import Visitor
from app.domain.accounts.models import Account, Key
from app.foundation import journal
from app.foundation.database import session
from app.foundation.journal import JournalEntry
from app.foundation.paging import Stretch, stretch

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
    EMAIL_CHANGE_CONFIRMED = "email_change_confirmed"
    EMAIL_CHANGE_TAKEN_BACK = "email_change_taken_back"
    EMAIL_CHANGED = "email_changed"
    EMAIL_CHANGE_UNDONE = "email_change_undone"
    FACTOR_ON = "second_factor_on"
    FACTOR_OFF = "second_factor_off"
    RECOVERY_CODES_MADE = "recovery_codes_made"
    KEY_MADE = "key_made"
    KEY_REPLACED = "key_replaced"
    KEY_REVOKED = "key_revoked"


class Act(StrEnum):
    """What else of the journal its owner may read: his settings, and what was done for him."""

    ACCOUNT_OPENED = "account_opened"
    SETTINGS_CHANGED = "settings_changed"
    TAX_ID_APPROVED = "tax_id_approved"
    ACCOUNT_SUSPENDED = "account_suspended"
    ACCOUNT_RESUMED = "account_resumed"
    SUSPENSION_LIFTED = "suspension_lifted"
    ACCOUNT_SEEN = "account_seen"
    CREDIT_LIMIT_SET = "credit_limit_set"
    TOKENS_ADJUSTED = "tokens_adjusted"
    USAGE_VOIDED = "usage_voided"
    INVOICE_VOIDED = "invoice_voided"
    INVOICE_REPLACED = "invoice_replaced"
    INVOICE_CREDITED = "invoice_credited"
    COUPON_REDEEMED = "coupon_redeemed"
    CHECKOUT_BEGUN = "checkout_begun"
    INVOICE_CHARGED = "invoice_charged"
    AUTO_TOPUP_BEGUN = "auto_topup_begun"
    TOPUP_CHARGED = "topup_charged"
    PLAN_CHANGE_CHARGED = "plan_change_charged"
    PAYMENT_SETTLED = "payment_settled"
    PAYMENT_FAILED = "payment_failed"
    OVERPAYMENT_RECEIVED = "overpayment_received"
    TOKENS_BOUGHT = "tokens_bought"
    REFUND_REQUESTED = "refund_requested"
    REFUND_SETTLED = "refund_settled"
    REFUND_FAILED = "refund_failed"
    REFUND_UNDONE = "refund_undone"
    PAYMENT_TAKEN_BACK = "payment_taken_back"
    DISPUTE_OPENED = "dispute_opened"
    DISPUTE_WON = "dispute_won"
    DISPUTE_LOST = "dispute_lost"
    CREDIT_TAKEN_BACK = "credit_taken_back"
    CARD_CONSENT_GIVEN = "card_consent_given"
    CARD_SAVED = "card_saved"
    CARD_REMOVED = "card_removed"
    CARD_MADE_DEFAULT = "card_made_default"
    AUTO_TOPUP_SWITCHED_OFF = "auto_topup_switched_off"
    PLAN_CHANGE_SCHEDULED = "plan_change_scheduled"
    PLAN_CHANGED = "plan_changed"
    PLAN_EXPIRED = "plan_expired"
    SUBSCRIPTION_CANCELLED = "subscription_cancelled"
    SUBSCRIPTION_RESUMED = "subscription_resumed"
    DATA_TAKEN = "data_taken"
    DELETION_ASKED = "deletion_asked"
    DELETION_TAKEN_BACK = "deletion_taken_back"


EVERYTHING: tuple[Event | Act, ...] = (*Event, *Act)


class By(StrEnum):
    """Who did something, as the account's owner sees it."""

    OWNER = "owner"
    # Somebody who has not shown that he is the owner.
    VISITOR = "visitor"
    OPERATOR = "operator"
    GATEWAY = "gateway"
    # Stripe, PayPal: they tell what became of money.
    PROVIDER = "provider"
    # Nobody: what the program does by itself.
    PROGRAM = "program"


# How the journal calls those who act under many names.
BY_ACTOR = {"gateway": By.GATEWAY, "provider": By.PROVIDER}


@dataclass(frozen=True, slots=True)
class SecurityEvent:
    """An entry of the journal as the account's owner reads it."""

    happened_at: datetime
    action: str
    by: By
    details: Mapping[str, object]
    id: int = 0


@dataclass(frozen=True, slots=True)
class Doer:
    """Who does something, as the journal calls him, and where he comes from."""

    actor: str
    visitor: Visitor


def note(
    event: Event | Act,
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
    event: Event,
    account: Account | None,
    *,
    visitor: Visitor,
    now: datetime,
    details: Mapping[str, object] | None = None,
) -> None:
    """Note what somebody did who has not shown that he is the owner."""
    user_id = None if account is None else account.id
    told = {**_came(visitor), **(details or {})}
    journal.write(event, actor=By.VISITOR, user_id=user_id, now=now, details=told)


def note_by_operator(
    event: Event | Act,
    account: Account,
    *,
    actor: str,
    now: datetime,
    details: Mapping[str, object],
) -> None:
    """Note what was done for the owner, by somebody of ours."""
    journal.write(event, actor=actor, user_id=account.id, now=now, details=details)


def note_key(
    event: Event,
    key: Key,
    *,
    by: Doer,
    now: datetime,
    details: Mapping[str, object] | None = None,
) -> None:
    """Note what became of a key, whoever did it; a gateway's is nobody's own."""
    named = {"key": key.name, "prefix": f"{key.kind}{key.public_id}"}
    journal.write(
        event,
        actor=by.actor,
        user_id=key.user_id,
        now=now,
        details={**_came(by.visitor), **named, **(details or {})},
    )


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
    """Return what happened lately at the account's doors, latest first."""
    ours = JournalEntry.user_id == account.id, JournalEntry.action.in_(list(Event))
    latest = select(JournalEntry).where(*ours).order_by(JournalEntry.id.desc()).limit(LISTED_MAX)
    return [_read(entry, account) for entry in session.scalars(latest)]


def everything_of(
    account: Account,
    *,
    limit: int,
    before: int | None = None,
    actions: Collection[Event | Act] = EVERYTHING,
) -> Stretch[SecurityEvent]:
    """Return what the account's owner may read of the journal, latest first: all, or of these."""
    kinds = JournalEntry.action.in_(list(actions))
    ours = select(JournalEntry).where(JournalEntry.user_id == account.id, kinds)
    if before is not None:
        ours = ours.where(JournalEntry.id < before)
    latest = ours.order_by(JournalEntry.id.desc()).limit(limit + 1)
    rows = [_read(entry, account) for entry in session.scalars(latest)]
    return stretch(rows, limit=limit, number=lambda event: event.id)


def by_whom(actor: str, account: Account) -> By:
    """Return who did something, as the account's owner sees it."""
    if actor == actor_of(account):
        return By.OWNER
    if actor == "system":
        return By.PROGRAM
    if actor == By.VISITOR:
        return By.VISITOR
    return BY_ACTOR.get(actor.partition(":")[0], By.OPERATOR)


def _read(entry: JournalEntry, account: Account) -> SecurityEvent:
    by = by_whom(entry.actor, account)
    return SecurityEvent(entry.happened_at, entry.action, by, entry.details, entry.id)


def _came(visitor: Visitor) -> dict[str, object]:
    return {"device": visitor.device, "address": visitor.address}
