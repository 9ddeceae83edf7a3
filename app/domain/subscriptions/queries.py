"""Questions about subscriptions and periods. Reads only."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Select, SelectBase, Text, and_, bindparam, cast, literal, or_, select

from app.domain.catalog import queries as catalog
from app.domain.catalog.models import Plan
from app.domain.catalog.plan_drafts import PlanTerms
from app.domain.mails.models import Mail
from app.domain.subscriptions import rules
from app.domain.subscriptions.models import (
    PlanChange,
    Subscription,
    SubscriptionPeriod,
    SubscriptionStatus,
)
from app.domain.subscriptions.rules import NextPeriod, Running, Terms
from app.foundation.bulk import any_of
from app.foundation.database import UTCDateTime, session
from app.foundation.direct import Awaited, Question, among, values_of

Pairs = Sequence[tuple[SubscriptionPeriod, Subscription]]


@dataclass(frozen=True, slots=True)
class PeriodView:
    """A period as it stands at a moment, whether or not a row of it exists yet."""

    # None where nobody has written it yet: it is the same period all the same.
    id: int | None = field(compare=False)
    starts_at: datetime
    ends_at: datetime
    grace_ends_at: datetime | None
    terms: Terms
    quota: int
    tokens_used: int
    quota_tokens_used: int

    @property
    def tokens_remaining(self) -> int:
        """Return what is left of the quota."""
        return self.quota - self.quota_tokens_used


@dataclass(frozen=True, slots=True)
class OpenChange:
    """An accepted change that waits for its money."""

    id: int
    to_plan_id: str
    lapses_at: datetime


@dataclass(frozen=True, slots=True)
class SubscriptionView:
    """Where an account's subscription stands at a moment, written or not."""

    status: str
    period: PeriodView
    auto_renew: bool
    cancelled_at: datetime | None
    pending_plan_id: str | None
    open_change: OpenChange | None

    @property
    def plan_id(self) -> str:
        """Return the plan that runs."""
        return self.period.terms.plan_id

    @property
    def plan(self) -> str:
        """Return the plan's short name: pro."""
        return self.plan_id.removeprefix("plan-")

    @property
    def is_past_due(self) -> bool:
        """Tell whether the running period is not paid yet."""
        return self.period.grace_ends_at is not None


def subscription_of(
    user_id: str, *, now: datetime, grace: timedelta, terms: Mapping[str, Terms] | None = None
) -> SubscriptionView:
    """Return where the account's subscription stands; whoever knows all plans' terms gives them."""
    waits = and_(PlanChange.user_id == user_id, PlanChange.status == "open")
    waiting = (PlanChange.id, PlanChange.to_plan_id, PlanChange.lapses_at)
    statement = _periods_since([user_id], since=now).outerjoin(PlanChange, waits)
    rows = session.execute(statement.add_columns(*waiting)).all()
    pairs = [(row[0], row[1]) for row in rows]
    period, subscription, *opened = rows[-1]
    views = _until_now(pairs, now=now, grace=grace, terms=terms)
    is_written = views[-1].id == period.id
    unpaid = views[-1].grace_ends_at is not None
    ahead = SubscriptionStatus.PAST_DUE if unpaid else SubscriptionStatus.ACTIVE
    return SubscriptionView(
        status=subscription.status if is_written else ahead,
        period=views[-1],
        # What was waiting for the period's end has happened once it is over.
        auto_renew=subscription.auto_renew or not is_written,
        cancelled_at=subscription.cancelled_at if is_written else None,
        pending_plan_id=subscription.pending_plan_id if is_written else None,
        open_change=None if opened[0] is None else OpenChange(*opened),
    )


def current_period(user_id: str, *, now: datetime, grace: timedelta) -> PeriodView:
    """Return the period that holds now, rolled over in thought if nobody has written it yet."""
    return periods_until_now(user_id, since=now, now=now, grace=grace)[-1]


def current_and_following(
    user_id: str, *, terms: Mapping[str, Terms], now: datetime, grace: timedelta
) -> tuple[PeriodView, PeriodView]:
    """Return the period that holds now, and the one that follows if nothing is changed till then.

    One statement; `terms` are those of all plans.
    """
    written, subscription = periods_since([user_id], since=now)[-1]
    running = running_in(subscription, written)
    begun = rules.periods_until(now, running, terms=terms, grace=grace)
    current = _view_ahead(begun[-1]) if begun else _view(written)
    ends_at = current.ends_at if current.grace_ends_at is None else current.grace_ends_at
    following = rules.periods_until(ends_at, running, terms=terms, grace=grace)
    return current, _view_ahead(following[-1])


