"""Estimate usage: what a request would cost and who would pay for it, if it were posted now."""

from datetime import datetime, timedelta

from app.domain.accounts.models import Account
from app.domain.catalog import queries as catalog
from app.domain.subscriptions import queries as subscriptions
from app.domain.usage import rules
from app.domain.usage.reports import Outcome, OutcomeStatus, UsageReport
from app.foundation import money
from app.foundation.errors import Refusal

# Splitting asks which period pays; here there is only the current one, row or not.
CURRENT = 0


def estimate_usage(
    report: UsageReport, account: Account, *, now: datetime, grace: timedelta
) -> Outcome:
    """Return what posting the report now would answer, and change nothing. Raises Refusal."""
    fault = rules.find_fault(report, now=now)
    if fault is not None:
        raise Refusal(fault.code, fault.detail, fields=[fault])
    period = subscriptions.current_period(account.id, now=now, grace=grace)
    price = catalog.price_book({report.model}).find_price_at(report.model, now)
    allowance = rules.Allowance(
        account.extra_tokens, account.granted_tokens, {CURRENT: period.tokens_remaining}
    )
    included = price is None or price.included_in_plans
    split = rules.split(allowance, report.total_tokens, period_id=CURRENT, included=included)
    pico = rules.pico_of(report, price)
    final = rules.final_nanos(pico, split=split, discount_bp=period.terms.overage_discount_bp)
    return Outcome(
        request_id=None,
        status=OutcomeStatus.UNPRICED if price is None else OutcomeStatus.ACCEPTED,
        cost_nanos=None if price is None else money.token_cost_nanos(pico),
        final_nanos=None if price is None else final,
        quota_tokens=split.quota_tokens,
        extra_tokens=split.extra_tokens,
        overage_tokens=split.overage_tokens,
    )
