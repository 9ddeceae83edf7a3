"""How an account's usage goes on: one forecast for every page that shows what it comes to."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

from app.domain.accounts.models import Account
from app.domain.accounts.rules import zone
from app.domain.catalog import queries as catalog
from app.domain.reporting.covering import (
    MonthAhead,
    UsedBefore,
    month_ahead,
    stretches_until,
    used_before,
)
from app.domain.reporting.rules import pace_of
from app.domain.subscriptions.queries import PeriodView
from app.domain.usage.views import UsageSeries


@dataclass(frozen=True, slots=True)
class UsageAhead:
    """The pace of an account's usage, and all that it may draw from."""

    used: UsedBefore
    period: PeriodView
    following: PeriodView
    extra_tokens: int
    now: datetime

    def until(self, moment: datetime, *, spent: int) -> MonthAhead:
        """Return what an amount will have become at a moment."""
        stretches = stretches_until(moment, self.period, self.following, now=self.now)
        return month_ahead(spent, self.used, stretches, extra_tokens=self.extra_tokens)


def usage_ahead(
    account: Account,
    by_model: UsageSeries,
    period: PeriodView,
    following: PeriodView,
    *,
    now: datetime,
    outside: frozenset[str] | None = None,
) -> UsageAhead:
    """Return how usage goes on after what each model used on each of the last days.

    Whoever knows already which models no quota covers hands them in.
    """
    local = zone(account.timezone)
    days = [
        (bucket.starts_at.astimezone(local).date(), bucket.group, bucket.sums)
        for bucket in by_model.buckets
    ]
    costs: dict[date, int] = defaultdict(int)
    for day, _, sums in days:
        costs[day] += sums.cost_nanos
    listed = pace_of(costs, local=local, now=now)
    has_tokens = bool(period.quota or following.terms.quota or account.extra_tokens)
    if outside is None:
        # Where nothing can be drawn, no model draws anything.
        asks = has_tokens and listed.total
        outside = catalog.models_outside_plans(now=now) if asks else frozenset()
    used = used_before(listed, days, today=now.astimezone(local).date(), outside=outside)
    return UsageAhead(used, period, following, account.extra_tokens, now)
