"""Lift a suspension: the debt that it was for is paid."""

from datetime import datetime

from app.domain.accounts.models import Account
from app.domain.invoices import queries as invoices
from app.foundation import journal


def lift_suspension(account: Account, *, now: datetime) -> None:
    """Let the locked account go on if no debt of its is so old any more.

    Whom an operator has suspended stays so.
    """
    if account.suspended_because != "debt" or invoices.has_old_debt(account, now=now):
        return
    account.suspended_at = account.suspended_because = None
    account.updated_at = now
    journal.write("suspension_lifted", actor="system", user_id=account.id, now=now)
