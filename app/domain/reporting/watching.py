"""Where an account lies between the thresholds at which its owner wants to be told."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.domain.accounts.models import Account, BillingSettings
from app.domain.accounts.rules import zone
from app.domain.alerts import queries as alerts
from app.domain.alerts import rules
from app.domain.alerts.rules import Figures, Gauge
from app.domain.reporting.courses import Course, course, ends_of
from app.domain.reporting.rules import PACE_SEEN_DAYS, pace_of, runs_out_at
from app.domain.reporting.usage_ahead import UsageAhead, usage_ahead
from app.domain.subscriptions import queries as subscriptions
from app.domain.subscriptions.queries import PeriodView, UsagePeriod
from app.domain.usage import queries as usage
from app.domain.usage.buckets import day_starts_at
from app.domain.usage.views import Granularity, Grouping, Sums, UsageSeries
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
    terms = subscriptions.terms_by_plan()
    period, following = subscriptions.current_and_following(
        account.id, terms=terms, now=now, grace=grace
    )
    series = _by_model(account, now=now)
    days = _by_day(series)
    ahead = usage_ahead(account, series, period, following, now=now)
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
        spend=_spend(spent, days, ahead, span=month.period, local=zone(account.timezone)),
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


def _by_model(account: Account, *, now: datetime) -> UsageSeries:
    local = zone(account.timezone)
    tomorrow = now.astimezone(local).date() + timedelta(days=1)
    span = Period(day_starts_at(first_day(now), local), day_starts_at(tomorrow, local))
    return usage.usage_series(
        account, span=span, granularity=Granularity.DAY, group_by=Grouping.MODEL
    )


def _by_day(series: UsageSeries) -> dict[date, Sums]:
    by_day: dict[date, list[Sums]] = defaultdict(list)
    for bucket in series.buckets:
        by_day[bucket.starts_at.date()].append(bucket.sums)
    return {day: usage.total_of(sums) for day, sums in by_day.items()}


def _spend(
    spent: int, days: Mapping[date, Sums], ahead: UsageAhead, *, span: Period, local: ZoneInfo
) -> Course:
    costs = {day: each.final_nanos for day, each in days.items()}
    found = course(spent, costs, ahead.used.listed, span=span, local=local, now=ahead.now)
    # The same forecast as the overview's: quota and extra tokens are drawn before overage.
    left = found.days[len(found.grown) - 1 :] if found.ahead else ()
    ends = ends_of(left, span=span, local=local)
    costs_ahead = (ahead.until(max(end, ahead.now), spent=spent).cost for end in ends)
    return replace(found, ahead=tuple(cost.expected for cost in costs_ahead if cost))


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
        has_pace=pace.is_known,
    )
