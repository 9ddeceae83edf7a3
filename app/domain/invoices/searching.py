"""What operators look through: issued invoices of all accounts. Reads only.

Each list is read from its newest row on, a stretch at a time, along an index.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, or_, select, tuple_, union_all
from sqlalchemy.orm import aliased

from app.domain.accounts.models import Account
from app.domain.accounts.rules import UNSTORABLE
from app.domain.invoices import queries
from app.domain.invoices.errors import UnknownInvoice
from app.domain.invoices.models import Invoice
from app.domain.invoices.rules import InvoiceStatus
from app.domain.invoices.views import InvoiceView
from app.foundation.database import session
from app.foundation.paging import Stretch
from app.foundation.sentences import say


class Choice(StrEnum):
    """Which invoices are looked through."""

    ALL = "all"
    UNPAID = "unpaid"
    OVERDUE = "overdue"
    PAID = "paid"
    REFUNDED = "refunded"
    VOID = "void"


def invoices_found(
    *,
    now: datetime,
    limit: int,
    choice: Choice = Choice.ALL,
    query: str | None = None,
    before: int | None = None,
) -> Stretch[InvoiceView]:
    """Return the newest issued invoices that were chosen and asked for, without their lines.

    `query` is the number or id of one, or the id or mail address of its customer. One statement.
    """
    newest = select(Invoice).where(Invoice.issued_at.is_not(None), *_chosen(choice, now=now))
    if query is not None:
        newest = newest.where(Invoice.id.in_(_named(query)))
    if before is not None:
        last = aliased(Invoice)
        issued_before = select(last.issued_at, last.id).where(last.id == before)
        issued = tuple_(Invoice.issued_at, Invoice.id)
        newest = newest.where(issued < issued_before.scalar_subquery())
    newest = newest.order_by(Invoice.issued_at.desc(), Invoice.id.desc()).limit(limit + 1)
    rows = session.scalars(newest).all()
    views = tuple(queries.view(row, now=now) for row in rows[:limit])
    return Stretch(views, rows[limit - 1].id if len(rows) > limit else None)


def owner_of(reference: str) -> Account:
    """Return whose an issued invoice is, for operators. Raises UnknownInvoice."""
    named = or_(Invoice.public_id == reference, Invoice.invoice_number == reference)
    owner = select(Account).join(Invoice, Invoice.user_id == Account.id)
    issued = owner.where(named, Invoice.issued_at.is_not(None))
    found = session.scalar(issued) if queries.REFERENCE.fullmatch(reference) is not None else None
    if found is None:
        raise UnknownInvoice(say("There is no invoice with this number."))
    return found


def _chosen(choice: Choice, *, now: datetime) -> tuple[ColumnElement[bool], ...]:
    issued = Invoice.status == InvoiceStatus.ISSUED
    return {
        Choice.ALL: (),
        Choice.UNPAID: (issued,),
        Choice.OVERDUE: (issued, Invoice.due_at < now),
        Choice.PAID: (Invoice.status == InvoiceStatus.PAID,),
        Choice.REFUNDED: (Invoice.status == InvoiceStatus.REFUNDED,),
        Choice.VOID: (Invoice.status == InvoiceStatus.VOID,),
    }[choice]


def _named(text: str) -> Select[tuple[int]]:
    """Return the invoices that are called so, or whose customer is."""
    # Databases do not even let us ask for some characters; nothing is called so.
    text = UNSTORABLE.sub(" ", text).strip()
    theirs = select(Account.id).where(or_(Account.id == text, Account.email == text.lower()))
    # One by one, each has an index; together in one condition, none has.
    named = union_all(
        select(Invoice.id).where(Invoice.invoice_number == text),
        select(Invoice.id).where(Invoice.public_id == text),
        select(Invoice.id).where(Invoice.user_id.in_(theirs)),
    ).subquery()
    return select(named.c.id)
