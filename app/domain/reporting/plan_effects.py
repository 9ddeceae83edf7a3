"""What a change of a plan comes to, before it is made: for whom, from when, and how much."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import cast, func, or_, select

from app.domain.catalog import queries as catalog
from app.domain.reporting.plan_costs import DAYS, Used, cost_on
from app.domain.subscriptions.models import Subscription, SubscriptionPeriod
from app.domain.subscriptions.rules import Terms
from app.domain.usage.models import UsageDaily
from app.foundation.bulk import any_of
from app.foundation.database import Whole, session


@dataclass(frozen=True, slots=True)
class Renewal:
    """A customer whose next period is of the plan, and when that begins."""

    user_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PlanEffect:
    """Whom new terms of a plan reach, and what these would have paid for their last 30 days."""

    # Whose running period is of the plan: it keeps the terms it started with.
    subscribers: int
    # Of these, who goes on without the plan.
    leaving: int
    # Whose next period is of the plan, and takes the new terms.
    renewing: int
    first_at: datetime | None
    last_at: datetime | None
    # Who renews before a notice of two weeks could reach him.
    renewing_soon: int
    before_nanos: int
    after_nanos: int

    @property
    def difference_nanos(self) -> int:
        """Return by how much a month's revenue would differ."""
        return self.after_nanos - self.before_nanos


def plan_effect(before: Terms, after: Terms, *, notice: timedelta, now: datetime) -> PlanEffect:
    """Return what other terms of a plan come to. Three statements, however many have it."""
    subscribers, renewals = _subscribers(before.plan_id)
    used = _used_by_account([renewal.user_id for renewal in renewals], now=now)
    # Who was not read yet since his period ended renews now.
    moments = sorted(max(renewal.at, now) for renewal in renewals)
    return PlanEffect(
        subscribers=len(subscribers),
        leaving=len(subscribers - {renewal.user_id for renewal in renewals}),
        renewing=len(renewals),
        first_at=moments[0] if moments else None,
        last_at=moments[-1] if moments else None,
        renewing_soon=sum(moment < now + notice for moment in moments),
        before_nanos=_paid_on(before, renewals, used),
        after_nanos=_paid_on(after, renewals, used),
    )


def _paid_on(terms: Terms, renewals: Iterable[Renewal], used: Mapping[str, Sequence[Used]]) -> int:
    return sum(cost_on(terms, used.get(renewal.user_id, ())) for renewal in renewals)


def _subscribers(plan_id: str) -> tuple[set[str], list[Renewal]]:
    """Return who has the plan, and whose next period is of it."""
    period, running = SubscriptionPeriod, Subscription
    statement = (
        select(
            period.user_id,
            period.plan_id,
            running.auto_renew,
            running.pending_plan_id,
            period.ends_at,
        )
        .join(running, running.id == period.subscription_id)
        .where(
            period.is_current,
            or_(period.plan_id == plan_id, running.pending_plan_id == plan_id),
        )
        .order_by(period.user_id)
    )
    rows = session.execute(statement).all()
    return {row.user_id for row in rows if row.plan_id == plan_id}, [
        Renewal(row.user_id, row.ends_at)
        for row in rows
        if row.auto_renew and (row.pending_plan_id or row.plan_id) == plan_id
    ]


def _used_by_account(user_ids: Collection[str], *, now: datetime) -> Mapping[str, Sequence[Used]]:
    """Return what each of the accounts used in its last 30 days, as the plans compare it."""
    if not user_ids:
        return {}
    first = (now - timedelta(days=DAYS)).date()
    outside = catalog.models_outside_plans(now=now)
    daily = (
        select(
            UsageDaily.user_id,
            UsageDaily.day,
            UsageDaily.model.not_in(outside).label("draws_quota"),
            UsageDaily.total_tokens,
            UsageDaily.cost_nanos,
        )
        .where(any_of(UsageDaily.user_id, user_ids), UsageDaily.day > first)
        .subquery()
    )
    sums = (cast(func.sum(column), Whole) for column in (daily.c.total_tokens, daily.c.cost_nanos))
    keys = daily.c.user_id, daily.c.day, daily.c.draws_quota
    # In the order of time: the quota covers what comes first.
    rows = session.execute(select(*keys, *sums).group_by(*keys).order_by(*keys))
    used: dict[str, list[Used]] = defaultdict(list)
    for user_id, *figures in rows:
        used[user_id].append(Used(*figures))
    return used
