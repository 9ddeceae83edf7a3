"""Questions about alerts. Reads only."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    Text,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
)

from app.domain.accounts.models import Account, BillingSettings
from app.domain.alerts.models import Alert
from app.domain.alerts.rules import AlertKind, Thresholds, Told
from app.domain.alerts.views import AlertView, HistoryPage
from app.domain.subscriptions.models import SubscriptionPeriod
from app.domain.usage.models import UsageMonthly
from app.foundation.bulk import any_of
from app.foundation.database import Whole, session
from app.foundation.money import NANOS_PER_MINOR
from app.foundation.periods import BillingMonth

period, chosen = SubscriptionPeriod, BillingSettings


def history(account: Account, *, page: int, page_size: int, kind: str | None = None) -> HistoryPage:
    """Return a page of what the account crossed, newest first: of all kinds, or of one."""
    ours = [Alert.user_id == account.id]
    if kind is not None:
        ours.append(Alert.kind == kind)
    counted = select(func.count()).where(*ours)
    columns = (getattr(Alert, name) for name in AlertView.__slots__)
    newest = select(counted.scalar_subquery(), *columns).where(*ours)
    newest = newest.order_by(Alert.crossed_at.desc(), Alert.id.desc())
    rows = session.execute(newest.limit(page_size).offset((page - 1) * page_size)).all()
    total = rows[0][0] if rows else 0
    if not rows and page > 1:
        # A page beyond the last one has no row that could tell how many there are.
        total = session.scalars(counted).one()
    return HistoryPage(tuple(AlertView(*row[1:]) for row in rows), total)


def thresholds_of(settings: BillingSettings) -> Thresholds:
    """Return at what the customer wants to be told."""
    return Thresholds(
        tokens_left=settings.alert_threshold,
        percents=tuple(settings.alert_percents),
        spend_minor=settings.alert_spend_minor,
        forecast=settings.alert_forecast,
    )


def told(user_ids: Collection[str], *, spans: Collection[str]) -> dict[str, set[Told]]:
    """Return what the accounts were told for these periods and months."""
    columns = select(Alert.user_id, Alert.kind, Alert.threshold, Alert.span)
    ours = columns.where(any_of(Alert.user_id, user_ids), any_of(Alert.span, spans))
    by_account: dict[str, set[Told]] = defaultdict(set)
    for user_id, kind, threshold, span in session.execute(ours):
        by_account[user_id].add((kind, threshold, span))
    return by_account


def user_ids_to_tell(*, now: datetime, after: str, limit: int) -> Sequence[str]:
    """Return the next accounts that crossed a threshold and were not told, in their order.

    One statement, however many accounts have nothing to be told. Forecasts aside: those are
    worked out from days, see below.
    """
    due = or_(_low_on_tokens(now), _far_into_quota(now), _has_spent(BillingMonth.of(now)))
    return session.scalars(_accounts(after, limit).where(due)).all()


def user_ids_to_forecast(*, now: datetime, after: str, limit: int) -> Sequence[str]:
    """Return the next accounts whose quota is in use, and that were told of no forecast for it."""
    in_use = (period.quota_tokens_used > 0, period.quota_tokens_used < period.quota)
    wanted = (chosen.alert_forecast, ~_is_over(now), ~_told(AlertKind.FORECAST, literal(0)))
    return session.scalars(_accounts(after, limit).where(*in_use, *wanted)).all()


def _accounts(after: str, limit: int) -> Select[str]:
    return (
        select(Account.id)
        .join(chosen, chosen.user_id == Account.id)
        .join(period, (period.user_id == Account.id) & period.is_current)
        .where(Account.id > after)
        .order_by(Account.id)
        .limit(limit)
    )


def _is_over(now: datetime) -> ColumnElement[bool]:
    return func.coalesce(period.grace_ends_at, period.ends_at) <= now


def _low_on_tokens(now: datetime) -> ColumnElement[bool]:
    balance = period.quota - period.quota_tokens_used + Account.extra_tokens
    owns_tokens = (period.quota > 0) | (Account.extra_tokens > 0)
    is_low = owns_tokens & (balance <= chosen.alert_threshold)
    is_new = ~_told(AlertKind.TOKENS_LEFT, chosen.alert_threshold)
    # What the next period brings is only known once somebody has written it.
    return (chosen.alert_threshold > 0) & (_is_over(now) | (is_low & is_new))


def _far_into_quota(now: datetime) -> ColumnElement[bool]:
    on_postgresql = session.get_bind().dialect.name == "postgresql"
    each = func.jsonb_array_elements_text if on_postgresql else func.json_each
    percents = each(chosen.alert_percents).table_valued("value")
    percent = cast(percents.c.value, Whole)
    is_crossed = period.quota_tokens_used * 100 >= percent * period.quota
    is_new = ~_told(AlertKind.QUOTA_PERCENT, percent)
    found = select(literal(1)).select_from(percents).where(is_crossed, is_new)
    in_use = (period.quota_tokens_used > 0) & ~_is_over(now)
    return in_use & exists(found.correlate(Account, chosen, period))


def _has_spent(month: BillingMonth) -> ColumnElement[bool]:
    rolled = select(func.coalesce(func.sum(UsageMonthly.final_nanos), 0)).where(
        UsageMonthly.user_id == Account.id, UsageMonthly.billing_month == str(month)
    )
    spent = rolled.correlate(Account).scalar_subquery()
    limit = chosen.alert_spend_minor * NANOS_PER_MINOR
    is_new = ~_told(AlertKind.SPEND, chosen.alert_spend_minor, span=literal(f"month:{month}"))
    return chosen.alert_spend_minor.is_not(None) & (spent > 0) & (spent >= limit) & is_new


def _told(
    kind: AlertKind,
    threshold: SQLColumnExpression[Any],
    *,
    span: ColumnElement[str] | None = None,
) -> ColumnElement[bool]:
    if span is None:
        span = literal("period:") + cast(period.id, Text)
    said = select(Alert.id).where(
        Alert.user_id == Account.id,
        Alert.kind == kind,
        Alert.threshold == threshold,
        Alert.span == span,
    )
    return exists(said.correlate_except(Alert))
