"""Coupons as operators see them, as JSON, and how they are read from it."""

from app.domain.coupons import rules
from app.domain.coupons.models import Coupon
from app.domain.coupons.rules import (
    AMOUNT_MINOR_MAX,
    CODE_LENGTH_MAX,
    CODE_LENGTH_MIN,
    CODE_LETTERS,
    DESCRIPTION_LENGTH_MAX,
    FREE_TOKENS_MAX,
    USES_MAX,
    CouponType,
)
from app.entrypoints.api.reading_fields import (
    MOMENT_WITH_ZONE,
    NUMBER,
    TEXT,
    TEXTS,
    TRUTH,
    USD,
    WHOLE,
    Body,
)
from app.foundation.money import usd_from_minor

# Named like the fields of a draft.
CHANGEABLE = {
    "type": TEXT.one_of(list(CouponType)),
    "value": NUMBER.above_0(FREE_TOKENS_MAX).said("Percent, USD or tokens, by its type."),
    "max_uses": WHOLE.within(1, USES_MAX),
    "max_usage_per_user": WHOLE.within(1, USES_MAX),
    "min_purchase_amount": USD.within(0, usd_from_minor(AMOUNT_MINOR_MAX)),
    "valid_from": MOMENT_WITH_ZONE,
    "expires_at": MOMENT_WITH_ZONE.said("It must lie after valid_from."),
    "is_active": TRUTH,
    "description": TEXT.within(0, DESCRIPTION_LENGTH_MAX),
    "applicable_plans": TEXTS.said("Ids of plans.").or_null("Null: on every plan."),
}
NEW_COUPON = Body(
    "A new coupon.",
    {
        "code": TEXT.like(f"{CODE_LETTERS}{{{CODE_LENGTH_MIN},{CODE_LENGTH_MAX}}}"),
        **CHANGEABLE,
    },
    required=("code", "type", "value", "max_uses", "expires_at"),
)
COUPON_CHANGE = Body("What is to change.", CHANGEABLE)


def coupon_body(coupon: Coupon) -> dict[str, object]:
    """Return the coupon with its value in percent, USD or tokens, as its type says."""
    return {
        "code": coupon.code,
        "type": coupon.type,
        "value": rules.shown_value(coupon.type, coupon.value),
        "max_uses": coupon.max_uses,
        "used_count": coupon.used_count,
        "max_usage_per_user": coupon.max_usage_per_user,
        "min_purchase_amount": usd_from_minor(coupon.min_purchase_minor),
        "valid_from": coupon.valid_from,
        "expires_at": coupon.expires_at,
        "is_active": coupon.is_active,
        "description": coupon.description,
        "applicable_plans": coupon.applicable_plans,
        "created_by": coupon.created_by,
        "created_at": coupon.created_at,
        "updated_at": coupon.updated_at,
    }
