"""Everything the customer's first page says, read in a handful of statements."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.domain.accounts import queries as accounts
from app.domain.accounts.models import Account, BillingSettings
from app.domain.accounts.rules import zone
from app.domain.alerts.rules import can_foretell, has_spent
from app.domain.catalog import queries as catalog
from app.domain.catalog.models import PAY_AS_YOU_GO
from app.domain.invoices import payers
from app.domain.payments.declines import DeclinedTopUp
from app.domain.reporting import queries, rules
from app.domain.reporting.covering import MonthAhead
from app.domain.reporting.entitlements import CreditLimits, Position, Reason, first_reason
from app.domain.reporting.invoices_ahead import InvoiceAhead, invoices_ahead
from app.domain.reporting.rules import Concern, Forecast, Pace, Standing
from app.domain.reporting.token_offers import Overage, compared_since, overage_of
from app.domain.reporting.usage_ahead import usage_ahead
from app.domain.subscriptions import queries as subscriptions
from app.domain.subscriptions.queries import PeriodView
from app.domain.tokens.rules import is_automatic
from app.domain.usage import queries as usage
from app.domain.usage.buckets import day_starts_at
from app.domain.usage.views import Granularity, Grouping, Sums, UsageBucket, UsageSeries
from app.foundation.money import minor_from_nanos
from app.foundation.periods import BillingMonth, Period

RECENT_DAYS = 30
TOP_GROUPS = 6
# A gateway, a plan, an alert.
STEPS = 3
# The other reasons have words of their own among the concerns.
LIMITS_REACHED = (
    Reason.SPEND_LIMIT,
    Reason.CREDIT_LIMIT,
    Reason.UNPRICED_LIMIT,
)


@dataclass(frozen=True, slots=True)
class GroupSums:
    """What one model or gateway key used; an empty name where none was reported."""

    group: str
    sums: Sums


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """How far an account has come in setting itself up."""

    # Its gateway has reported something.
    is_connected: bool
    has_plan: bool
    has_alert: bool
    # Asked for only until the gateway is connected.
    has_key: bool = False

    @property
    def done(self) -> int:
        """Return how many of the three are done."""
        return self.is_connected + self.has_plan + self.has_alert


@dataclass(frozen=True, slots=True)
class Overview:
    """How an account stands at a moment."""

    read_at: datetime
    month: BillingMonth
    month_sums: Sums
    month_ahead: MonthAhead
    plan_names: Mapping[str, str]
    period: PeriodView
    # Which plan comes when the period ends, if nothing is changed till then.
    following_plan_id: str
    extra_tokens: int
    quota_runs_out_at: datetime | None
    concerns: tuple[Concern, ...]
    # What decides whether the gateway is advised to go on, and what it is advised.
    position: Position
    reason: Reason
    alert_spend_minor: int | None
    recent: UsageSeries
    # The totals of the same number of days before.
    before: Sums
    top_models: tuple[GroupSums, ...]
    # All that were ever used, in the order in which they were taken up.
    models: tuple[str, ...] = ()
    # The automatic purchase that was declined, while that is among the concerns.
    declined: DeclinedTopUp | None = None
    # What overage costs him, once the tokens are used up.
    overage: Overage | None = None
    # Net of tax and coupons; None while nothing is paid for it.
    paid_for_period_minor: int | None = None
    # debt, which paying lifts, or operator.
    suspended_because: str | None = None
    top_keys: tuple[GroupSums, ...] = ()
    # Below so many tokens more are bought by themselves, if there is a card.
    top_up_threshold: int = 0
    # The next one first.
    invoices_ahead: tuple[InvoiceAhead, ...] = ()
    # None once all of them are done.
    first_steps: FirstSteps | None = None
    # Anything, ever.
    has_used: bool = True

    @property
    def plan_name(self) -> str:
        """Return the name of the plan that runs."""
        return self.plan_names[self.period.terms.plan_id]

    @property
    def month_cost(self) -> Forecast | None:
        """Return what the month's usage will have cost, less what quota and extra tokens cover."""
        return self.month_ahead.cost

    @property
    def month_in_all(self) -> Forecast:
        """Return what the month comes to: its usage, and what the plan's period costs."""
        paid_minor = self.paid_for_period_minor
        price_minor = self.period.terms.price_minor if paid_minor is None else paid_minor
        return rules.with_plan(
            self.month_sums.final_nanos, self.month_cost, price_minor=price_minor
        )

    @property
    def token_balance(self) -> int:
        """Return the quota left and the extra tokens together."""
        return self.period.tokens_remaining + self.extra_tokens

    @property
    def unbilled_before_minor(self) -> int:
        """Return how much of the usage to be invoiced is none of this month's, in cents."""
        unbilled = minor_from_nanos(self.position.debts.unbilled_nanos)
        return max(unbilled - minor_from_nanos(self.month_sums.final_nanos), 0)

    @property
    def extra_tokens_are_dearer(self) -> bool:
        """Tell whether extra tokens cost more than the same tokens as overage."""
        price_pico = self.period.terms.extra_token_price_pico
        if price_pico is None or self.overage is None:
            return False
        return self.overage.is_cheaper_than(price_pico)

    @property
    def is_refused_for_debt(self) -> bool:
        """Tell whether an invoice is overdue for so long that requests are refused."""
        refused_after = self.position.refused_after
        return refused_after is not None and self.read_at > refused_after


