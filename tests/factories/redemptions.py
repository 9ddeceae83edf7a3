"""Makes coupons, and redeems them as customers do."""

from datetime import datetime, timedelta

from app.domain.accounts.models import Account
from app.domain.coupons.models import Coupon, CouponApplication, CouponUsage
from app.domain.coupons.redeeming import CouponView
from app.foundation.database import session, transaction
from app.workflows.redeem_coupon import Redemption, redeem_coupon
from tests.factories.usage import GRACE
from tests.moments import NOW

DAY = timedelta(days=1)


def make_coupon(code: str = "SAVE20", *, now: datetime = NOW, **changes: object) -> Coupon:
    """Make a coupon that is valid: 20 % off, a hundred of them."""
    given = {
        "type": "percentage",
        "value": 2_000,
        "max_uses": 100,
        "max_usage_per_user": 1,
        "valid_from": now - 30 * DAY,
        "expires_at": now + 365 * DAY,
        "created_by": "olga",
        "created_at": now,
        "updated_at": now,
        **changes,
    }
    coupon = Coupon(code=code, **given)
    with transaction():
        session.add(coupon)
    return coupon


def make_fixed_coupon(code: str = "TENOFF", *, minor: int = 1_000, **changes: object) -> Coupon:
    """Make a coupon over an amount."""
    return make_coupon(code, type="fixed", value=minor, **changes)


def view(**changes: object) -> CouponView:
    """Return a valid coupon as the rules see it."""
    given = {
        "id": 1,
        "code": "SAVE20",
        "type": "percentage",
        "value": 2_000,
        "max_uses": 10,
        "used_count": 0,
        "max_usage_per_user": 1,
        "min_purchase_minor": 0,
        "valid_from": NOW - DAY,
        "expires_at": NOW + DAY,
        "is_active": True,
        "description": "",
        "applicable_plans": None,
        **changes,
    }
    return CouponView(**given)


def redeem(
    code: str, account: Account, *, plan_id: str | None = None, now: datetime = NOW
) -> Redemption:
    """Redeem the coupon."""
    with transaction():
        return redeem_coupon(code, account, plan_id=plan_id, grace=GRACE, now=now)


def usage_of(account: Account, code: str) -> CouponUsage:
    """Return the account's redemption of the coupon as it stands in the database."""
    session.rollback()
    found = session.query(CouponUsage).join(Coupon, Coupon.id == CouponUsage.coupon_id)
    return (
        found.filter(CouponUsage.user_id == account.id, Coupon.code == code)
        .populate_existing()
        .one()
    )


def applications_of(invoice_id: int) -> list[CouponApplication]:
    """Return what coupons took off an invoice."""
    session.rollback()
    found = session.query(CouponApplication).filter_by(invoice_id=invoice_id).populate_existing()
    return found.order_by(CouponApplication.id).all()
