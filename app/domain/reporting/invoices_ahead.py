"""Which invoices come next, as far as that can be said now. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.invoices.rules import is_too_small
from app.domain.subscriptions.queries import PeriodView
from app.foundation.money import minor_from_nanos
from app.foundation.periods import BillingMonth


class AheadKind(StrEnum):
    """What an invoice will be for."""

    USAGE = "usage"
    PLAN = "plan"


@dataclass(frozen=True, slots=True)
class InvoiceAhead:
    """An invoice to come, before coupons, credit and tax."""

    kind: AheadKind
    comes_at: datetime
    minor: int
    # Of a plan's invoice.
    plan_id: str | None = None


def invoices_ahead(
    unbilled_nanos: int, following: PeriodView, *, month: BillingMonth
) -> tuple[InvoiceAhead, ...]:
    """Return the invoices of usage so far and of the period that follows, the next one first."""
    found = []
    usage_minor = minor_from_nanos(unbilled_nanos)
    # Less is carried on to a later invoice.
    if not is_too_small(usage_minor):
        found.append(InvoiceAhead(AheadKind.USAGE, month.period.ends_at, usage_minor))
    terms = following.terms
    if terms.price_minor:
        plan = InvoiceAhead(AheadKind.PLAN, following.starts_at, terms.price_minor, terms.plan_id)
        found.append(plan)
    return tuple(sorted(found, key=lambda invoice: invoice.comes_at))
