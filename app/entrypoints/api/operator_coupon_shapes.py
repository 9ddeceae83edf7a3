"""Coupons as operators see them, as JSON."""

from app.domain.coupons import rules
from app.domain.coupons.models import Coupon
from app.foundation.money import usd_from_minor


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
