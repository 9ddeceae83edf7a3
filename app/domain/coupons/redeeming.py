"""Whether a coupon may be redeemed, and what it then promises. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.coupons.errors import (
    CouponAlreadyUsed,
    CouponExpired,
    CouponInactive,
    CouponNotStarted,
    CouponUsedUp,
    CouponWrongPlan,
    TooManyCouponGuesses,
)

GUESSES_MAX = 10
GUESSES_WITHIN = timedelta(hours=1)
CODE_LENGTH_MAX = 64


class CouponType(StrEnum):
    """What a coupon gives."""

    PERCENTAGE = "percentage"
    FIXED = "fixed"
    FREE_TOKENS = "free_tokens"


@dataclass(frozen=True, slots=True)
class CouponView:
    """A coupon and what it gives; `value` is basis points, cents or tokens, as its type says."""

    id: int
    code: str
    type: str
    value: int
    max_uses: int
    used_count: int
    max_usage_per_user: int
    min_purchase_minor: int
    valid_from: datetime
    expires_at: datetime
    is_active: bool
    description: str
    # None: every plan.
    applicable_plans: tuple[str, ...] | None

    def fits(self, plan_id: str | None) -> bool:
        """Tell whether the coupon is for a plan; None stands for no plan at all."""
        return self.applicable_plans is None or plan_id in self.applicable_plans


def code_as_stored(text: str) -> str | None:
    """Return the code as coupons carry it; None for what no coupon's code looks like."""
    # Only ASCII letters have one upper case; of others some would turn into another code.
    code = text.strip()
    is_code = code.isascii() and code.isprintable() and 0 < len(code) <= CODE_LENGTH_MAX
    return code.upper() if is_code else None


def check_guesses(guesses_count: int) -> None:
    """Refuse another code after too many that do not exist within the hour."""
    if guesses_count >= GUESSES_MAX:
        raise TooManyCouponGuesses("Too many codes that do not exist. Please try again in an hour.")


def check_redeemable(
    coupon: CouponView, *, redeemed_by_account: int, plan_ids: Collection[str], now: datetime
) -> None:
    """Refuse a coupon that is not valid now, used up, or not for any of the account's plans.

    `plan_ids` are the current plan, the pending one and the one that is about to be bought.
    """
    code = coupon.code
    if not coupon.is_active:
        raise CouponInactive(f"The coupon {code} is not valid any more.")
    if now < coupon.valid_from:
        raise CouponNotStarted(f"The coupon {code} is valid from {coupon.valid_from:%Y-%m-%d} on.")
    # The end is exclusive, like every end in this house.
    if now >= coupon.expires_at:
        raise CouponExpired(f"The coupon {code} has expired.")
    if redeemed_by_account >= coupon.max_usage_per_user:
        raise CouponAlreadyUsed(f"You have redeemed the coupon {code} already.")
    if coupon.used_count >= coupon.max_uses:
        raise CouponUsedUp(f"The coupon {code} has been used up.")
    if not any(coupon.fits(plan_id) for plan_id in plan_ids):
        raise CouponWrongPlan(f"The coupon {code} is for another plan than yours.")
