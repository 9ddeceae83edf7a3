"""Estimate usage: what a request would cost and who would pay for it, if it were posted now."""

from datetime import datetime, timedelta

from app.domain.accounts.models import Account
from app.domain.catalog import queries as catalog
from app.domain.subscriptions import queries as subscriptions
from app.domain.subscriptions.queries import PeriodView
from app.domain.usage import recording, rules
from app.domain.usage.reports import Outcome, OutcomeStatus, UsageReport
from app.foundation import money
from app.foundation.errors import Refusal
from app.foundation.periods import BillingMonth

# Splitting asks which period pays; here there is only one, row or not.
THE_PERIOD = 0


def estimate_usage(
    report: UsageReport, account: Account, *, now: datetime, grace: timedelta
) -> Outcome:
    """Return what posting the report now would answer, and change nothing. Raises Refusal."""
    moment = now if report.occurred_at is None else report.occurred_at
    price = catalog.price_book({report.model}).find_price_at(report.model, moment)
    pico = rules.pico_of(report, price)
    cost_nanos = money.token_cost_nanos(pico)
    fault = rules.find_fault(report, now=now) or rules.find_cost_fault(cost_nanos)
    if fault is not None:
        raise Refusal(fault.code, fault.detail, fields=[fault])
    period = _period(account, moment, now=now, grace=grace)
    allowance = rules.Allowance(
        account.extra_tokens, account.granted_tokens, {THE_PERIOD: period.tokens_remaining}
    )
    included = price is None or price.included_in_plans
    split = rules.split(allowance, report.total_tokens, period_id=THE_PERIOD, included=included)
    final = rules.final_nanos(pico, split=split, discount_bp=period.terms.overage_discount_bp)
    return Outcome(
        request_id=None,
        status=OutcomeStatus.UNPRICED if price is None else OutcomeStatus.ACCEPTED,
        cost_nanos=None if price is None else cost_nanos,
        final_nanos=None if price is None else final,
        quota_tokens=split.quota_tokens,
        extra_tokens=split.extra_tokens,
        overage_tokens=split.overage_tokens,
    )


def _period(account: Account, moment: datetime, *, now: datetime, grace: timedelta) -> PeriodView:
    """Return the period that held the moment if its month is open, else the current one."""
    periods = subscriptions.periods_until_now(account.id, since=moment, now=now, grace=grace)
    month = str(BillingMonth.of(moment))
    closed = recording.closed_months({account.id}, months={month})
    if closed.billing_month(account.id, moment, now=now) != month:
        return periods[-1]
    return next((p for p in reversed(periods) if p.starts_at <= moment), periods[-1])
