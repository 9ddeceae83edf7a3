"""Close a month: every account's usage of it becomes an invoice, a part of them at a time."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.accounts import operations as accounts
from app.domain.accounts import queries as account_queries
from app.domain.invoices import closing, rules
from app.domain.invoices.operations import Seller
from app.foundation import journal
from app.foundation.periods import BillingMonth
from app.workflows.announce_invoices import announce_invoices

ACCOUNTS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class CloseProgress:
    """How far a close has come; `next_after` is None once every account was looked at."""

    issued_count: int
    carried_count: int
    next_after: str | None


def close_month(
    month: BillingMonth, *, seller: Seller, actor: str, now: datetime, after: str = ""
) -> CloseProgress:
    """Close the month for the next accounts in the order of their ids.

    Call it, each time in a transaction of its own, until nothing comes after. It may be stopped
    anywhere and begun again: whoever has his invoice is passed over. Usage that comes for the
    month from the first call on goes into the current one. Raises MonthInFuture, MonthNotOver.
    """
    rules.check_closable(month, now=now)
    if not after:
        closing.note_closed(month, user_id=None, now=now)
        journal.write("month_closed", actor=actor, now=now, details={"month": str(month)})
    # All accounts, not only those whose usage is seen already: a post that found the month open
    # holds its account's lock, and is waited for here.
    user_ids = account_queries.user_ids_after(after, limit=ACCOUNTS_AT_ONCE)
    locked = accounts.lock_accounts(user_ids)
    closed = closing.close_accounts(list(locked.values()), month, seller=seller, now=now)
    announce_invoices(closed.issued, now=now)
    is_last = len(user_ids) < ACCOUNTS_AT_ONCE
    return CloseProgress(
        issued_count=len(closed.issued),
        carried_count=len(closed.carried),
        next_after=None if is_last else user_ids[-1],
    )
