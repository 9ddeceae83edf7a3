"""Makes coupons as rows, for tests that are not about making them."""

from datetime import datetime, timedelta

from app.domain.coupons.models import Coupon
from app.foundation.database import session
from tests.moments import NOW


def make_coupon(code: str = "SAVE50", *, now: datetime = NOW, **changes: object) -> Coupon:
    """Make a coupon that anyone may redeem once: half of one invoice."""
    given = {
        "type": "percentage",
        "value": 5_000,
        "max_uses": 1_000,
        "valid_from": now - timedelta(days=30),
        "expires_at": now + timedelta(days=30),
        "created_by": "olga",
        "created_at": now,
        "updated_at": now,
        **changes,
    }
    coupon = Coupon(code=code, **given)
    session.add(coupon)
    session.commit()
    return coupon
