"""What can be done with subscriptions and periods. Changes state; never commits."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from app.domain.accounts.models import Account
from app.domain.catalog.models import PAY_AS_YOU_GO, Plan
from app.domain.subscriptions import queries, rules
from app.domain.subscriptions.errors import PeriodNotOwed
from app.domain.subscriptions.models import (
    RUNNING,
    Subscription,
    SubscriptionPeriod,
    SubscriptionStatus,
)
from app.domain.subscriptions.queries import Pairs, UsagePeriod
from app.domain.subscriptions.rules import NextPeriod, Terms
from app.foundation.bulk import Row, any_of, change_rows, insert_rows
from app.foundation.database import session
from app.foundation.periods import monthly_period
from app.foundation.sentences import say

MOMENT = timedelta(microseconds=1)
Following = Mapping[str, Sequence[NextPeriod]]


def begin_pay_as_you_go(account: Account, *, now: datetime) -> SubscriptionPeriod:
    """Start a new account's first period: pay as you go."""
    return _begin(account, queries.terms_by_plan()[PAY_AS_YOU_GO], now=now)


def begin_plan(account: Account, plan: Plan, *, now: datetime) -> SubscriptionPeriod:
    """End the account's current period now and start a paid one on the plan; lock it first."""
    return begin(account, queries.terms_of(plan), now=now)


def begin(account: Account, terms: Terms, *, now: datetime) -> SubscriptionPeriod:
    """End the locked account's current period now and start one on these terms."""
    current, subscription = queries.current_pair(account.id)
    assert now < queries.running_in(subscription, current).ends, "roll over what ended first"
    # Every period has a length, also where two begin at the same moment.
    now = max(now, current.starts_at + MOMENT)
    current.is_current, current.ends_at, current.grace_ends_at = False, now, None
    subscription.status = rules.moved(subscription.status, SubscriptionStatus.CANCELLED)
    subscription.cancelled_at = now
    subscription.pending_plan_id = None
    session.flush()
    return _begin(account, terms, now=now)


def end_now(account: Account, *, now: datetime) -> SubscriptionPeriod:
    """End the locked account's plan at once: from now on it pays as it goes."""
    return begin(account, queries.terms_by_plan()[PAY_AS_YOU_GO], now=now)


def roll_over_account(account: Account, *, now: datetime, grace: timedelta) -> bool:
    """Write the locked account's periods up to now; tell whether one had ended."""
    return roll_over(queries.periods_since([account.id], since=now), now=now, grace=grace)


def roll_over_payg(account: Account, *, now: datetime) -> None:
    """Write the periods up to now of a locked account that pays as it goes: none of them owes."""
    roll_over_account(account, now=now, grace=timedelta())


def mark_paid(period: SubscriptionPeriod, *, now: datetime) -> None:
    """Make an unpaid renewal's quota whole.

    Raises PeriodNotOwed if it is paid already, or if its grace is over, rolled over or not.
    """
    if not rules.is_owed(period.grace_ends_at, is_current=period.is_current, now=now):
        raise PeriodNotOwed(say("Nothing is owed for this period, or not any more."))
    subscription = session.get_one(Subscription, period.subscription_id)
    subscription.status = rules.moved(subscription.status, SubscriptionStatus.ACTIVE)
    period.grace_ends_at = None
    period.quota = period.plan_quota


def pay_period(period_id: int, *, now: datetime) -> bool:
    """Make an unpaid renewal's quota whole; tell whether it is, now or already."""
    period = session.get_one(SubscriptionPeriod, period_id, populate_existing=True)
    if period.grace_ends_at is None:
        return True
    if not rules.is_owed(period.grace_ends_at, is_current=period.is_current, now=now):
        return False
    mark_paid(period, now=now)
    return True


def roll_over(pairs: Pairs, *, now: datetime, grace: timedelta) -> bool:
    """Write the periods that started since these current ones ended; tell whether any had.

    The accounts are locked. A handful of statements, however many accounts roll over.
    """
    ended = [(period, subscription) for period, subscription in pairs if period.is_current]
    following = _following(ended, now=now, grace=grace)
    ended = [pair for pair in ended if pair[0].user_id in following]
    if not ended:
        return False
    change_rows(SubscriptionPeriod, _closed_periods(ended, following), key="id")
    change_rows(Subscription, _changed_subscriptions(ended, following, now=now), key="id")
    insert_rows(Subscription, _new_subscriptions(following, now=now))
    running = _running_subscription_ids(following)
    before = {period.user_id: period.subscription_id for period, _ in ended}
    insert_rows(SubscriptionPeriod, _new_periods(following, before, running, now=now))
    return True


def usage_periods(
    user_ids: Collection[str], *, since: datetime, now: datetime, grace: timedelta
) -> list[UsagePeriod]:
    """Return the locked accounts' periods from a moment to now, rolled over where they ended."""
    periods = queries.usage_periods(user_ids, since=since)
    return rolled_over(periods, since=since, now=now, grace=grace)


