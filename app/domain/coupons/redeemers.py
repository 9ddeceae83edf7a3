"""Who has redeemed a coupon, and what it gave them: for operators. Reads only."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, literal, select, tuple_

from app.domain.coupons.models import Coupon, CouponUsage
from app.foundation.database import UTCDateTime, Whole, session
from app.foundation.paging import Cursor


@dataclass(frozen=True, slots=True)
class RedeemerView:
    """One redemption of a coupon by one customer."""

    id: int
    user_id: str
    discount_minor: int
    # What is left of an amount; None for what leaves nothing.
    remaining_minor: int | None
    tokens_granted: int
    redeemed_at: datetime
    used_up_at: datetime | None


@dataclass(frozen=True, slots=True)
class RedeemersPage:
    """Some redemptions of a coupon, the newest first, and where the next page begins."""

    rows: tuple[RedeemerView, ...]
    next_cursor: Cursor | None


@dataclass(frozen=True, slots=True)
class CouponUse:
    """What a coupon has given so far, to how many customers."""

    customers_count: int
    discount_minor: int
    tokens_granted: int


def redeemers(coupon: Coupon, *, limit: int, cursor: Cursor | None = None) -> RedeemersPage:
    """Return a page of the coupon's redemptions, the newest first."""
    use = CouponUsage
    newest = select(use).where(use.coupon_id == coupon.id)
    if cursor is not None:
        last = tuple_(literal(cursor.moment, UTCDateTime), literal(cursor.id, Whole))
        newest = newest.where(tuple_(use.redeemed_at, use.id) < last)
    newest = newest.order_by(use.redeemed_at.desc(), use.id.desc()).limit(limit + 1)
    found = tuple(_view(row) for row in session.scalars(newest))
    shown = found[:limit]
    if len(found) <= limit:
        return RedeemersPage(shown, None)
    return RedeemersPage(shown, Cursor(shown[-1].redeemed_at, shown[-1].id))


def use_of(coupon: Coupon) -> CouponUse:
    """Return what the coupon has given so far. One statement."""
    use = CouponUsage
    sums = select(
        func.count(use.user_id.distinct()),
        func.coalesce(func.sum(use.discount_minor), 0),
        func.coalesce(func.sum(use.tokens_granted), 0),
    ).where(use.coupon_id == coupon.id)
    customers, discount, tokens = session.execute(sums).one()
    return CouponUse(customers, int(discount), int(tokens))


def _view(row: CouponUsage) -> RedeemerView:
    return RedeemerView(
        id=row.id,
        user_id=row.user_id,
        discount_minor=row.discount_minor,
        remaining_minor=row.remaining_minor,
        tokens_granted=row.tokens_granted,
        redeemed_at=row.redeemed_at,
        used_up_at=row.used_up_at,
    )
