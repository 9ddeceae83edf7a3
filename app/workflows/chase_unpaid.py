"""Chase what is unpaid: reminders before and after the due date, and in the end a suspension."""

from datetime import datetime

from app.domain.accounts import operations as accounts
from app.domain.accounts import queries as account_queries
from app.domain.accounts.models import Account
from app.domain.invoices import chasing
from app.domain.invoices import queries as invoices
from app.domain.invoices.chasing import Reminder
from app.domain.mails import operations as mails
from app.domain.mails.operations import Letter
from app.foundation import journal

AT_ONCE = 200


def chase_unpaid(*, now: datetime) -> int:
    """Write the next reminders and suspend who owes for too long; return how many acts it took.

    Call it, each time in a transaction of its own, until there is nothing to do.
    """
    reminders = chasing.reminders_due(now=now, limit=AT_ONCE)
    addresses = account_queries.addresses({reminder.user_id for reminder in reminders})
    letters = [_letter(each, addresses[each.user_id], now=now) for each in reminders]
    written = mails.write_all(letters, now=now)
    return written + _suspend(now=now)


def _letter(reminder: Reminder, address: str, *, now: datetime) -> Letter:
    return Letter(
        kind=chasing.KIND,
        user_id=reminder.user_id,
        address=address,
        about=chasing.about(reminder.public_id, days=reminder.days),
        facts={
            "invoice_number": reminder.invoice_number,
            "due_minor": reminder.due_minor,
            "due_at": reminder.due_at.isoformat(),
            # It may be late: the worker was away, or the invoice older than the worker.
            "days": (now - reminder.due_at).days,
        },
    )


def _suspend(*, now: datetime) -> int:
    debts = chasing.debts_to_suspend_for(now=now, limit=AT_ONCE)
    locked = accounts.lock_accounts({debt.user_id for debt in debts})
    suspended = 0
    for debt in debts:
        account = locked[debt.user_id]
        # Asked again under the lock: the debt may have been paid meanwhile.
        if account.suspended_at is None and invoices.has_old_debt(account, now=now):
            _suspend_one(account, debt, now=now)
            suspended += 1
    return suspended


def _suspend_one(account: Account, debt: Reminder, *, now: datetime) -> None:
    account.suspended_at, account.suspended_because = now, "debt"
    account.updated_at = now
    facts: dict[str, object] = {
        "invoice_number": debt.invoice_number,
        "due_minor": debt.due_minor,
        "due_at": debt.due_at.isoformat(),
    }
    mails.write(chasing.SUSPENDED, account, about=debt.public_id, facts=facts, now=now)
    journal.write("account_suspended", actor="system", user_id=account.id, now=now, details=facts)
