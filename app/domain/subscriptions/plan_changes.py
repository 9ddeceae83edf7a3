"""Changing the plan of a locked account. Changes state; never commits."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import select

from app.domain.accounts.models import Account
from app.domain.catalog import queries as catalog
from app.domain.catalog.models import PAY_AS_YOU_GO
from app.domain.subscriptions import operations, queries
from app.domain.subscriptions.changing import (
    ACCEPTED_HOLDS,
    CHANGE_TRANSITIONS,
    Change,
    ChangeKind,
    PlanChangeStatus,
    fits,
)
from app.domain.subscriptions.errors import NothingToCancel, NothingToResume
from app.domain.subscriptions.models import PlanChange, Subscription, SubscriptionPeriod
from app.foundation.database import session
from app.foundation.sentences import say


def accept(account: Account, change: Change, *, period_id: int, now: datetime) -> PlanChange:
    """Fix the change's amounts and quota until its money comes; no other one is open."""
    accepted = PlanChange(
        user_id=account.id,
        period_id=period_id,
        from_plan_id=change.before.plan_id,
        to_plan_id=change.after.plan_id,
        status=PlanChangeStatus.OPEN,
        credit_minor=change.credit_minor,
        charge_minor=change.charge_minor,
        quota_change=change.quota_change,
        accepted_at=now,
        lapses_at=now + ACCEPTED_HOLDS,
    )
    session.add(accepted)
    session.flush()
    return accepted


def schedule(account: Account, change: Change, *, now: datetime) -> None:
    """Let the next period start on another plan; a cancellation is taken back by it."""
    assert change.kind is ChangeKind.AT_END, "dearer plans wait for their money, not for the end"
    subscription = queries.running_subscription(account.id)
    subscription.auto_renew, subscription.cancelled_at = True, None
    subscription.pending_plan_id = change.after.plan_id
    subscription.updated_at = now


def cancel(account: Account, *, now: datetime) -> Subscription:
    """Let the plan end with its period; a change that was waiting is given up.

    Raises NothingToCancel.
    """
    subscription = queries.running_subscription(account.id)
    if subscription.plan_id == PAY_AS_YOU_GO or not subscription.auto_renew:
        raise NothingToCancel(say("There is no plan to cancel, or it is cancelled already."))
    subscription.auto_renew, subscription.pending_plan_id = False, None
    subscription.cancelled_at = subscription.updated_at = now
    return subscription


def resume(account: Account, *, now: datetime) -> Subscription:
    """Take a cancellation or a waiting change back. Raises NothingToResume."""
    subscription = queries.running_subscription(account.id)
    if subscription.auto_renew and subscription.pending_plan_id is None:
        raise NothingToResume(say("Nothing is scheduled that could be taken back."))
    subscription.auto_renew, subscription.pending_plan_id = True, None
    subscription.cancelled_at, subscription.updated_at = None, now
    return subscription


def still_fits(accepted: PlanChange, *, now: datetime) -> bool:
    """Tell whether the change can be applied as it was fixed: the same period and plan run."""
    period, subscription = queries.current_pair(accepted.user_id)
    is_over = now >= queries.running_in(subscription, period).ends
    return fits(
        accepted.from_plan_id,
        accepted.period_id,
        plan_id=period.plan_id,
        running_period_id=None if is_over else period.id,
    )


def apply(accepted: PlanChange, account: Account, *, now: datetime) -> SubscriptionPeriod:
    """Let the new plan run, as it was fixed; return its period."""
    move(accepted, PlanChangeStatus.APPLIED, now=now)
    plan = catalog.plan(accepted.to_plan_id)
    if accepted.from_plan_id == PAY_AS_YOU_GO:
        terms = replace(
            queries.terms_of(plan),
            price_minor=accepted.charge_minor,
            quota=accepted.quota_change,
        )
        operations.roll_over_payg(account, now=now)
        return operations.begin(account, terms, now=now)
    period, subscription = queries.current_pair(account.id)
    terms = queries.terms_of(plan)
    period.plan_id, period.price_minor = terms.plan_id, terms.price_minor
    period.quota += accepted.quota_change
    period.plan_quota = terms.quota
    period.extra_token_price_pico = terms.extra_token_price_pico
    period.overage_discount_bp = terms.overage_discount_bp
    period.max_concurrent_req = terms.max_concurrent_req
    period.rate_limit_per_min = terms.rate_limit_per_min
    subscription.plan_id, subscription.pending_plan_id = terms.plan_id, None
    subscription.auto_renew, subscription.cancelled_at = True, None
    subscription.updated_at = now
    session.flush()
    return period


def move(accepted: PlanChange, status: PlanChangeStatus, *, now: datetime) -> None:
    """Take the change's transition."""
    assert status in CHANGE_TRANSITIONS[PlanChangeStatus(accepted.status)], "no such transition"
    accepted.status, accepted.decided_at = status, now


def refund(change_id: int, *, now: datetime) -> None:
    """Note that money came too late for the change, and goes back."""
    accepted = plan_change(change_id)
    # What was paid twice has been applied by the first of the payments.
    if PlanChangeStatus.REFUNDED in CHANGE_TRANSITIONS[PlanChangeStatus(accepted.status)]:
        move(accepted, PlanChangeStatus.REFUNDED, now=now)


def find_open(account: Account) -> PlanChange | None:
    """Return the account's change that waits for its money."""
    statement = select(PlanChange).filter_by(user_id=account.id, status=PlanChangeStatus.OPEN)
    return session.scalar(statement.execution_options(populate_existing=True))


def plan_change(change_id: int) -> PlanChange:
    """Return an accepted change, as it stands now."""
    return session.get_one(PlanChange, change_id, populate_existing=True)
