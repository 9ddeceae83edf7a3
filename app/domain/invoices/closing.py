"""Closing a billing month: whose usage is invoiced, and whose is too little for an invoice."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app.domain.accounts.models import Account
from app.domain.invoices import operations, rules
from app.domain.invoices.billable import usage_lines
from app.domain.invoices.bills import usage_bill
from app.domain.invoices.models import CarriedAmount, Invoice
from app.domain.invoices.operations import Seller
from app.domain.invoices.payers import payers as payers_of
from app.domain.usage.models import MonthClose
from app.foundation.bulk import any_of
from app.foundation.database import session
from app.foundation.periods import BillingMonth


@dataclass(frozen=True, slots=True)
class Closed:
    """What closing a month came to for some accounts."""

    issued: tuple[Invoice, ...]
    carried: tuple[str, ...]


def close_accounts(
    accounts: Sequence[Account], month: BillingMonth, *, seller: Seller, now: datetime
) -> Closed:
    """Invoice the month for those of the locked accounts that have no invoice of it yet.

    Whoever has one, or owes nothing, is passed over: closing again changes nothing.
    """
    open_accounts = {account.id: account for account in accounts}
    for user_id in _invoiced(list(open_accounts), month) | _carried(list(open_accounts), month):
        del open_accounts[user_id]
    lines = usage_lines(list(open_accounts), month)
    due = [open_accounts[user_id] for user_id, theirs in lines.items() if theirs]
    payers = payers_of(due, seller_country=seller.country)
    worked_out = [
        usage_bill(payers[account.id], lines[account.id], month=str(month)) for account in due
    ]
    bills = [bill for bill in worked_out if not bill.is_too_small]
    carried = [bill for bill in worked_out if bill.is_too_small]
    operations.carry(carried, now=now)
    issued = operations.draw_up(bills, open_accounts, seller=seller, now=now)
    operations.take_up_what_waited(issued)
    operations.issue(issued, open_accounts, due_at=rules.due_at("usage", now), now=now)
    return Closed(tuple(issued), tuple(bill.payer.user_id for bill in carried))


def forgive_carried(account: Account, *, by: str) -> None:
    """Let go, by name, what is too little for an invoice and will be on none."""
    waiting = (
        CarriedAmount.user_id == account.id,
        CarriedAmount.invoice_id.is_(None),
        CarriedAmount.forgiven_by.is_(None),
    )
    session.execute(update(CarriedAmount).where(*waiting).values(forgiven_by=by))


def note_closed(month: BillingMonth, *, user_id: str | None, now: datetime) -> None:
    """Note that the month takes no more usage, for the account or (None) for everyone."""
    known = select(MonthClose.id).where(
        MonthClose.billing_month == str(month), MonthClose.user_id.is_not_distinct_from(user_id)
    )
    # Two may close the same month at the same moment: then one of them has noted it.
    if session.scalar(known) is None:
        with suppress(IntegrityError), session.begin_nested():
            session.add(MonthClose(billing_month=str(month), user_id=user_id, closed_at=now))


def _invoiced(user_ids: Sequence[str], month: BillingMonth) -> set[str]:
    """Return whose usage was invoiced: a voided invoice has forgiven it."""
    statement = select(Invoice.user_id).where(
        any_of(Invoice.user_id, user_ids),
        Invoice.kind == "usage",
        Invoice.billing_month == str(month),
    )
    return set(session.scalars(statement))


def _carried(user_ids: Sequence[str], month: BillingMonth) -> set[str]:
    # What an upgrade of the month was too small for is no usage of it.
    statement = select(CarriedAmount.user_id).where(
        any_of(CarriedAmount.user_id, user_ids),
        CarriedAmount.kind == "usage",
        CarriedAmount.from_month == str(month),
    )
    return set(session.scalars(statement))
