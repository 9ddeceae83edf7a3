"""What an account owes, as parts of statements: of one account, or of each that a statement names.

`owner` is whose it is: a parameter, or the column of a statement around this.
"""

from typing import Any, TypeVar

from sqlalchemy import ColumnElement, ScalarSelect, cast, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from app.domain.invoices.models import CarriedAmount, Invoice
from app.domain.payments.models import Dispute, Payment
from app.domain.usage.models import UsageCorrection, UsageMonthly
from app.foundation.database import Whole

T = TypeVar("T")
Owner = ColumnElement[str] | InstrumentedAttribute[str]

BILLED_IN = UsageMonthly.billing_month


def used_in_a_month(owner: Owner) -> tuple[ColumnElement[Any], ...]:
    """Return the sums of a billing month, and whether they stand on an invoice or are carried."""
    invoiced = _is_one(
        Invoice.id,
        Invoice.user_id == owner,
        Invoice.kind == "usage",
        Invoice.status != "draft",
        Invoice.billing_month == BILLED_IN,
    )
    carried = _is_one(
        CarriedAmount.id,
        CarriedAmount.user_id == owner,
        CarriedAmount.kind == "usage",
        CarriedAmount.from_month == BILLED_IN,
    )
    return (
        BILLED_IN.label("month"),
        cast(func.sum(UsageMonthly.final_nanos), Whole).label("spent"),
        cast(func.sum(UsageMonthly.unpriced_tokens), Whole).label("unpriced"),
        or_(invoiced, carried).label("is_billed"),
    )


def waiting(owner: Owner) -> tuple[ScalarSelect[int], ScalarSelect[int]]:
    """Return what the next invoice will carry besides its own month, in nano-USD."""
    carried = select(cast(func.sum(CarriedAmount.amount_nanos), Whole)).where(
        CarriedAmount.user_id == owner,
        CarriedAmount.invoice_id.is_(None),
        CarriedAmount.forgiven_by.is_(None),
    )
    corrected = select(cast(func.sum(UsageCorrection.amount_nanos), Whole)).where(
        UsageCorrection.user_id == owner, UsageCorrection.invoice_id.is_(None)
    )
    return carried.scalar_subquery(), corrected.scalar_subquery()


def is_trusted(owner: Owner) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Return whether something was ever paid, and whether a payment is contested."""
    return (
        _is_one(Payment.id, Payment.user_id == owner, Payment.status == "settled"),
        _is_one(Dispute.id, Dispute.user_id == owner, Dispute.status == "open"),
    )


def is_unpaid() -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that an invoice is a debt."""
    # An unpaid renewal is no debt: it ends the plan with its grace, and the invoice with it.
    return Invoice.status == "issued", Invoice.kind != "subscription"


def first_of(figure: InstrumentedAttribute[T], *conditions: ColumnElement[bool]) -> ScalarSelect[T]:
    """Return what stands in the invoice, of those, that is or was due first."""
    due = select(figure).where(*conditions).order_by(Invoice.due_at, Invoice.id)
    return due.limit(1).scalar_subquery()


def due_minor() -> ColumnElement[int]:
    """Return what is to be paid of invoices, in cents."""
    return cast(func.sum(Invoice.final_minor - Invoice.credit_used_minor), Whole)


def sum_of(*conditions: ColumnElement[bool]) -> ScalarSelect[int]:
    """Return what is to be paid of those invoices, in cents."""
    return select(due_minor()).where(*conditions).scalar_subquery()


def _is_one(
    key: InstrumentedAttribute[int], *conditions: ColumnElement[bool]
) -> ColumnElement[bool]:
    """Return whether there is one, looked up for each account by itself.

    Of what is asked by EXISTS, PostgreSQL may rather read all that there is of everybody.
    """
    return select(key).where(*conditions).limit(1).scalar_subquery().is_not(None)
