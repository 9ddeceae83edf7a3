"""Whether something that an invoice depends on has changed since it was previewed."""

from datetime import datetime

from sqlalchemy import exists, or_

from app.domain.accounts.models import Account, BillingSettings
from app.domain.coupons.models import Coupon, CouponApplication, CouponUsage
from app.domain.invoices.models import CreditEntry, CreditNote, TaxRate
from app.foundation.database import session


def has_changed_since(account: Account, moment: datetime) -> bool:
    """Tell whether the account's coupons, credit, refunds or tax are others than at a moment."""
    ours = CouponUsage.user_id == account.id
    used = CouponApplication
    changes = (
        exists().where(ours, CouponUsage.redeemed_at > moment),
        exists().where(
            ours,
            used.usage_id == CouponUsage.id,
            or_(used.applied_at > moment, used.returned_at > moment),
        ),
        exists().where(ours, Coupon.id == CouponUsage.coupon_id, Coupon.updated_at > moment),
        exists().where(CreditEntry.user_id == account.id, CreditEntry.created_at > moment),
        exists().where(CreditNote.user_id == account.id, CreditNote.issued_at > moment),
        exists().where(BillingSettings.user_id == account.id, BillingSettings.updated_at > moment),
        exists().where(
            BillingSettings.user_id == account.id,
            TaxRate.country == BillingSettings.country,
            TaxRate.updated_at > moment,
        ),
    )
    return bool(session.query(or_(*changes)).scalar())
