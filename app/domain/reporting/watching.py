"""Where an account lies between the thresholds at which its owner wants to be told."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from app.domain.accounts.models import Account, BillingSettings
from app.domain.accounts.rules import zone
from app.domain.alerts import queries as alerts
from app.domain.alerts import rules
from app.domain.alerts.rules import Figures, Gauge
from app.domain.reporting.courses import Course, course
from app.domain.reporting.rules import PACE_SEEN_DAYS, pace_of, runs_out_at
from app.domain.subscriptions import queries as subscriptions
from app.domain.subscriptions.queries import PeriodView, UsagePeriod
from app.domain.usage import queries as usage
from app.domain.usage.views import Sums
from app.foundation.periods import BillingMonth, Period


@dataclass(frozen=True, slots=True)
class Watch:
    """The figures that alerts look at, and where each threshold lies in them."""

    figures: Figures
    gauges: tuple[Gauge, ...]
    month: BillingMonth
    period_ends_at: datetime
    # Tokens drawn from quota and extra tokens in the period; None where there are none to draw.
    tokens: Course | None
    # What usage of the month comes to, in nano-USD.
    spend: Course

    @property
    def has_tokens(self) -> bool:
        """Tell whether there is anything that alerts about tokens could speak of."""
        return self.figures.owns_tokens


def watch(account: Account, chosen: BillingSettings, *, now: datetime, grace: timedelta) -> Watch:
    """Return where the account's thresholds lie now: the same figures that mails are sent by."""
    month = BillingMonth.of(now)
    period = subscriptions.current_period(account.id, now=now, grace=grace)
    days = usage.sums_by_day(account, since=first_day(now))
    spent = usage.billed_to([account.id], month=month).get(account.id, 0)
    tokens = {day: sums.total_tokens for day, sums in days.items()}
    figures = figures_of(account, period, spent_nanos=spent, days=tokens, now=now)
    thresholds = alerts.thresholds_of(chosen)
    return Watch(
        figures,
        rules.gauges(thresholds, figures),
        month,
        period.ends_at,
        tokens=_tokens(account, period, days, now=now) if figures.owns_tokens else None,
        spend=_spend(account, spent, days, span=month.period, now=now),
    )


def spent_past_limit(account: Account, limit_minor: int | None, *, now: datetime) -> int | None:
    """Return what the month's usage comes to where that has reached the customer's own limit."""
    if limit_minor is None:
        return None
    spent = usage.billed_to([account.id], month=BillingMonth.of(now)).get(account.id, 0)
    return spent if rules.has_spent(spent, alert_minor=limit_minor) else None


def first_day(now: datetime) -> date:
    """Return the first day whose usage tells the pace."""
    # A day more than is looked at: somewhere it is still yesterday.
    return now.date() - timedelta(days=PACE_SEEN_DAYS + 1)


def _tokens(
    account: Account, period: PeriodView, days: Mapping[date, Sums], *, now: datetime
) -> Course:
    local, span = zone(account.timezone), Period(period.starts_at, period.ends_at)
    pace = pace_of({day: each.total_tokens for day, each in days.items()}, local=local, now=now)
    first = span.starts_at.astimezone(local).date()
    extra = sum(each.extra_tokens for day, each in days.items() if day >= first)
    drawn = {day: each.quota_tokens + each.extra_tokens for day, each in days.items()}
    amount = period.quota_tokens_used + extra
    found = course(amount, drawn, pace, span=span, local=local, now=now)
    # What goes on after the last token is overage.
    most = amount + period.tokens_remaining + account.extra_tokens
    return replace(found, ahead=tuple(min(each, most) for each in found.ahead))


def _spend(
    account: Account, spent: int, days: Mapping[date, Sums], *, span: Period, now: datetime
) -> Course:
    local, costs = zone(account.timezone), {day: each.final_nanos for day, each in days.items()}
    pace = pace_of(costs, local=local, now=now)
    return course(spent, costs, pace, span=span, local=local, now=now)


def figures_of(
    account: Account,
    period: PeriodView | UsagePeriod,
    *,
    spent_nanos: int,
    days: Mapping[date, int],
    now: datetime,
) -> Figures:
    """Return how the account stands, by its usage of each day and its spend in the month."""
    pace = pace_of(days, local=zone(account.timezone), now=now)
    left = period.quota - period.quota_tokens_used
    return Figures(
        quota=period.quota,
        quota_tokens_used=period.quota_tokens_used,
        extra_tokens=account.extra_tokens,
        spent_nanos=spent_nanos,
        runs_out_at=runs_out_at(left, pace, now=now, ends_at=period.ends_at),
    )
