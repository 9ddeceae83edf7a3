"""Mails that were kept long enough go. Changes state; never commits."""

from datetime import datetime

from sqlalchemy import or_, select

from app.domain.accounts.models import Account
from app.domain.mails.models import Mail
from app.domain.mails.operations import is_settled
from app.foundation.retaining import delete_some

# Whoever chases what is unpaid looks at them, so that nothing is told twice.
REMEMBERED = ("invoice_reminder", "account_suspended")


def forget_mails(*, before: datetime, limit: int) -> int:
    """Delete mails that were written before that, and those of accounts that are erased."""
    erased = select(Account.id).where(Account.erased_at.is_not(None))
    is_old = (Mail.created_at < before) & Mail.kind.not_in(REMEMBERED)
    # Wherever it was not sent yet, it is on its way.
    goes = is_settled(), or_(is_old, Mail.user_id.in_(erased))
    return delete_some(Mail, Mail.id, *goes, limit=limit)