def current_periods(
    user_ids: Collection[str], *, now: datetime, grace: timedelta
) -> dict[str, PeriodView]:
    """Return the period of each account that holds now, in two statements for all of them."""
    terms = terms_by_plan()
    views: dict[str, PeriodView] = {}
    for period, subscription in periods_since(user_ids, since=now):
        if period.is_current:
            running = running_in(subscription, period)
            following = rules.periods_until(now, running, terms=terms, grace=grace)
            views[period.user_id] = _view_ahead(following[-1]) if following else _view(period)
    return views


def periods_until_now(
    user_id: str, *, since: datetime, now: datetime, grace: timedelta
) -> list[PeriodView]:
    """Return the account's periods from a moment to now, oldest first, written or not."""
    return _until_now(periods_since([user_id], since=since), now=now, grace=grace)


def _until_now(
    pairs: Pairs, *, now: datetime, grace: timedelta, terms: Mapping[str, Terms] | None = None
) -> list[PeriodView]:
    views = [_view(period) for period, _ in pairs]
    last, subscription = pairs[-1]
    running = running_in(subscription, last)
    if now >= running.ends:
        known = terms_by_plan() if terms is None else terms
        following = rules.periods_until(now, running, terms=known, grace=grace)
        views += [_view_ahead(period) for period in following]
    return views


def terms_by_plan() -> dict[str, Terms]:
    """Return what each plan promises and costs now."""
    return {plan.id: terms_of(plan) for plan in catalog.plans()}


def terms_of(plan: Plan) -> Terms:
    """Return the terms a period of the plan would start with now."""
    return terms_ahead(plan.id, plan)


def terms_ahead(plan_id: str, terms: Plan | PlanTerms) -> Terms:
    """Return the terms a period would start with if the plan became this."""
    return Terms(
        plan_id=plan_id,
        price_minor=terms.monthly_price_minor,
        quota=terms.monthly_quota,
        extra_token_price_pico=terms.extra_token_price_pico,
        overage_discount_bp=terms.overage_discount_bp,
        max_concurrent_req=terms.max_concurrent_req,
        rate_limit_per_min=terms.rate_limit_per_min,
    )


def periods_since(user_ids: Collection[str], *, since: datetime) -> Pairs:
    """Return the accounts' current periods and those that ended after a moment, oldest first."""
    statement = _periods_since(user_ids, since=since)
    return [(period, subscription) for period, subscription in session.execute(statement)]


def _periods_since(
    user_ids: Collection[str], *, since: datetime
) -> Select[SubscriptionPeriod, Subscription]:
    recent = or_(SubscriptionPeriod.is_current, SubscriptionPeriod.ends_at > since)
    return (
        select(SubscriptionPeriod, Subscription)
        .join(Subscription, Subscription.id == SubscriptionPeriod.subscription_id)
        .where(any_of(SubscriptionPeriod.user_id, user_ids), recent)
        .order_by(SubscriptionPeriod.starts_at)
        .execution_options(populate_existing=True)
    )


@dataclass(frozen=True, slots=True)
class PriceRise:
    """A renewal that will cost more than the period before it."""

    user_id: str
    period_id: int
    plan_name: str
    old_minor: int
    new_minor: int
    renews_at: datetime

    @property
    def about(self) -> str:
        """Return what a mail of it is about: told once for each price."""
        return f"{self.period_id}:{self.new_minor}"


def price_rises(*, now: datetime, until: datetime, limit: int) -> Sequence[PriceRise]:
    """Return the renewals of the same plan until a moment that cost more, and nobody was told."""
    period = SubscriptionPeriod
    period_and_price = cast(period.id, Text) + ":" + cast(Plan.monthly_price_minor, Text)
    source = literal("price_rise:") + period_and_price
    statement = (
        select(
            period.user_id,
            period.id,
            Plan.name,
            period.price_minor,
            Plan.monthly_price_minor,
            period.ends_at,
        )
        .join(Subscription, Subscription.id == period.subscription_id)
        .join(Plan, Plan.id == period.plan_id)
        .where(
            period.is_current,
            period.ends_at > now,
            period.ends_at <= until,
            period.grace_ends_at.is_(None),
            Subscription.auto_renew,
            Subscription.pending_plan_id.is_(None),
            Plan.monthly_price_minor > period.price_minor,
            ~select(Mail.id).where(Mail.source == source).exists(),
        )
        .order_by(period.id)
    )
    return [PriceRise(*row) for row in session.execute(statement.limit(limit))]


