"""11: every billed nano of a closed month is on one invoice, carried, or forgiven by name."""

from typing import Any

from sqlalchemy import CompoundSelect, Subquery, func, select, union, union_all

from app.domain.invoices.models import CarriedAmount, Invoice, InvoiceLine
from app.domain.usage.models import UsageCorrection, UsageMonthly
from app.foundation.journal import JournalEntry
from app.foundation.money import NANOS_PER_MINOR
from app.workflows.find_months_to_close import THROUGH
from app.workflows.verify_books.reading import Rows, check

# An invoice that stands is neither of these.
UNBILLED = ("draft", "void")
WAITED = ("carried", "correction", "shortfall")


@check("{1} of {0} is closed, but {2} nano-USD of it are not billed")
def _closed_months_billed() -> Rows:
    """11: a closed month's usage is what its invoice and its carried amount say.

    What was voided since is in a correction instead. A void invoice without another one in its
    place has forgiven the month.
    """
    parts = union_all(_used(), _corrected(), _billed(), _carried()).subquery()
    closed, forgiven = _closed().subquery(), _forgiven()
    left = func.sum(parts.c.nanos)
    keys = (parts.c.user_id, parts.c.month)
    return (
        select(*keys, left)
        .join(closed, (closed.c.user_id == keys[0]) & (closed.c.month == keys[1]))
        .outerjoin(forgiven, (forgiven.c.user_id == keys[0]) & (forgiven.c.month == keys[1]))
        .where(forgiven.c.user_id.is_(None))
        .group_by(*keys)
        .having(left != 0)
    )


@check("invoice {} of {} and the amounts that waited for it differ by {} nano-USD")
def _waiting_billed_once() -> Rows:
    """11: what was carried or corrected stands on the invoice that took it up, and nowhere else."""
    line, invoice = InvoiceLine, Invoice
    nanos = func.coalesce(line.amount_nanos, line.amount_minor * NANOS_PER_MINOR)
    told = (
        select(invoice.id.label("invoice_id"), nanos.label("nanos"))
        .join(line, line.invoice_id == invoice.id)
        .where(line.kind.in_(WAITED))
    )
    taken = [
        select(table.invoice_id, -table.amount_nanos).where(table.invoice_id.is_not(None))
        for table in (CarriedAmount, UsageCorrection)
    ]
    both = union_all(told, *taken).subquery()
    left = func.sum(both.c.nanos)
    return (
        select(invoice.public_id, invoice.user_id, left)
        .join(both, both.c.invoice_id == invoice.id)
        # What a void invoice had taken up may stand on another one by now.
        .where(invoice.status.not_in(UNBILLED))
        .group_by(invoice.public_id, invoice.user_id)
        .having(left != 0)
    )


def _used() -> Rows:
    rolled = UsageMonthly
    return select(
        rolled.user_id, rolled.billing_month.label("month"), rolled.final_nanos.label("nanos")
    )


def _corrected() -> Rows:
    """Return what was used when the month was billed and is voided now."""
    corrected = UsageCorrection
    columns = select(corrected.user_id, corrected.billing_month, -corrected.amount_nanos)
    return columns.where(corrected.kind == "void")


def _billed() -> Rows:
    return (
        select(Invoice.user_id, Invoice.billing_month, -InvoiceLine.amount_nanos)
        .join(InvoiceLine, InvoiceLine.invoice_id == Invoice.id)
        .where(Invoice.kind == "usage", Invoice.status.not_in(UNBILLED))
        .where(InvoiceLine.kind == "usage")
    )


def _carried() -> Rows:
    carried = CarriedAmount
    columns = select(carried.user_id, carried.from_month, -carried.amount_nanos)
    return columns.where(carried.kind == "usage")


def _closed() -> CompoundSelect[Any]:
    """Return the accounts and months that were billed, or that a close is through with."""
    invoiced = select(Invoice.user_id, Invoice.billing_month.label("month")).where(
        Invoice.kind == "usage", Invoice.status != "draft"
    )
    carried = select(CarriedAmount.user_id, CarriedAmount.from_month).where(
        CarriedAmount.kind == "usage"
    )
    # A close that is still under way, or was stopped, has not come to all accounts yet.
    month_through = JournalEntry.details["month"].as_string()
    through = (
        select(UsageMonthly.user_id, UsageMonthly.billing_month)
        .join(JournalEntry, month_through == UsageMonthly.billing_month)
        .where(JournalEntry.action == THROUGH, JournalEntry.user_id.is_(None))
    )
    return union(invoiced, carried, through)


def _forgiven() -> Subquery:
    standing = select(Invoice.user_id, Invoice.billing_month).where(
        Invoice.kind == "usage", Invoice.status.not_in(UNBILLED)
    )
    void = select(Invoice.user_id, Invoice.billing_month.label("month")).where(
        Invoice.kind == "usage", Invoice.status == "void"
    )
    return void.except_(standing).subquery()


CHECKS = (_closed_months_billed, _waiting_billed_once)
