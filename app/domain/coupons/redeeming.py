"""Whether a coupon may be redeemed, and what it then promises. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.coupons.errors import (
    CouponAlreadyUsed,
    CouponExpired,
    CouponInactive,
    CouponNotStarted,
    CouponUsedUp,
    CouponWrongPlan,
    TooManyCouponGuesses,
)
from app.domain.coupons.rules import CouponType
from app.foundation import figures
from app.foundation.sentences import Day, Sentence, say, say_count

GUESSES_MAX = 10
GUESSES_WITHIN = timedelta(hours=1)


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

    @property
    def says(self) -> str:
        """Return what it gives, in its own words or in ours."""
        return self.description or promise(self.type, self.value)

    def fits(self, plan_id: str | None) -> bool:
        """Tell whether the coupon is for a plan; None stands for no plan at all."""
        return self.applicable_plans is None or plan_id in self.applicable_plans


def promise(coupon_type: str, value: int) -> Sentence:
    """Say in a few words what a coupon gives."""
    if coupon_type == CouponType.PERCENTAGE:
        return say("Save {share}", {"share": figures.rate(value)})
    if coupon_type == CouponType.FIXED:
        return say("Save {amount}", {"amount": figures.usd_of_minor(value)})
    return say_count("One free token", "{number:,} free tokens", value)


def check_guesses(guesses_count: int) -> None:
    """Refuse another code after too many that do not exist within the hour."""
    if guesses_count >= GUESSES_MAX:
        raise TooManyCouponGuesses(
            say("Too many codes that do not exist. Please try again in an hour.")
        )


def check_redeemable(
    coupon: CouponView, *, redeemed_by_account: int, plan_ids: Collection[str], now: datetime
) -> None:
    """Refuse a coupon that is not valid now, used up, or not for any of the account's plans.

    `plan_ids` are the current plan, the pending one and the one that is about to be bought.
    """
    code = coupon.code
    if not coupon.is_active:
        raise CouponInactive(say("The coupon {code} is not valid any more.", {"code": code}))
    if now < coupon.valid_from:
        raise CouponNotStarted(
            say(
                "The coupon {code} is valid from {day} on.",
                {"code": code, "day": Day(coupon.valid_from)},
            )
        )
    # The end is exclusive, like every end in this house.
    if now >= coupon.expires_at:
        raise CouponExpired(say("The coupon {code} has expired.", {"code": code}))
    if redeemed_by_account >= coupon.max_usage_per_user:
        raise CouponAlreadyUsed(say("You have redeemed the coupon {code} already.", {"code": code}))
    if coupon.used_count >= coupon.max_uses:
        raise CouponUsedUp(say("The coupon {code} has been used up.", {"code": code}))
    if not any(coupon.fits(plan_id) for plan_id in plan_ids):
        raise CouponWrongPlan(
            say("The coupon {code} is for another plan than yours.", {"code": code})
        )
