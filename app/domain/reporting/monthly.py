"""The operator's month: what was used, invoiced, paid, given back, and is still owed.

Each figure belongs to a month by one date of its own:

* usage (`total_revenue`, tokens, records): by the billing month of the record
* what was invoiced (subscriptions, top-ups, discounts, tax): by the moment of issue
* what was paid or given back: by the moment at which the money was settled
* what is outstanding: as it stood at the month's end, or stands now in a running month
* subscriptions: by the start of the period that begins or ends them

Accounts of the demo count like all others. A handful of statements, however many accounts.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from app.domain.catalog import queries as catalog
from app.domain.invoices.errors import MonthInFuture
from app.domain.reporting import monthly_sums as sums
from app.domain.reporting.monthly_sums import Invoiced, Moved, UsageOf
from app.foundation.money import round_half_up
from app.foundation.periods import BillingMonth
from app.foundation.sentences import say


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """What a model's usage of the month came to."""

    model: str
    record_count: int
    total_tokens: int
    revenue_nanos: int
    # Of the tokens, those that cost nothing because the model has no price yet.
    unpriced_tokens: int = 0

    @property
    def is_unpriced(self) -> bool:
        """Tell whether nothing of it has a price."""
        return 0 < self.total_tokens == self.unpriced_tokens


@dataclass(frozen=True, slots=True)
class PlanFigures:
    """What a plan's customers used and paid for in the month, and who came and went.

    Usage counts for the plan of the period that it drew from.
    """

    plan_id: str
    plan_name: str
    record_count: int
    total_tokens: int
    revenue_nanos: int
    subscription_minor: int
    new_subscriptions: int
    lost_subscriptions: int


@dataclass(frozen=True, slots=True)
class MonthlyReport:
    """The figures of a month; those by plan and by model add up to the totals."""

    month: BillingMonth
    by_plan: tuple[PlanFigures, ...]
    by_model: tuple[ModelFigures, ...]
    invoiced: Invoiced
    moved: Moved
    # Issued until the month's end, or until now, and neither paid nor void by then.
    outstanding_minor: int

    @property
    def record_count(self) -> int:
        """Return how many requests were billed to the month; voided ones are left out."""
        return sum(figures.record_count for figures in self.by_model)

    @property
    def total_tokens(self) -> int:
        """Return how many tokens they had."""
        return sum(figures.total_tokens for figures in self.by_model)

    @property
    def unpriced_tokens(self) -> int:
        """Return how many of them cost nothing so far, because their models have no price."""
        return sum(figures.unpriced_tokens for figures in self.by_model)

    @property
    def revenue_nanos(self) -> int:
        """Return what they finally cost, after quotas, extra tokens and plans' discounts."""
        return sum(figures.revenue_nanos for figures in self.by_model)

    @property
    def average_nanos(self) -> int:
        """Return what a record finally cost on average, to the nano-dollar; 0 without any."""
        count = self.record_count
        return round_half_up(self.revenue_nanos, count) if count else 0

    @property
    def new_subscriptions(self) -> int:
        """Return how many accounts came to a plan from paying as they go."""
        return sum(figures.new_subscriptions for figures in self.by_plan)

    @property
    def lost_subscriptions(self) -> int:
        """Return how many accounts left their plan for paying as they go."""
        return sum(figures.lost_subscriptions for figures in self.by_plan)


def monthly_report(month: BillingMonth, *, now: datetime) -> MonthlyReport:
    """Return the month's figures, those of the running month so far. Raises MonthInFuture."""
    if month > BillingMonth.of(now):
        raise MonthInFuture(say("{month} has not begun.", {"month": str(month)}))
    invoiced = sums.invoiced(month)
    until = min(month.period.ends_at, now)
    moved, outstanding_minor = sums.moved_and_outstanding(month, moment=until)
    return MonthlyReport(
        month=month,
        by_plan=_by_plan(month, invoiced.subscription_minor_by_plan),
        by_model=tuple(
            ModelFigures(
                model,
                used.record_count,
                used.total_tokens,
                used.final_nanos,
                used.unpriced_tokens,
            )
            for model, used in _dearest_first(sums.usage_by_model(month))
        ),
        invoiced=invoiced,
        moved=moved,
        outstanding_minor=outstanding_minor,
    )


def _by_plan(month: BillingMonth, subscription_minor: Mapping[str, int]) -> tuple[PlanFigures, ...]:
    usage = defaultdict(lambda: UsageOf(0, 0, 0), sums.usage_by_plan(month))
    came, went = sums.new_and_lost(month)
    seen = usage.keys() | subscription_minor.keys() | came.keys() | went.keys()
    return tuple(
        PlanFigures(
            plan_id=plan.id,
            plan_name=plan.name,
            record_count=usage[plan.id].record_count,
            total_tokens=usage[plan.id].total_tokens,
            revenue_nanos=usage[plan.id].final_nanos,
            subscription_minor=subscription_minor.get(plan.id, 0),
            new_subscriptions=came.get(plan.id, 0),
            lost_subscriptions=went.get(plan.id, 0),
        )
        for plan in catalog.plans()
        if plan.id in seen
    )


def _dearest_first(usage: Mapping[str, UsageOf]) -> Iterable[tuple[str, UsageOf]]:
    return sorted(usage.items(), key=lambda item: (-item[1].final_nanos, item[0]))
