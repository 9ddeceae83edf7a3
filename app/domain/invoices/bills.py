"""A bill: everything an invoice will say, worked out before anything is written. Pure.

The order is the invoice's own: lines, less coupons, plus tax on what is left, less account credit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.coupons.discounting import Discount, OpenUse, discounts
from app.domain.invoices import line_words, rules
from app.domain.invoices.rules import Line, Totals
from app.domain.invoices.taxing import UNTAXED, Taxation
from app.foundation import money
from app.foundation.languages import ENGLISH


@dataclass(frozen=True, slots=True)
class Payer:
    """What an invoice depends on besides its lines; the account is locked while it is billed."""

    user_id: str
    # The plan that coupons look at.
    plan_id: str
    buyer: Mapping[str, object]
    taxation: Taxation = UNTAXED
    credit_minor: int = 0
    uses: Sequence[OpenUse] = ()
    # In which providers are told what he pays for.
    language: str = ENGLISH

    def buying(self, plan_id: str) -> "Payer":
        """Return the payer as coupons see him when he buys a plan."""
        return replace(self, plan_id=plan_id)

    def having_paid(self, bill: "Bill") -> "Payer":
        """Return the payer with what a bill leaves him of his coupons and his credit."""
        left = {given.usage_id: given.remaining_minor for given in bill.discounts}
        uses = tuple(
            replace(use, remaining_minor=left.get(use.usage_id, use.remaining_minor))
            for use in self.uses
            if use.usage_id not in left or left[use.usage_id]
        )
        return replace(self, uses=uses, credit_minor=self.credit_minor - bill.credit_used_minor)

    def paying_plainly(self) -> "Payer":
        """Return the payer without coupons and credit: extra tokens are paid in full."""
        return replace(self, uses=(), credit_minor=0)


@dataclass(frozen=True, slots=True)
class Bill:
    """An invoice as it is going to be."""

    payer: Payer
    kind: str
    # Of the usage; of everything else it is the month of issue, and set then.
    billing_month: str
    lines: tuple[Line, ...]
    discounts: tuple[Discount, ...]
    totals: Totals
    credit_used_minor: int
    period_id: int | None = None
    plan_id: str | None = None
    plan_change_id: int | None = None
    notes: str = ""

    @property
    def due_minor(self) -> int:
        """Return what is left to be paid."""
        return self.totals.final_minor - self.credit_used_minor

    @property
    def net_minor(self) -> int:
        """Return what is left of the lines after coupons, before tax."""
        return self.totals.amount_minor - self.totals.discount_minor

    @property
    def is_too_small(self) -> bool:
        """Tell whether usage is carried: nobody could pay it, or what coupons leave of it."""
        left_too_little = 0 < self.net_minor < rules.LEAST_MINOR
        return rules.is_too_small(self.totals.amount_minor) or left_too_little


def usage_bill(payer: Payer, lines: Sequence[Line], *, month: str) -> Bill:
    """Work out a month's usage invoice; whether it is too small to issue is for the caller."""
    return _worked_out(payer, lines, kind="usage", billing_month=month)


def plan_bill(
    payer: Payer,
    lines: Sequence[Line],
    *,
    plan_id: str,
    now: datetime,
    period_id: int | None = None,
    plan_change_id: int | None = None,
) -> Bill:
    """Work out the invoice of a plan's period, or of a change within it.

    What nobody could pay by itself goes onto the next invoice, so that the plan can run.
    """
    buying, month = payer.buying(plan_id), f"{now:%Y-%m}"
    bill = _worked_out(buying, lines, kind="subscription", billing_month=month)
    if bill.net_minor > 0 and rules.is_too_small(bill.net_minor):
        carried = [*lines, carried_on_line(bill.net_minor)]
        bill = _totalled(buying, carried, bill.discounts, kind=bill.kind, billing_month=month)
    return replace(bill, period_id=period_id, plan_id=plan_id, plan_change_id=plan_change_id)


def top_up_bill(payer: Payer, line: Line, *, now: datetime) -> Bill:
    """Work out the invoice of extra tokens: no coupons, no credit, tax on top."""
    month = f"{now:%Y-%m}"
    return _worked_out(payer.paying_plainly(), [line], kind="topup", billing_month=month)


def carried_on_line(minor: int) -> Line:
    """Return the line that takes a small amount off an invoice, for the next one."""
    nanos = -money.nanos_from_minor(minor)
    return Line("carried_on", line_words.carried_on(), None, 1, None, nanos, -minor)


def credit_used(final_minor: int, *, credit_minor: int) -> int:
    """Return how much account credit an invoice takes, leaving nothing or enough to be paid."""
    if credit_minor >= final_minor:
        return final_minor
    # No provider takes less than the least amount: then some credit waits for the next invoice.
    return max(min(credit_minor, final_minor - rules.LEAST_MINOR), 0)


def _worked_out(payer: Payer, lines: Sequence[Line], *, kind: str, billing_month: str) -> Bill:
    amount_minor = sum(line.amount_minor for line in lines)
    # What is too small for an invoice uses no coupon up.
    uses = () if rules.is_too_small(amount_minor) else payer.uses
    given = discounts(amount_minor, uses, plan_id=payer.plan_id)
    return _totalled(payer, lines, given, kind=kind, billing_month=billing_month)


def _totalled(
    payer: Payer,
    lines: Sequence[Line],
    given: tuple[Discount, ...],
    *,
    kind: str,
    billing_month: str,
) -> Bill:
    discount_minor = sum(discount.minor for discount in given)
    totals = rules.totals(lines, discount_minor=discount_minor, tax_rate_bp=payer.taxation.rate_bp)
    return Bill(
        payer=payer,
        kind=kind,
        billing_month=billing_month,
        lines=tuple(lines),
        discounts=given,
        totals=totals,
        credit_used_minor=credit_used(totals.final_minor, credit_minor=payer.credit_minor),
    )
