"""Check alerts: which of these accounts crossed a threshold that they were not told of yet.

What counts is where an account stands, not how it came there: a threshold that is set below what
is used already is told at the next check, once. A fixed number of statements, however many
accounts are looked at; only mails are written one by one.
"""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from app.domain.accounts import operations as accounts
from app.domain.accounts import queries as account_queries
from app.domain.accounts.models import Account
from app.domain.alerts import operations as alerts
from app.domain.alerts import queries, rules
from app.domain.alerts.operations import Notice
from app.domain.reporting import watching
from app.domain.subscriptions import operations as subscriptions
from app.domain.subscriptions.queries import UsagePeriod
from app.domain.usage import queries as usage
from app.foundation.periods import BillingMonth


def check_alerts(user_ids: Collection[str], *, now: datetime, grace: timedelta) -> int:
    """Tell these accounts what they crossed and were not told; return how many were told."""
    locked = accounts.lock_accounts(user_ids)
    if not locked:
        return 0
    notices = list(_notices(locked, now=now, grace=grace))
    alerts.tell(notices, now=now)
    return len(notices)


def _notices(locked: dict[str, Account], *, now: datetime, grace: timedelta) -> Iterator[Notice]:
    month = BillingMonth.of(now)
    periods = _current_periods(locked, now=now, grace=grace)
    chosen = account_queries.settings_by_account(locked)
    spent = usage.billed_to(locked, month=month)
    days = usage.tokens_by_day(locked, since=watching.first_day(now))
    spans = {f"period:{period.id}" for period in periods.values()} | {f"month:{month}"}
    told = queries.told(locked, spans=spans)
    for user_id, account in locked.items():
        period = periods[user_id]
        figures = watching.figures_of(
            account,
            period,
            spent_nanos=spent.get(user_id, 0),
            days=days.get(user_id, {}),
            now=now,
        )
        crossed = rules.crossings(queries.thresholds_of(chosen[user_id]), figures)
        fresh = rules.due(crossed, told.get(user_id, set()), period_id=period.id, month=month)
        if fresh:
            yield Notice(
                account=account,
                crossings=fresh,
                figures=figures,
                period_id=period.id,
                period_ends_at=period.ends_at,
                wants_mail=chosen[user_id].enable_alerts,
            )


def _current_periods(
    locked: Collection[str], *, now: datetime, grace: timedelta
) -> dict[str, UsagePeriod]:
    periods = subscriptions.usage_periods(locked, since=now, now=now, grace=grace)
    return {period.user_id: period for period in periods if period.is_current}
