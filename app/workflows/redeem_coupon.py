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
    plan_ids = plans_of(locked, named=plan_id, grace=grace, now=now)
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


def plans_of(
    account: Account, *, named: str | None, grace: timedelta, now: datetime
) -> frozenset[str]:
    """Return the plans a coupon may be for: the current, the pending, the one being bought.

    Raises UnknownPlan and PlanNotForSale for a name that cannot be bought.
    """
    standing = subscriptions.subscription_of(account.id, now=now, grace=grace)
    bought = None if named is None else catalog.plan(named)
    if bought is not None and not bought.is_for_sale and bought.id != standing.plan_id:
        raise PlanNotForSale(say("This plan is not on offer."))
    opened = None if standing.open_change is None else standing.open_change.to_plan_id
    known = (standing.plan_id, standing.pending_plan_id, opened, named)
    return frozenset(plan_id for plan_id in known if plan_id is not None)
