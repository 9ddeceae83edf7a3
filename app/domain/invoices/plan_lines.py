"""The lines of a change of plan, each with the formula that it came from. Pure."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.coupons.discounting import Discount, Idle, OpenUse, idle_uses
from app.domain.invoices import line_words, rules
from app.domain.invoices.bills import Bill
from app.domain.invoices.rules import Line
from app.domain.subscriptions.changing import Change, ChangeKind
from app.foundation import money
from app.foundation.figures import rate, usd_of_minor
from app.foundation.sentences import say


@dataclass(frozen=True, slots=True)
class ExplainedLine:
    """A line and how its amount was worked out."""

    line: Line
    formula: str


@dataclass(frozen=True, slots=True)
class ExplainedDiscount:
    """What a coupon takes off and how that was worked out."""

    discount: Discount
    formula: str


@dataclass(frozen=True, slots=True)
class IdleCoupon:
    """A redeemed coupon that takes nothing off, and why."""

    code: str
    why: str


def change_lines(
    change: Change, *, old_name: str, new_name: str, now: datetime
) -> tuple[ExplainedLine, ...]:
    """Return what a change of plan costs now: nothing if it only takes effect later."""
    if change.kind is ChangeKind.AT_END:
        return ()
    if change.kind is ChangeKind.BEGIN:
        line = rules.plan_line(
            new_name,
            starts_at=change.period.starts_at,
            ends_at=change.period.ends_at,
            price_minor=change.charge_minor,
        )
        formula = say("{price} for a whole period", {"price": usd_of_minor(change.charge_minor)})
        return (ExplainedLine(line, formula),)
    share = {"left": change.seconds_left, "whole": change.period.seconds}
    words = line_words.plan_for(new_name, starts_at=now, ends_at=change.period.ends_at)
    price = {"price": usd_of_minor(change.after.price_minor), **share}
    formula = say("{price} × {left:,} s left / {whole:,} s", price)
    lines = [ExplainedLine(_line("plan", words, change.charge_minor), formula)]
    # Only what the new plan costs is taken off; the rest becomes account credit.
    credited = min(change.credit_minor, change.charge_minor)
    if credited:
        unused = line_words.unused_time_of(old_name)
        paid = {"paid": usd_of_minor(change.net_paid_minor), **share}
        formula = say("{paid} paid × {left:,} s left / {whole:,} s", paid)
        lines.append(ExplainedLine(_line("plan_credit", unused, -credited), formula))
    return tuple(lines)


def carried_lines(bill: Bill) -> tuple[ExplainedLine, ...]:
    """Return the line that a bill's amount is carried on with, if nobody could pay it by itself."""
    formula = say(
        "Less than {least} is not paid by itself", {"least": usd_of_minor(rules.LEAST_MINOR)}
    )
    carried = (line for line in bill.lines if line.kind == "carried_on")
    return tuple(ExplainedLine(line, formula) for line in carried)


def explained_discounts(bill: Bill) -> tuple[ExplainedDiscount, ...]:
    """Return what coupons take off a bill, each of what those before it have left."""
    left = sum(line.amount_minor for line in bill.lines if line.kind != "carried_on")
    uses, explained = {use.usage_id: use for use in bill.payer.uses}, []
    for discount in bill.discounts:
        explained.append(ExplainedDiscount(discount, _formula(uses[discount.usage_id], left)))
        left -= discount.minor
    return tuple(explained)


def idle_coupons(bill: Bill) -> tuple[IdleCoupon, ...]:
    """Return the open coupons that take nothing off a bill, and why."""
    amount_minor = sum(line.amount_minor for line in bill.lines if line.kind != "carried_on")
    if rules.is_too_small(amount_minor):
        return tuple(IdleCoupon(use.code, say("nothing is paid now")) for use in bill.payer.uses)
    kept = idle_uses(amount_minor, bill.payer.uses, plan_id=bill.payer.plan_id)
    return tuple(IdleCoupon(use.code, _why(use, idle)) for use, idle in kept)


def _why(use: OpenUse, idle: Idle) -> str:
    if idle is Idle.OTHER_PLAN:
        return say("it is for other plans")
    if idle is Idle.TOO_SMALL:
        least = {"least": usd_of_minor(use.min_purchase_minor)}
        return say("it needs {least} or more, before other coupons", least)
    return say("those redeemed before it leave it nothing")


def _formula(use: OpenUse, left: int) -> str:
    if use.remaining_minor is None:
        share = {"share": rate(use.value), "amount": usd_of_minor(left)}
        return say("{share} of {amount}", share)
    most = {"most": usd_of_minor(use.remaining_minor), "amount": usd_of_minor(left)}
    return say("Up to {most} of {amount}", most)


def _line(kind: str, description: str, minor: int) -> Line:
    return Line(kind, description, None, 1, None, money.nanos_from_minor(minor), minor)
