"""Makes coupons as operators do."""

from dataclasses import replace
from datetime import datetime, timedelta

from app.domain.coupons import creating
from app.domain.coupons.models import Coupon
from app.domain.coupons.rules import CouponDraft
from app.foundation.database import transaction
from tests.moments import NOW


def make_draft(*, now: datetime = NOW, **changes: object) -> CouponDraft:
    """Write down a coupon that takes 50 percent off, valid for thirty days."""
    draft = CouponDraft(
        type="percentage",
        value=50,
        max_uses=100,
        valid_from=now,
        expires_at=now + timedelta(days=30),
    )
    return replace(draft, **changes)


def make_coupon(code: str = "SAVE50", *, now: datetime = NOW, **changes: object) -> Coupon:
    """Make such a coupon."""
    with transaction():
        return creating.create(code, make_draft(now=now, **changes), actor="operator:olga", now=now)
