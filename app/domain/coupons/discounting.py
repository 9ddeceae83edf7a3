"""What redeemed coupons take off an invoice, in which order. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.domain.coupons.rules import CouponType
from app.foundation import money


class UseStatus(StrEnum):
    """Where a redeemed coupon stands."""

    OPEN = "open"
    USED_UP = "used_up"


class UseAct(StrEnum):
    """What happens to a redeemed coupon."""

    # A fixed one takes some of its amount off an invoice.
    TAKES_PART = "takes_part"
    # It takes off what is left of it; a percentage always does.
    TAKES_REST = "takes_rest"
    # The unpaid invoice was voided.
    COMES_BACK = "comes_back"


class Idle(StrEnum):
    """What keeps a redeemed coupon from taking anything off an invoice."""

    OTHER_PLAN = "other_plan"
    TOO_SMALL = "too_small"
    # Those redeemed before it have taken all, or its share is less than a cent.
    NOTHING_LEFT = "nothing_left"


# What becomes of a redeemed coupon; what is not here never happens.
USE_TRANSITIONS: Mapping[UseStatus, Mapping[UseAct, UseStatus]] = {
    UseStatus.OPEN: {
        UseAct.TAKES_PART: UseStatus.OPEN,
        UseAct.TAKES_REST: UseStatus.USED_UP,
        UseAct.COMES_BACK: UseStatus.OPEN,
    },
    UseStatus.USED_UP: {UseAct.COMES_BACK: UseStatus.OPEN},
}


@dataclass(frozen=True, slots=True)
class OpenUse:
    """A redeemed coupon that has something left to give."""

    usage_id: int
    code: str
    type: str
    # Basis points of a percentage, cents of a fixed coupon.
    value: int
    # What is left of a fixed coupon, in cents; None for a percentage.
    remaining_minor: int | None
    min_purchase_minor: int
    applicable_plans: tuple[str, ...] | None

    def fits(self, plan_id: str, *, amount_minor: int) -> bool:
        """Tell whether the coupon acts on an invoice of this plan and amount."""
        return self.is_of_plan(plan_id) and amount_minor >= self.min_purchase_minor

    def is_of_plan(self, plan_id: str) -> bool:
        """Tell whether the coupon acts on invoices of this plan."""
        return self.applicable_plans is None or plan_id in self.applicable_plans


@dataclass(frozen=True, slots=True)
class Discount:
    """What one redemption takes off one invoice, and what is left of it afterwards."""

    usage_id: int
    code: str
    minor: int
    # None for a percentage, which acts on one invoice and is used up by it.
    remaining_minor: int | None

    @property
    def is_used_up(self) -> bool:
        """Tell whether the redemption has nothing left to give."""
        return not self.remaining_minor

    @property
    def act(self) -> UseAct:
        """Return what the discount does to its redemption."""
        return UseAct.TAKES_REST if self.is_used_up else UseAct.TAKES_PART


def used(status: UseStatus, act: UseAct) -> UseStatus:
    """Return where a redemption stands after an act, which must be one that may happen."""
    following = USE_TRANSITIONS[status].get(act)
    assert following is not None, f"a redemption that is {status} never {act}"
    return following


def discounts(amount_minor: int, uses: Sequence[OpenUse], *, plan_id: str) -> tuple[Discount, ...]:
    """Return what the redemptions take off an invoice, in their order, each of what is left.

    The amount is the invoice's after proration credit, before coupons and tax. What takes nothing
    off is not used.
    """
    left, given = amount_minor, []
    for use in uses:
        if not use.fits(plan_id, amount_minor=amount_minor):
            continue
        minor = min(_worth(use, left), left)
        if minor > 0:
            rest = None if use.remaining_minor is None else use.remaining_minor - minor
            given.append(Discount(use.usage_id, use.code, minor, rest))
            left -= minor
    return tuple(given)


def idle_uses(
    amount_minor: int, uses: Sequence[OpenUse], *, plan_id: str
) -> tuple[tuple[OpenUse, Idle], ...]:
    """Return the redemptions that take nothing off an invoice, and what keeps each from it."""
    given = {each.usage_id for each in discounts(amount_minor, uses, plan_id=plan_id)}
    return tuple(
        (use, _kept_by(use, plan_id, amount_minor)) for use in uses if use.usage_id not in given
    )


def _kept_by(use: OpenUse, plan_id: str, amount_minor: int) -> Idle:
    if not use.is_of_plan(plan_id):
        return Idle.OTHER_PLAN
    return Idle.TOO_SMALL if amount_minor < use.min_purchase_minor else Idle.NOTHING_LEFT


def _worth(use: OpenUse, left: int) -> int:
    if use.type == CouponType.PERCENTAGE:
        return money.percentage_minor(left, basis_points=use.value)
    return use.remaining_minor or 0
