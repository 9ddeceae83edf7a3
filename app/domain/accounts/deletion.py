"""Deleting an account: asked for, waited for, and then everything personal of it is erased.

The row stays under its id, for invoices and books that must be kept speak of it. Changes state;
never commits.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from app.domain.accounts import sessions
from app.domain.accounts.access_models import (
    EmailChange,
    KnownDevice,
    MailToken,
    RecoveryCode,
    SecondFactor,
    SignInSession,
)
from app.domain.accounts.errors import DeletionAsked, DeletionNotAsked
from app.domain.accounts.models import Account, BillingSettings, Key
from app.domain.accounts.security_journal import Act, Event
from app.foundation import idempotency, outbox
from app.foundation.database import session
from app.foundation.journal import JournalEntry
from app.foundation.sentences import say

# So long the owner may keep his account after all.
WAITS = timedelta(days=14)
# No mail can be sent there: RFC 2606.
ERASED_ADDRESS = "erased-{number}@erased.invalid"
PERSONAL = (SignInSession, KnownDevice, MailToken, EmailChange, SecondFactor, RecoveryCode)
# What tells of acts, and not of who did them or why, is kept with the books.
ACTS_WITHOUT_DETAILS = (
    *Event,
    *(Act.SETTINGS_CHANGED, Act.TAX_ID_APPROVED, Act.ACCOUNT_SUSPENDED, Act.ACCOUNT_RESUMED),
    *(Act.TOKENS_ADJUSTED, Act.USAGE_VOIDED, Act.DATA_TAKEN, Act.DELETION_ASKED),
    *(Act.CARD_CONSENT_GIVEN, Act.CARD_SAVED, Act.CARD_REMOVED, Act.CARD_MADE_DEFAULT),
    Act.DELETION_TAKEN_BACK,
)


def ask(account: Account, *, now: datetime) -> datetime:
    """Note that the locked account is to be deleted; return from when on. Raises DeletionAsked."""
    if account.deletion_due_at is not None:
        raise DeletionAsked(say("This account is to be deleted already."))
    account.deletion_asked_at, account.deletion_due_at = now, now + WAITS
    account.updated_at = now
    return account.deletion_due_at


def take_back(account: Account, *, now: datetime) -> datetime:
    """Keep the locked account; return when it was to be deleted. Raises DeletionNotAsked."""
    asked_at = account.deletion_asked_at
    if asked_at is None or account.erased_at is not None:
        raise DeletionNotAsked(say("This account is not to be deleted."))
    account.deletion_asked_at = account.deletion_due_at = None
    account.updated_at = now
    return asked_at


def due(*, now: datetime, limit: int, after: str = "") -> Sequence[str]:
    """Return whose waiting is over and who is not erased yet, in the order of their ids."""
    waiting = select(Account.id).where(
        Account.deletion_due_at <= now, Account.erased_at.is_(None), Account.id > after
    )
    return session.scalars(waiting.order_by(Account.id).limit(limit)).all()


def erase(account: Account, *, now: datetime) -> None:
    """Erase who the locked account was of: nobody can sign in with it, or ask with its keys."""
    sessions.end_all(account, now=now)
    for table in PERSONAL:
        session.execute(delete(table).where(table.user_id == account.id))
    _revoke_keys(account, now=now)
    _forget_answers(account)
    _forget_settings(account, now=now)
    _forget_details(account)
    # Who registered, or asked for another password, gave his address and where he came from.
    outbox.forget_done(key="email", value=account.email)
    account.email = ERASED_ADDRESS.format(number=account.number)
    account.name, account.password_hash, account.email_verified_at = "", None, None
    account.erased_at = account.updated_at = now
    session.flush()


def _revoke_keys(account: Account, *, now: datetime) -> None:
    ours = update(Key).where(Key.user_id == account.id)
    session.execute(ours.where(Key.revoked_at.is_(None)).values(revoked_at=now))
    session.execute(ours.values(name=""))


def _forget_answers(account: Account) -> None:
    """Forget what programs were answered: its own, and those of operators who asked about it."""
    idempotency.forget_answers(idempotency.holder_of(account.id))
    # As earlier versions have named whoever asked.
    for public_id in session.scalars(select(Key.public_id).where(Key.user_id == account.id)):
        idempotency.forget_answers(public_id)
    idempotency.forget_answers_naming(account.id)


def _forget_settings(account: Account, *, now: datetime) -> None:
    session.execute(
        update(BillingSettings)
        .where(BillingSettings.user_id == account.id)
        .values(
            billing_email=None,
            billing_address=None,
            tax_id=None,
            tax_id_approved_at=None,
            country=None,
            auto_topup=False,
            auto_pay=False,
            send_invoice_email=False,
            enable_alerts=False,
            alert_spend_minor=None,
            spend_limit_minor=None,
            updated_at=now,
        )
    )


def _forget_details(account: Account) -> None:
    told = JournalEntry.action.in_(ACTS_WITHOUT_DETAILS)
    session.execute(
        update(JournalEntry).where(JournalEntry.user_id == account.id, told).values(details={})
    )
