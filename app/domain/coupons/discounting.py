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
        of_plan = self.applicable_plans is None or plan_id in self.applicable_plans
        return of_plan and amount_minor >= self.min_purchase_minor


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


def _worth(use: OpenUse, left: int) -> int:
    if use.type == CouponType.PERCENTAGE:
        return money.percentage_minor(left, basis_points=use.value)
    return use.remaining_minor or 0
