"""Erase an account whose waiting is over: what is personal goes, what the books need stays.

Invoices, credit notes, payments and their acts are kept as they were issued, as tax law asks;
usage is kept under the account's id alone, so that the books balance.
"""

from datetime import datetime, timedelta

from app.domain.accounts import deletion
from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account
from app.domain.alerts import operations as alerts
from app.domain.coupons import operations as coupons
from app.domain.invoices import closing, credit
from app.domain.mails import operations as mails
from app.domain.payments import cards
from app.domain.payments import operations as payments
from app.domain.reporting.leaving import leaving
from app.domain.subscriptions import operations as subscriptions
from app.domain.tokens import operations as tokens
from app.domain.tokens.adjusting import adjustment
from app.domain.usage.forgetting import forget_names
from app.foundation import journal

ERASED = "account_erased"
FORFEITED = "forfeited"
NOTE = "The account was deleted."


def erase_account(user_id: str, *, grace: timedelta, now: datetime) -> bool:
    """Erase the account if its waiting is over and nothing is owed; tell whether it is erased."""
    account = accounts.lock_accounts({user_id})[user_id]
    due_at = account.deletion_due_at
    if account.erased_at is not None or due_at is None or due_at > now:
        return account.erased_at is not None
    subscriptions.roll_over_account(account, now=now, grace=grace)
    left = leaving(account, now=now, grace=grace)
    if left.must_wait:
        return False
    _say_goodbye(account, now=now)
    if left.has_plan:
        subscriptions.end_now(account, now=now)
    _forfeit(account, now=now)
    _erase(account, now=now)
    journal.write(ERASED, actor="system", user_id=user_id, now=now)
    return True


def _say_goodbye(account: Account, *, now: datetime) -> None:
    """Write the last mail; the ones before it go."""
    mails.forget_of(account)
    facts = {"email": account.email}
    mails.write_to(
        account.email, "account_deleted", account, about=account.id, facts=facts, now=now
    )


def _forfeit(account: Account, *, now: datetime) -> None:
    """Take tokens and credit out of the books, and forgive what is too little to be billed."""
    if account.extra_tokens:
        taken = adjustment(
            account.id,
            -account.extra_tokens,
            extra_tokens=account.extra_tokens,
            granted_tokens=account.granted_tokens,
            note=NOTE,
        )
        tokens.book([taken], now=now)
    credit.take_back(
        account,
        minor=account.credit_minor,
        kind=FORFEITED,
        source=f"erasure:{account.id}",
        note=NOTE,
        now=now,
    )
    closing.forgive_carried(account, by=ERASED)


def _erase(account: Account, *, now: datetime) -> None:
    cards.forget_all(account, now=now)
    payments.forget_pages(account)
    tokens.forget_notes(account, but=NOTE)
    credit.forget_notes(account, but=NOTE)
    alerts.forget_of(account)
    coupons.forget_guesses(account)
    forget_names(account)
    deletion.erase(account, now=now)