def overview(
    account: Account,
    *,
    now: datetime,
    grace: timedelta,
    limits: CreditLimits,
    seller_country: str,
) -> Overview:
    """Return how the account stands, and where its month and quota are heading."""
    payer, chosen = payers.payer_and_settings(account, seller_country=seller_country)
    found, following, read = _figures(account, chosen, now=now, grace=grace, limits=limits)
    unbilled = found.position.debts.unbilled_nanos
    is_exhausted = Concern.TOKENS_EXHAUSTED in found.concerns
    return replace(
        found,
        overage=_overage(found.period, read, now=now) if is_exhausted else None,
        top_keys=_top_keys(account, found.recent),
        invoices_ahead=invoices_ahead(payer, unbilled, following, month=found.month),
        first_steps=_first_steps(account, chosen, found.period, read.ever),
        has_used=read.ever.requests > 0,
        top_up_threshold=chosen.auto_topup_threshold,
    )


def figures(
    account: Account,
    chosen: BillingSettings,
    *,
    now: datetime,
    grace: timedelta,
    limits: CreditLimits,
) -> Overview:
    """Return the same of somebody else's account, without its keys and what comes next."""
    return _figures(account, chosen, now=now, grace=grace, limits=limits)[0]


def _figures(
    account: Account,
    chosen: BillingSettings,
    *,
    now: datetime,
    grace: timedelta,
    limits: CreditLimits,
) -> tuple[Overview, PeriodView, queries.DebtsAndUsage]:
    """Return how the account stands, the period that follows, and what it owes and has used."""
    plan_names, period, following = _periods(account, now=now, grace=grace)
    read = queries.debts_and_usage(account, now=now)
    position = queries.position(account, chosen, period, read.debts, limits=limits)
    reason = first_reason(position, now=now)
    both, recent, before = _two_stretches(account, now=now)
    standing = _standing(account, period, chosen, position, reason=reason, read=read)
    found = Overview(
        read_at=now,
        month=BillingMonth.of(now),
        month_sums=read.in_month,
        month_ahead=_month_ahead(account, read, both, (period, following), now=now),
        paid_for_period_minor=_paid_for(period, read.paid_for_period_minor),
        plan_names=plan_names,
        period=period,
        following_plan_id=following.terms.plan_id,
        extra_tokens=account.extra_tokens,
        quota_runs_out_at=_runs_out_at(period, _pace_of_tokens(both, now=now), now=now),
        concerns=rules.concerns(standing),
        position=position,
        reason=reason,
        alert_spend_minor=chosen.alert_spend_minor,
        recent=recent,
        before=before,
        top_models=_top(recent),
        models=read.models,
        declined=read.declined,
        suspended_because=account.suspended_because,
    )
    return found, following, read


def _periods(
    account: Account, *, now: datetime, grace: timedelta
) -> tuple[Mapping[str, str], PeriodView, PeriodView]:
    """Return what the plans are called, the period that runs and the one that follows."""
    plans = catalog.plans()
    terms = {plan.id: subscriptions.terms_of(plan) for plan in plans}
    periods = subscriptions.current_and_following(account.id, terms=terms, now=now, grace=grace)
    return {plan.id: plan.name for plan in plans}, *periods


def _month_ahead(
    account: Account,
    read: queries.DebtsAndUsage,
    by_model: UsageSeries,
    periods: tuple[PeriodView, PeriodView],
    *,
    now: datetime,
) -> MonthAhead:
    ahead = usage_ahead(account, by_model, *periods, now=now, outside=read.outside_plans)
    return ahead.until(BillingMonth.of(now).period.ends_at, spent=read.in_month.final_nanos)


def _overage(period: PeriodView, read: queries.DebtsAndUsage, *, now: datetime) -> Overage | None:
    used = read.priced_since(compared_since(now))
    return overage_of(used, discount_bp=period.terms.overage_discount_bp)


def _paid_for(period: PeriodView, paid_minor: int | None) -> int | None:
    # What was paid is of the written period; where there is no price, there is nothing to pay.
    return None if period.id is None or not period.terms.price_minor else paid_minor


