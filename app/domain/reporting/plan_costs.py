"""What the last thirty days would have cost on each plan."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.domain.accounts.models import Account
from app.domain.accounts.rules import zone
from app.domain.catalog import queries as catalog
from app.domain.catalog.models import Plan
from app.domain.subscriptions.queries import terms_of
from app.domain.subscriptions.rules import Terms
from app.domain.usage import queries as usage
from app.domain.usage.buckets import day_starts_at
from app.domain.usage.views import Granularity, Grouping, Sums
from app.foundation.money import BASIS_POINTS, nanos_from_minor, round_half_up
from app.foundation.periods import Period

DAYS = 30


@dataclass(frozen=True, slots=True)
class Used:
    """What a day used of the models that draw the quota, or of the others, at list prices."""

    day: date
    draws_quota: bool
    tokens: int
    cost_nanos: int


@dataclass(frozen=True, slots=True)
class PlanCosts:
    """What the days would have cost, in nano-USD before coupons and tax, by plan id."""

    by_plan: Mapping[str, int]
    best: str


def plan_costs(account: Account, plans: Sequence[Plan], *, now: datetime) -> PlanCosts | None:
    """Return what the last thirty days would have cost on each; None if nothing was used."""
    local = zone(account.timezone)
    today = now.astimezone(local).date()
    span = Period(
        day_starts_at(today - timedelta(days=DAYS - 1), local),
        day_starts_at(today + timedelta(days=1), local),
    )
    series = usage.usage_series(
        account, span=span, granularity=Granularity.DAY, group_by=Grouping.MODEL
    )
    outside = catalog.models_outside_plans(now=now)
    used = by_day(
        (bucket.starts_at.date(), bucket.group not in outside, bucket.sums)
        for bucket in series.buckets
    )
    return compared(used, [terms_of(plan) for plan in plans]) if used and plans else None


def by_day(sums: Iterable[tuple[date, bool, Sums]]) -> list[Used]:
    """Add the models of a day up, those that draw the quota and the others, in order of time."""
    tokens: dict[tuple[date, bool], int] = defaultdict(int)
    costs: dict[tuple[date, bool], int] = defaultdict(int)
    for day, draws_quota, used in sums:
        tokens[day, draws_quota] += used.total_tokens
        costs[day, draws_quota] += used.cost_nanos
    return [Used(*key, tokens[key], costs[key]) for key in sorted(tokens)]


def compared(used: Sequence[Used], terms: Sequence[Terms]) -> PlanCosts:
    """Return what the days, in order of time, cost on each; of equals, the first is best."""
    by_plan = {each.plan_id: cost_on(each, used) for each in terms}
    return PlanCosts(by_plan, min(by_plan, key=lambda plan_id: by_plan[plan_id]))


def cost_on(terms: Terms, days: Iterable[Used]) -> int:
    """Return the plan's price and what its quota does not cover, in nano-USD.

    The quota covers the first days; of the day on which it ends, it covers the same share of
    every model. Extra tokens are left out: nobody knows how many would have been bought.
    """
    quota_left, overage_nanos = terms.quota, 0
    for each in days:
        covered = min(quota_left, each.tokens) if each.draws_quota else 0
        quota_left -= covered
        if each.tokens:
            left = each.tokens - covered
            overage_nanos += round_half_up(each.cost_nanos * left, each.tokens)
    paid = round_half_up(overage_nanos * (BASIS_POINTS - terms.overage_discount_bp), BASIS_POINTS)
    return nanos_from_minor(terms.price_minor) + paid
