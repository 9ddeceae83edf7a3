"""Redeem a coupon: tokens are given at once, discounts wait for the next invoice that fits."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account
from app.domain.catalog import queries as catalog
from app.domain.coupons import operations as coupons
from app.domain.coupons.redeeming import CouponView
from app.domain.mails import operations as mails
from app.domain.subscriptions import queries as subscriptions
from app.domain.subscriptions.errors import PlanNotForSale
from app.domain.subscriptions.queries import SubscriptionView
from app.domain.tokens import operations as tokens
from app.foundation import journal
from app.foundation.sentences import say


@dataclass(frozen=True, slots=True)
class Redemption:
    """A coupon that was just redeemed."""

    coupon: CouponView
    tokens_granted: int


def redeem_coupon(
    code: str, account: Account, *, plan_id: str | None, grace: timedelta, now: datetime
) -> Redemption:
    """Redeem the coupon, also for a plan that is about to be bought if it is named.

    Raises CouponNotFound, UnknownPlan and what `redeeming.check_redeemable` raises.
    """
    locked = accounts.lock_in_use(account.id)
    standing = subscriptions.subscription_of(locked.id, now=now, grace=grace)
    is_for_sale = plan_id is None or catalog.plan(plan_id).is_for_sale
    plan_ids = plans_of(standing, named=plan_id, is_for_sale=is_for_sale)
    coupon, usage = coupons.redeem(code, locked, plan_ids=plan_ids, now=now)
    if usage.tokens_granted:
        tokens.grant(
            locked,
            tokens_count=usage.tokens_granted,
            source=f"coupon_usage:{usage.id}",
            note=coupon.code,
            now=now,
        )
    facts: dict[str, object] = {
        "code": coupon.code,
        "description": coupon.says,
        "tokens": usage.tokens_granted,
    }
    mails.write("coupon_redeemed", locked, about=str(usage.id), facts=facts, now=now)
    details: dict[str, object] = {"code": coupon.code}
    actor = f"customer:{account.id}"
    journal.write("coupon_redeemed", actor=actor, user_id=account.id, now=now, details=details)
    return Redemption(coupon, usage.tokens_granted)


def plans_of(standing: SubscriptionView, *, named: str | None, is_for_sale: bool) -> frozenset[str]:
    """Return the plans a coupon may be for: the current, the pending, the one being bought.

    Raises PlanNotForSale for one that cannot be bought.
    """
    if named is not None and not is_for_sale and named != standing.plan_id:
        raise PlanNotForSale(say("This plan is not on offer."))
    opened = None if standing.open_change is None else standing.open_change.to_plan_id
    known = (standing.plan_id, standing.pending_plan_id, opened, named)
    return frozenset(plan_id for plan_id in known if plan_id is not None)