def current_pair(user_id: str) -> tuple[SubscriptionPeriod, Subscription]:
    """Return the account's current period as it is written, and the subscription it belongs to."""
    statement = (
        select(SubscriptionPeriod, Subscription)
        .join(Subscription, Subscription.id == SubscriptionPeriod.subscription_id)
        .where(SubscriptionPeriod.user_id == user_id, SubscriptionPeriod.is_current)
        .execution_options(populate_existing=True)
    )
    period, subscription = session.execute(statement).one()
    return period, subscription


def running_subscription(user_id: str) -> Subscription:
    """Return the account's running subscription, as it is written."""
    return current_pair(user_id)[1]


class UsagePeriod(NamedTuple):
    """What splitting a record needs of a period."""

    id: int
    subscription_id: int
    user_id: str
    is_current: bool
    starts_at: datetime
    ends_at: datetime
    grace_ends_at: datetime | None
    quota: int
    quota_tokens_used: int
    overage_discount_bp: int

    def is_over(self, now: datetime) -> bool:
        """Tell whether the next period has started, written or not."""
        return now >= (self.ends_at if self.grace_ends_at is None else self.grace_ends_at)


@Question
def _which_take_usage() -> SelectBase:
    period = SubscriptionPeriod
    columns = select(*(getattr(period, name) for name in UsagePeriod._fields))
    recent = or_(period.is_current, period.ends_at > bindparam("since", type_=UTCDateTime()))
    return columns.where(among(period.user_id, "user_ids"), recent)


def usage_periods(user_ids: Collection[str], *, since: datetime) -> list[UsagePeriod]:
    """Return the accounts' current periods and those that ended after a moment."""
    return ask_usage_periods(user_ids, since=since).get()


def ask_usage_periods(user_ids: Collection[str], *, since: datetime) -> Awaited[list[UsagePeriod]]:
    """Ask for the accounts' current periods and those that ended after a moment."""
    asked = {"user_ids": values_of(user_ids), "since": since}
    return _which_take_usage.send(asked, lambda rows: list(map(UsagePeriod._make, rows)))


def running_in(subscription: Subscription, period: SubscriptionPeriod) -> Running:
    """Return where the account stands, for the rules."""
    return Running(
        plan_id=subscription.plan_id,
        anchor_at=subscription.anchor_at,
        auto_renew=subscription.auto_renew,
        pending_plan_id=subscription.pending_plan_id,
        ends_at=period.ends_at,
        grace_ends_at=period.grace_ends_at,
    )


class WrittenPeriod(NamedTuple):
    """A period as it is written."""

    id: int
    starts_at: datetime
    ends_at: datetime
    grace_ends_at: datetime | None
    plan_id: str
    price_minor: int
    plan_quota: int
    extra_token_price_pico: int | None
    overage_discount_bp: int
    max_concurrent_req: int
    rate_limit_per_min: int
    quota: int
    tokens_used: int
    quota_tokens_used: int


def view_of(written: WrittenPeriod, user_id: str, *, now: datetime, grace: timedelta) -> PeriodView:
    """Return the period that holds now: the current one as it was read, or one that follows."""
    ends_at = written.ends_at if written.grace_ends_at is None else written.grace_ends_at
    if now < ends_at:
        return _view(written)
    return current_period(user_id, now=now, grace=grace)


def _view(period: SubscriptionPeriod | WrittenPeriod) -> PeriodView:
    terms = Terms(
        plan_id=period.plan_id,
        price_minor=period.price_minor,
        quota=period.plan_quota,
        extra_token_price_pico=period.extra_token_price_pico,
        overage_discount_bp=period.overage_discount_bp,
        max_concurrent_req=period.max_concurrent_req,
        rate_limit_per_min=period.rate_limit_per_min,
    )
    return PeriodView(
        id=period.id,
        starts_at=period.starts_at,
        ends_at=period.ends_at,
        grace_ends_at=period.grace_ends_at,
        terms=terms,
        quota=period.quota,
        tokens_used=period.tokens_used,
        quota_tokens_used=period.quota_tokens_used,
    )


def _view_ahead(period: NextPeriod) -> PeriodView:
    return PeriodView(
        id=None,
        starts_at=period.starts_at,
        ends_at=period.ends_at,
        grace_ends_at=period.grace_ends_at,
        terms=period.terms,
        quota=period.quota,
        tokens_used=0,
        quota_tokens_used=0,
    )
