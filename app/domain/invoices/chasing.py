"""Which unpaid usage invoices are to be spoken of, and when. Reads only."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Select, func, literal, select

from app.domain.accounts.models import Account
from app.domain.invoices.models import Invoice
from app.domain.invoices.rules import SUSPENDED_AFTER, InvoiceStatus
from app.domain.mails.models import Mail
from app.foundation.bulk import any_of
from app.foundation.database import session

# Days after the due date on which a customer is reminded; each is told unless the next one is due.
REMINDER_DAYS = (-7, 0, 7, 14)
KIND = "invoice_reminder"
SUSPENDED = "account_suspended"


@dataclass(frozen=True, slots=True)
class Reminder:
    """An unpaid invoice and for how many days it has been due; below 0, until it will be."""

    public_id: str
    user_id: str
    invoice_number: str
    due_minor: int
    due_at: datetime
    days: int


def about(public_id: str, *, days: int) -> str:
    """Return what a reminder is about, so that it is written once."""
    return f"{public_id}:{days}"


def reminders_due(*, now: datetime, limit: int) -> Sequence[Reminder]:
    """Return the reminders that are due and not written: of each invoice the latest one."""
    found: list[Reminder] = []
    for days, following in zip(REMINDER_DAYS, (*REMINDER_DAYS[1:], None), strict=True):
        source = literal(f"{KIND}:") + Invoice.public_id + literal(f":{days}")
        statement = _unpaid().where(
            Invoice.due_at <= now - timedelta(days=days),
            ~select(Mail.id).where(Mail.source == source).exists(),
        )
        if following is not None:
            statement = statement.where(Invoice.due_at > now - timedelta(days=following))
        found += _reminders(statement.limit(limit), days)
    return found[:limit]


def debts_to_suspend_for(*, now: datetime, limit: int) -> Sequence[Reminder]:
    """Return the invoices that are unpaid for so long that their accounts are to be suspended.

    A suspension is for every debt that was old by then: if an operator lets the account go on,
    only a debt that has become old since suspends it again.
    """
    old = (
        _unpaid()
        .join(Account, Account.id == Invoice.user_id)
        .where(Invoice.due_at <= now - SUSPENDED_AFTER, Account.suspended_at.is_(None))
    )
    # All of them are looked at: who owes for so long and goes on has been let go on by a person.
    debts = _reminders(old, SUSPENDED_AFTER.days)
    told = _last_suspended({debt.user_id for debt in debts})
    grown = (d for d in debts if told.get(d.user_id, d.due_at) < d.due_at + SUSPENDED_AFTER)
    return list(islice(grown, limit))


def _last_suspended(user_ids: Collection[str]) -> dict[str, datetime]:
    """Return when those of the accounts were suspended that ever were."""
    mails = select(Mail.user_id, func.max(Mail.created_at)).where(
        any_of(Mail.user_id, user_ids), Mail.kind == SUSPENDED
    )
    return {user_id: at for user_id, at in session.execute(mails.group_by(Mail.user_id))}


def _unpaid() -> Select[*tuple[Any, ...]]:
    due_minor = Invoice.final_minor - Invoice.credit_used_minor
    return (
        select(
            Invoice.public_id, Invoice.user_id, Invoice.invoice_number, due_minor, Invoice.due_at
        )
        .where(Invoice.status == InvoiceStatus.ISSUED, Invoice.kind == "usage")
        .order_by(Invoice.due_at, Invoice.id)
    )


def _reminders(statement: Select[*tuple[Any, ...]], days: int) -> list[Reminder]:
    return [
        Reminder(public_id, user_id, number or "", due_minor, due_at, days)
        for public_id, user_id, number, due_minor, due_at in session.execute(statement)
        if due_at is not None
    ]
