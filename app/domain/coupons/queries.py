"""Questions about coupons. Reads only."""

from dataclasses import dataclass

from sqlalchemy import func, literal, select, tuple_

from app.domain.coupons import rules
from app.domain.coupons.errors import CouponCodeInvalid, CouponNotFound
from app.domain.coupons.models import Coupon, CouponUsage
from app.foundation.database import UTCDateTime, Whole, session
from app.foundation.paging import Cursor


@dataclass(frozen=True, slots=True)
class CouponsPage:
    """Some coupons, and where the next page begins."""

    coupons: tuple[Coupon, ...]
    next_cursor: Cursor | None


def coupons(*, limit: int, cursor: Cursor | None = None) -> CouponsPage:
    """Return a page of all coupons, the newest first."""
    statement = select(Coupon).order_by(Coupon.created_at.desc(), Coupon.id.desc())
    if cursor is not None:
        last = tuple_(literal(cursor.moment, UTCDateTime), literal(cursor.id, Whole))
        statement = statement.where(tuple_(Coupon.created_at, Coupon.id) < last)
    rows = tuple(session.scalars(statement.limit(limit + 1)))
    shown = rows[:limit]
    if len(rows) <= limit:
        return CouponsPage(shown, None)
    return CouponsPage(shown, Cursor(shown[-1].created_at, shown[-1].id))


def coupon_by_code(text: str) -> Coupon:
    """Return the coupon with this code, however it is written. Raises CouponNotFound."""
    found = find_coupon(text)
    if found is None:
        raise CouponNotFound("There is no coupon with this code.")
    return found


def find_coupon(text: str) -> Coupon | None:
    """Return the coupon with this code, however it is written, if there is one."""
    try:
        code = rules.normal_code(text)
    except CouponCodeInvalid:
        # No coupon has such a code, and databases do not even store some of them.
        return None
    return session.scalar(select(Coupon).where(Coupon.code == code))


def most_redemptions(coupon: Coupon) -> int:
    """Return how often the account that has redeemed the coupon most often has done so."""
    numbers = select(func.max(CouponUsage.redemption_number))
    return session.scalar(numbers.where(CouponUsage.coupon_id == coupon.id)) or 0
