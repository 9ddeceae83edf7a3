"""What redeemed coupons take off an invoice, in which order. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.coupons.redeeming import CouponType
from app.foundation import money


@dataclass(frozen=True, slots=True)
class OpenUse:
    """A redeemed coupon that has something left to give."""

    usage_id: int
    user_id: str
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