def rolled_over(
    periods: list[UsagePeriod], *, since: datetime, now: datetime, grace: timedelta
) -> list[UsagePeriod]:
    """Return the locked accounts' periods as they are once those that ended are rolled over."""
    over = {period.user_id for period in periods if period.is_current and period.is_over(now)}
    if not over:
        return periods
    roll_over(queries.periods_since(over, since=now), now=now, grace=grace)
    return queries.usage_periods({period.user_id for period in periods}, since=since)


def _begin(account: Account, terms: Terms, *, now: datetime) -> SubscriptionPeriod:
    subscription = Subscription(
        user_id=account.id, plan_id=terms.plan_id, anchor_at=now, created_at=now, updated_at=now
    )
    session.add(subscription)
    session.flush()
    span = monthly_period(now, 0)
    period = SubscriptionPeriod(
        subscription_id=subscription.id,
        user_id=account.id,
        is_current=True,
        starts_at=span.starts_at,
        ends_at=span.ends_at,
        plan_id=terms.plan_id,
        price_minor=terms.price_minor,
        quota=terms.quota,
        plan_quota=terms.quota,
        extra_token_price_pico=terms.extra_token_price_pico,
        overage_discount_bp=terms.overage_discount_bp,
        max_concurrent_req=terms.max_concurrent_req,
        rate_limit_per_min=terms.rate_limit_per_min,
        created_at=now,
    )
    session.add(period)
    session.flush()
    return period


def _following(current: Pairs, *, now: datetime, grace: timedelta) -> Following:
    ended = {
        period.user_id: running
        for period, subscription in current
        if now >= (running := queries.running_in(subscription, period)).ends
    }
    if not ended:
        return {}
    terms = queries.terms_by_plan()
    return {
        user_id: rules.periods_until(now, running, terms=terms, grace=grace)
        for user_id, running in ended.items()
    }


def _closed_periods(ended: Pairs, following: Following) -> list[Row]:
    return [
        {"id": period.id, "is_current": False, "ends_at": following[period.user_id][0].starts_at}
        for period, _ in ended
    ]


def _changed_subscriptions(ended: Pairs, following: Following, *, now: datetime) -> list[Row]:
    """Return what becomes of the subscriptions the ended periods belonged to."""
    changes: list[Row] = []
    for period, subscription in ended:
        ahead = following[period.user_id]
        ending = next((later for later in ahead if later.ended_as), None)
        kept = [later for later in ahead if ending is None or later.starts_at < ending.starts_at]
        owed = bool(kept) and kept[-1].grace_ends_at is not None
        going_on = SubscriptionStatus.PAST_DUE if owed else SubscriptionStatus.ACTIVE
        ended_as = None if ending is None else ending.ended_as
        changes.append(
            {
                "id": subscription.id,
                "plan_id": kept[-1].terms.plan_id if kept else subscription.plan_id,
                "pending_plan_id": None,
                "status": rules.moved(subscription.status, ended_as or going_on),
                "cancelled_at": subscription.cancelled_at if ending is None else ending.starts_at,
                "updated_at": now,
            }
        )
    return changes


def _new_subscriptions(following: Following, *, now: datetime) -> list[Row]:
    return [
        {
            "user_id": user_id,
            "plan_id": later.terms.plan_id,
            "status": SubscriptionStatus.ACTIVE,
            "billing_cycle": "monthly",
            "anchor_at": later.anchor_at,
            "auto_renew": True,
            "created_at": now,
            "updated_at": now,
        }
        for user_id, ahead in following.items()
        for later in ahead
        if later.ended_as
    ]


def _running_subscription_ids(following: Following) -> dict[str, int]:
    running = select(Subscription.user_id, Subscription.id).where(
        any_of(Subscription.user_id, list(following)), RUNNING
    )
    return {user_id: subscription_id for user_id, subscription_id in session.execute(running)}


def _new_periods(
    following: Following, before: Mapping[str, int], running: Mapping[str, int], *, now: datetime
) -> list[Row]:
    rows: list[Row] = []
    for user_id, ahead in following.items():
        subscription_id = before[user_id]
        for later, following_one in zip(ahead, [*ahead[1:], None], strict=True):
            if later.ended_as:
                subscription_id = running[user_id]
            ends_at = following_one.starts_at if following_one else later.ends_at
            row = _period_row(user_id, subscription_id, later, ends_at=ends_at, now=now)
            rows.append({**row, "is_current": following_one is None})
    return rows


def _period_row(
    user_id: str, subscription_id: int, period: NextPeriod, *, ends_at: datetime, now: datetime
) -> Row:
    terms = period.terms
    return {
        "user_id": user_id,
        "subscription_id": subscription_id,
        "starts_at": period.starts_at,
        "ends_at": ends_at,
        "grace_ends_at": period.grace_ends_at,
        "plan_id": terms.plan_id,
        "price_minor": terms.price_minor,
        "quota": period.quota,
        "plan_quota": terms.quota,
        "extra_token_price_pico": terms.extra_token_price_pico,
        "overage_discount_bp": terms.overage_discount_bp,
        "max_concurrent_req": terms.max_concurrent_req,
        "rate_limit_per_min": terms.rate_limit_per_min,
        "tokens_used": 0,
        "quota_tokens_used": 0,
        "created_at": now,
    }
