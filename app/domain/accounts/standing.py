"""What operators decide about a customer: whether he may go on, and how much he may owe.

Changes state; never commits.
"""

from datetime import datetime

from app.domain.accounts import operations, rules
from app.domain.accounts.errors import UnknownAccount
from app.domain.accounts.models import Account, Role
from app.foundation import journal
from app.foundation.sentences import say

BY_OPERATOR = "operator"


def lock_customer(user_id: str) -> Account:
    """Lock a customer's account. Raises UnknownAccount, for operators too."""
    # Asked for from outside, it may be no text for a database.
    named = {user_id} if rules.may_be_user_id(user_id) else set[str]()
    account = operations.lock_accounts(named).get(user_id)
    is_customer = account is not None and account.role == Role.CUSTOMER
    if account is None or not is_customer or account.erased_at is not None:
        raise UnknownAccount(say("There is no customer with this id."))
    return account


def suspend(account: Account, *, reason: str, actor: str, now: datetime) -> None:
    """Suspend a locked account until an operator lifts it; paying a debt will not."""
    reason = rules.check_reason(reason)
    if account.suspended_because == BY_OPERATOR:
        return
    account.suspended_at = account.suspended_at or now
    account.suspended_because = BY_OPERATOR
    account.updated_at = now
    details = {"reason": reason, "because": BY_OPERATOR}
    journal.write("account_suspended", actor=actor, user_id=account.id, now=now, details=details)


def resume(account: Account, *, reason: str, actor: str, now: datetime) -> None:
    """Let a locked account go on, whatever it was suspended for."""
    reason = rules.check_reason(reason)
    if account.suspended_at is None:
        return
    details = {"reason": reason, "because": account.suspended_because}
    account.suspended_at = account.suspended_because = None
    account.updated_at = now
    journal.write("account_resumed", actor=actor, user_id=account.id, now=now, details=details)


def set_credit_limit(
    account: Account, limit_minor: int | None, *, actor: str, now: datetime
) -> None:
    """Set how much a locked account may owe; None is the general limit again."""
    if limit_minor is not None:
        rules.check_credit_limit(limit_minor)
    if account.credit_limit_minor == limit_minor:
        return
    details: dict[str, object] = {
        "before_minor": account.credit_limit_minor,
        "after_minor": limit_minor,
    }
    account.credit_limit_minor = limit_minor
    account.updated_at = now
    journal.write("credit_limit_set", actor=actor, user_id=account.id, now=now, details=details)
