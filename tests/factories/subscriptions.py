"""Makes subscriptions and their periods."""

from datetime import datetime, timedelta

from app.domain.catalog.models import PAY_AS_YOU_GO, Plan
from app.domain.subscriptions.models import Subscription, SubscriptionPeriod
from app.foundation.database import session
from app.foundation.periods import monthly_period
from tests.moments import NOW


def make_subscription(
    user_id: str,
    *,
    plan_id: str = PAY_AS_YOU_GO,
    starts_at: datetime = NOW - timedelta(days=10),
    **changes: object,
) -> Subscription:
    """Make a running subscription whose first period is the current one."""
    given = {
        "plan_id": plan_id,
        "anchor_at": starts_at,
        "created_at": starts_at,
        "updated_at": starts_at,
        **changes,
    }
    subscription = Subscription(user_id=user_id, **given)
    session.add(subscription)
    session.flush()
    make_period(subscription, starts_at=starts_at)
    return subscription


def make_period(
    subscription: Subscription, *, starts_at: datetime = NOW - timedelta(days=10), **changes: object
) -> SubscriptionPeriod:
    """Make a current period of one month on the terms of the subscription's plan."""
    plan = session.get_one(Plan, subscription.plan_id)
    given = {
        "is_current": True,
        "starts_at": starts_at,
        "ends_at": monthly_period(starts_at, 0).ends_at,
        "price_minor": plan.monthly_price_minor,
        "quota": plan.monthly_quota,
        "plan_quota": plan.monthly_quota,
        "extra_token_price_pico": plan.extra_token_price_pico,
        "overage_discount_bp": plan.overage_discount_bp,
        "max_concurrent_req": plan.max_concurrent_req,
        "rate_limit_per_min": plan.rate_limit_per_min,
        "created_at": starts_at,
        **changes,
    }
    period = SubscriptionPeriod(
        subscription_id=subscription.id,
        user_id=subscription.user_id,
        plan_id=subscription.plan_id,
        **given,
    )
    session.add(period)
    session.commit()
    return period


def current_period(user_id: str) -> SubscriptionPeriod:
    """Return the account's current period."""
    found = session.query(SubscriptionPeriod).filter_by(user_id=user_id, is_current=True)
    return found.one()
