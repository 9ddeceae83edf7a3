"""Which invoices come next, and what is charged for them, as far as that can be said now. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.invoices.bills import Bill, Payer, plan_bill, usage_bill
from app.domain.invoices.rules import Line
from app.domain.subscriptions.queries import PeriodView
from app.foundation.money import minor_from_nanos, nanos_from_minor
from app.foundation.periods import BillingMonth


class AheadKind(StrEnum):
    """What an invoice will be for."""

    USAGE = "usage"
    PLAN = "plan"


@dataclass(frozen=True, slots=True)
class InvoiceAhead:
    """An invoice to come: what it is for, what is taken off and added, and what is left to pay."""

    kind: AheadKind
    comes_at: datetime
    amount_minor: int
    discount_minor: int
    tax_minor: int
    credit_minor: int
    # Of a plan's invoice.
    plan_id: str | None = None

    @property
    def due_minor(self) -> int:
        """Return what will be charged."""
        return self.amount_minor - self.discount_minor + self.tax_minor - self.credit_minor


def invoices_ahead(
    payer: Payer, unbilled_nanos: int, following: PeriodView, *, month: BillingMonth
) -> tuple[InvoiceAhead, ...]:
    """Return the invoices of usage so far and of the period that follows, the next one first.

    What the first takes of coupons and of credit, the second does not find any more.
    """
    found = []
    for kind, comes_at in _in_order(following, month):
        if kind is AheadKind.USAGE:
            bill = _usage(payer, minor_from_nanos(unbilled_nanos), month)
        else:
            bill = _plan(payer, following)
        if bill is not None:
            found.append(_ahead(kind, bill, comes_at))
            payer = payer.having_paid(bill)
    return tuple(found)


def _in_order(following: PeriodView, month: BillingMonth) -> list[tuple[AheadKind, datetime]]:
    ends = [(AheadKind.USAGE, month.period.ends_at), (AheadKind.PLAN, following.starts_at)]
    return sorted(ends, key=lambda end: end[1])


def _usage(payer: Payer, minor: int, month: BillingMonth) -> Bill | None:
    bill = usage_bill(payer, [_line("usage", minor)], month=str(month))
    # It is carried on to a later invoice.
    return None if bill.is_too_small else bill


def _plan(payer: Payer, following: PeriodView) -> Bill | None:
    terms = following.terms
    if not terms.price_minor:
        return None
    line = _line("plan", terms.price_minor)
    return plan_bill(payer, [line], plan_id=terms.plan_id, now=following.starts_at)


def _line(kind: str, minor: int) -> Line:
    return Line(kind, "", None, 1, None, nanos_from_minor(minor), minor)


def _ahead(kind: AheadKind, bill: Bill, comes_at: datetime) -> InvoiceAhead:
    totals = bill.totals
    return InvoiceAhead(
        kind=kind,
        comes_at=comes_at,
        amount_minor=totals.amount_minor,
        discount_minor=totals.discount_minor,
        tax_minor=totals.tax_minor,
        credit_minor=bill.credit_used_minor,
        plan_id=bill.plan_id,
    )
