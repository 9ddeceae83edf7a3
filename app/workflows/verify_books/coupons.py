"""7: coupons are redeemed as often as they count, and give what stands on invoices."""

from typing import Any

from sqlalchemy import Subquery, func, select
from sqlalchemy.orm import InstrumentedAttribute

from app.domain.coupons.models import Coupon, CouponApplication, CouponUsage
from app.domain.invoices.models import Invoice
from app.workflows.verify_books.reading import Rows, check

# A draft shows what a coupon would give; it uses nothing up.
UNISSUED = ("draft", "void")


@check("coupon {} counts {} uses and has {} redemptions")
def _coupons_counted() -> Rows:
    """7: a coupon's count is the number of its redemptions."""
    used = select(CouponUsage.coupon_id, func.count().label("used"))
    counted = used.group_by(CouponUsage.coupon_id).subquery()
    redemptions = func.coalesce(counted.c.used, 0)
    coupons = select(Coupon.code, Coupon.used_count, redemptions).outerjoin(
        counted, counted.c.coupon_id == Coupon.id
    )
    return coupons.where(Coupon.used_count != redemptions)


@check("coupon {0} was redeemed {2} times by {1}")
def _coupons_per_account() -> Rows:
    """7: nobody has redeemed a coupon more often than it allows."""
    times = func.count()
    return (
        select(Coupon.code, CouponUsage.user_id, times)
        .join(Coupon, Coupon.id == CouponUsage.coupon_id)
        .group_by(Coupon.code, Coupon.max_usage_per_user, CouponUsage.user_id)
        .having(times > Coupon.max_usage_per_user)
    )


@check("coupon {} of {} counts {} cents given, its applications {}")
def _redemptions_given() -> Rows:
    """7: what a redemption has given is the sum of its applications that stand."""
    given = _given_by(CouponApplication.usage_id)
    summed = func.coalesce(given.c.minor, 0)
    redemptions = _redemptions(CouponUsage.discount_minor, summed)
    joined = redemptions.outerjoin(given, given.c.usage_id == CouponUsage.id)
    return joined.where(CouponUsage.discount_minor != summed)


@check("coupon {} of {} has {} cents left, not {}")
def _fixed_remainders() -> Rows:
    """7: what is left of a fixed coupon is its value less what it has given."""
    left = func.coalesce(CouponUsage.remaining_minor, -1)
    expected = Coupon.value - CouponUsage.discount_minor
    return _redemptions(left, expected).where(Coupon.type == "fixed", left != expected)


@check("invoice {} of {} has {} cents off, coupons gave {}")
def _discounts_on_invoices() -> Rows:
    """7: an issued invoice's discount is the sum of what coupons gave."""
    given = _given_by(CouponApplication.invoice_id)
    summed = func.coalesce(given.c.minor, 0)
    invoices = select(Invoice.public_id, Invoice.user_id, Invoice.discount_minor, summed)
    joined = invoices.outerjoin(given, given.c.invoice_id == Invoice.id)
    return joined.where(Invoice.status.not_in(UNISSUED), Invoice.discount_minor != summed)


@check("invoice {} of {} is void and keeps {} cents of coupons")
def _void_invoices_gave_back() -> Rows:
    """7: a void invoice gave back what coupons gave."""
    given = _given_by(CouponApplication.invoice_id)
    invoices = select(Invoice.public_id, Invoice.user_id, given.c.minor)
    joined = invoices.join(given, given.c.invoice_id == Invoice.id)
    return joined.where(Invoice.status == "void", given.c.minor != 0)


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
    _void_invoices_gave_back,
)
