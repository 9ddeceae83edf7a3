"""Void usage: take one request out of every total, and give back what it drew."""

from datetime import datetime

from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account
from app.domain.invoices import queries as invoices
from app.domain.tokens import operations as tokens
from app.domain.tokens.operations import Movement
from app.domain.usage import operations as usage
from app.domain.usage.errors import UnknownRequest
from app.domain.usage.models import BillingRecord, RecordStatus
from app.foundation import journal
from app.foundation.sentences import say


def void_usage(request_id: str, *, reason: str, actor: str, now: datetime) -> BillingRecord:
    """Void the record, once; a second call changes nothing and answers the same.

    Raises UnknownRequest.
    """
    user_id = usage.record_of(request_id).user_id
    account = accounts.lock_accounts({user_id})[user_id]
    # Read again: only under the lock is it certain that nobody else is voiding it.
    record = usage.record_of(request_id)
    if account.erased_at is not None:
        raise UnknownRequest(say("There is no request with this id."))
    if record.status == RecordStatus.VOIDED:
        return record
    usage.void(record, account, reason=reason, now=now)
    # A month that is being closed may not be billed yet: then its invoice leaves the record out.
    if invoices.is_billed(user_id, record.billing_month):
        usage.give_back_billed(record, now=now)
    tokens.book([_given_back(record, account)], now=now)
    details = {"request_id": request_id, "reason": reason}
    journal.write("usage_voided", actor=actor, user_id=user_id, now=now, details=details)
    return record


def _given_back(record: BillingRecord, account: Account) -> Movement:
    return Movement(
        user_id=account.id,
        kind="usage_void",
        tokens=record.extra_tokens,
        granted_tokens=record.granted_tokens,
        balance_after=account.extra_tokens + record.extra_tokens,
        granted_after=account.granted_tokens + record.granted_tokens,
    )
