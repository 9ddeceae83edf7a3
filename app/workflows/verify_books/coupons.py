"""7: coupons are redeemed as often as they count, and give what stands on invoices."""

from typing import Any

from sqlalchemy import Subquery, func, select
from sqlalchemy.orm import InstrumentedAttribute

from app.domain.coupons.models import Coupon, CouponApplication, CouponUsage
from app.domain.invoices.models import Invoice
from app.workflows.verify_books.reading import Lines, Rows, some

# A draft shows what a coupon would give; it uses nothing up.
UNISSUED = ("draft", "void")


def _coupons_counted() -> Lines:
    """7: a coupon's count is the number of its redemptions."""
    used = select(CouponUsage.coupon_id, func.count().label("used"))
    counted = used.group_by(CouponUsage.coupon_id).subquery()
    redemptions = func.coalesce(counted.c.used, 0)
    wrong = select(Coupon.code, Coupon.used_count, redemptions).outerjoin(
        counted, counted.c.coupon_id == Coupon.id
    )
    for code, used_count, redeemed in some(wrong.where(Coupon.used_count != redemptions)):
        yield f"coupon {code} counts {used_count} uses and has {redeemed} redemptions"


def _coupons_per_account() -> Lines:
    """7: nobody has redeemed a coupon more often than it allows."""
    times = func.count()
    often = (
        select(Coupon.code, CouponUsage.user_id, times)
        .join(Coupon, Coupon.id == CouponUsage.coupon_id)
        .group_by(Coupon.code, Coupon.max_usage_per_user, CouponUsage.user_id)
        .having(times > Coupon.max_usage_per_user)
    )
    for code, user_id, redeemed in some(often):
        yield f"coupon {code} was redeemed {redeemed} times by {user_id}"


def _redemptions_given() -> Lines:
    """7: what a redemption has given is the sum of its applications that stand."""
    given = _given_by(CouponApplication.usage_id)
    summed = func.coalesce(given.c.minor, 0)
    wrong = _redemptions(CouponUsage.discount_minor, summed).outerjoin(
        given, given.c.usage_id == CouponUsage.id
    )
    for code, user_id, kept, minor in some(wrong.where(CouponUsage.discount_minor != summed)):
        yield f"coupon {code} of {user_id} counts {kept} cents given, its applications {minor}"


def _fixed_remainders() -> Lines:
    """7: what is left of a fixed coupon is its value less what it has given."""
    left = func.coalesce(CouponUsage.remaining_minor, -1)
    expected = Coupon.value - CouponUsage.discount_minor
    wrong = _redemptions(left, expected).where(Coupon.type == "fixed", left != expected)
    for code, user_id, kept, minor in some(wrong):
        yield f"coupon {code} of {user_id} has {kept} cents left, not {minor}"


def _discounts_on_invoices() -> Lines:
    """7: an issued invoice's discount is the sum of what coupons gave; a void one got it back."""
    given = _given_by(CouponApplication.invoice_id)
    summed = func.coalesce(given.c.minor, 0)
    named = select(Invoice.public_id, Invoice.user_id, Invoice.discount_minor, summed)
    issued = named.outerjoin(given, given.c.invoice_id == Invoice.id)
    wrong = issued.where(Invoice.status.not_in(UNISSUED), Invoice.discount_minor != summed)
    for public_id, user_id, discount, minor in some(wrong):
        yield f"invoice {public_id} of {user_id} has {discount} cents off, coupons gave {minor}"
    kept = issued.where(Invoice.status == "void", summed != 0)
    for public_id, user_id, _discount, minor in some(kept):
        yield f"invoice {public_id} of {user_id} is void and keeps {minor} cents of coupons"


def _given_by(owner: InstrumentedAttribute[int]) -> Subquery:
    applied = CouponApplication
    given = select(owner, func.sum(applied.discount_minor).label("minor"))
    return given.where(applied.returned_at.is_(None)).group_by(owner).subquery()


def _redemptions(kept: Any, summed: Any) -> Rows:
    named = select(Coupon.code, CouponUsage.user_id, kept, summed)
    return named.select_from(CouponUsage).join(Coupon, Coupon.id == CouponUsage.coupon_id)


CHECKS = (
    _coupons_counted,
    _coupons_per_account,
    _redemptions_given,
    _fixed_remainders,
    _discounts_on_invoices,
)