def _runs_out_at(period: PeriodView, tokens: Pace, *, now: datetime) -> datetime | None:
    if not can_foretell(period.quota_tokens_used, quota=period.quota):
        return None
    return rules.runs_out_at(period.tokens_remaining, tokens, now=now, ends_at=period.ends_at)


def add_up(sums: Iterable[Sums]) -> Sums:
    """Return the totals."""
    return Sums(*(sum(column) for column in zip(*map(astuple, sums), strict=True)))


def group_sums(series: UsageSeries) -> list[GroupSums]:
    """Return each group's sums over the whole series, the dearest first."""
    by_group: dict[str, list[Sums]] = defaultdict(list)
    for bucket in series.buckets:
        by_group[bucket.group].append(bucket.sums)
    groups = [GroupSums(group, add_up(sums)) for group, sums in by_group.items()]
    return sorted(
        groups, key=lambda g: (-g.sums.final_nanos, -g.sums.total_tokens, -g.sums.requests, g.group)
    )


def _two_stretches(account: Account, *, now: datetime) -> tuple[UsageSeries, UsageSeries, Sums]:
    """Return the last 60 days by model, the last 30 of them, and the totals of the 30 before."""
    local = zone(account.timezone)
    today = now.astimezone(local).date()
    first = today - timedelta(days=RECENT_DAYS - 1)
    span = Period(
        day_starts_at(first - timedelta(days=RECENT_DAYS), local),
        day_starts_at(today + timedelta(days=1), local),
    )
    both = usage.usage_series(
        account, span=span, granularity=Granularity.DAY, group_by=Grouping.MODEL
    )
    recent = tuple(bucket for bucket in both.buckets if _day(bucket, local) >= first)
    older = (bucket.sums for bucket in both.buckets if _day(bucket, local) < first)
    shown = replace(
        both,
        buckets=recent,
        totals=add_up(bucket.sums for bucket in recent),
        starts_at=day_starts_at(first, local),
    )
    return both, shown, add_up(older)


def _pace_of_tokens(series: UsageSeries, *, now: datetime) -> Pace:
    local = zone(series.timezone)
    tokens: dict[date, int] = defaultdict(int)
    for bucket in series.buckets:
        tokens[_day(bucket, local)] += bucket.sums.total_tokens
    return rules.pace_of(tokens, local=local, now=now)


def _day(bucket: UsageBucket, local: ZoneInfo) -> date:
    return bucket.starts_at.astimezone(local).date()


def _standing(
    account: Account,
    period: PeriodView,
    chosen: BillingSettings,
    position: Position,
    *,
    reason: Reason,
    read: queries.DebtsAndUsage,
) -> Standing:
    # Where no extra tokens are for sale, none are wanted.
    are_for_sale = period.terms.extra_token_price_pico is not None
    is_on = is_automatic(switched_on=chosen.auto_topup, threshold=chosen.auto_topup_threshold)
    return Standing(
        is_suspended=position.is_suspended,
        is_renewal_unpaid=period.grace_ends_at is not None,
        is_overdue=position.debts.overdue_minor > 0,
        is_top_up_declined=read.declined is not None and are_for_sale,
        is_top_up_without_card=is_on and are_for_sale and not position.debts.has_card,
        is_refused=reason in LIMITS_REACHED,
        quota=period.quota,
        quota_left=period.tokens_remaining,
        extra_tokens=account.extra_tokens,
        alert_threshold=chosen.alert_threshold,
        has_spent=has_spent(position.debts.spent_nanos, alert_minor=chosen.alert_spend_minor),
        unpriced_tokens=read.in_month.unpriced_tokens,
    )


def _top(series: UsageSeries) -> tuple[GroupSums, ...]:
    return tuple(group_sums(series)[:TOP_GROUPS])


def _top_keys(account: Account, recent: UsageSeries) -> tuple[GroupSums, ...]:
    if not recent.buckets:
        return ()
    span = Period(recent.starts_at, recent.ends_at)
    return _top(
        usage.usage_series(
            account, span=span, granularity=Granularity.DAY, group_by=Grouping.API_KEY
        )
    )


def _first_steps(
    account: Account, chosen: BillingSettings, period: PeriodView, used: Sums
) -> FirstSteps | None:
    steps = FirstSteps(
        is_connected=used.requests > 0,
        has_plan=period.terms.plan_id != PAY_AS_YOU_GO,
        has_alert=chosen.alert_threshold > 0 or chosen.alert_spend_minor is not None,
    )
    if steps.done == STEPS:
        return None
    if steps.is_connected:
        return steps
    has_key = any(key.revoked_at is None for key in accounts.keys_of(account))
    return replace(steps, has_key=has_key)
