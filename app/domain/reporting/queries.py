"""Questions across subjects. Reads only."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import cast, exists, func, select, union, union_all

from app.domain.accounts import queries as accounts
from app.domain.accounts.models import Account
from app.domain.invoices.models import CarriedAmount, Invoice
from app.domain.payments.models import Dispute, Payment
from app.domain.reporting.views import Debts, QuotaWatch, Stats
from app.domain.subscriptions import queries as subscriptions
from app.domain.usage import queries as usage
from app.domain.usage.models import UsageCorrection, UsageMonthly
from app.foundation.database import Whole, session
from app.foundation.periods import BillingMonth


def stats(account: Account, *, now: datetime, grace: timedelta) -> Stats:
    """Return the account's figures."""
    month = usage.month_to_date(account, month=BillingMonth.of(now))
    total = usage.all_time(account)
    period = subscriptions.current_period(account.id, now=now, grace=grace)
    return Stats(
        month_cost_nanos=month.final_nanos,
        month_tokens=month.total_tokens,
        total_cost_nanos=total.final_nanos,
        unpriced_tokens=total.unpriced_tokens,
        plan_id=period.terms.plan_id,
        period_starts_at=period.starts_at,
        period_ends_at=period.ends_at,
        tokens_quota=period.quota,
        tokens_used=period.tokens_used,
        quota_tokens_used=period.quota_tokens_used,
        extra_tokens=account.extra_tokens,
    )


def quota_watch(account: Account, *, now: datetime, grace: timedelta) -> QuotaWatch:
    """Return how far the token balance is from the customer's threshold."""
    period = subscriptions.current_period(account.id, now=now, grace=grace)
    return QuotaWatch(
        has_quota=period.quota > 0,
        tokens_remaining=period.tokens_remaining,
        extra_tokens=account.extra_tokens,
        alert_threshold=accounts.settings_of(account).alert_threshold,
    )


def debts(account: Account, *, now: datetime) -> Debts:
    """Return what the account owes and has paid."""
    unpaid_minor, oldest_due_at = _unpaid(account)
    by_month = _usage_by_month(account)
    billed = _billed_months(account)
    unbilled = sum(nanos for month, nanos, _unpriced in by_month if month not in billed)
    has_paid, has_open_dispute = _payment_history(account)
    running = str(BillingMonth.of(now))
    return Debts(
        unbilled_nanos=max(unbilled + _waiting(account), 0),
        unpaid_minor=unpaid_minor,
        oldest_due_at=oldest_due_at,
        spent_nanos=sum(nanos for month, nanos, _unpriced in by_month if month == running),
        unpriced_tokens=sum(unpriced for _month, _nanos, unpriced in by_month),
        has_paid=has_paid,
        has_open_dispute=has_open_dispute,
    )


def _usage_by_month(account: Account) -> Sequence[tuple[str, int, int]]:
    """Return billing month, final cost and unpriced tokens of each month."""
    statement = select(
        UsageMonthly.billing_month,
        cast(func.sum(UsageMonthly.final_nanos), Whole),
        cast(func.sum(UsageMonthly.unpriced_tokens), Whole),
    ).where(UsageMonthly.user_id == account.id)
    rows = session.execute(statement.group_by(UsageMonthly.billing_month))
    return [(month, nanos, unpriced) for month, nanos, unpriced in rows]


def _billed_months(account: Account) -> set[str]:
    """Return the months whose usage stands on an invoice, is carried, or was forgiven."""
    invoiced = select(Invoice.billing_month).where(
        Invoice.user_id == account.id, Invoice.kind == "usage", Invoice.status != "draft"
    )
    carried = select(CarriedAmount.from_month).where(
        CarriedAmount.user_id == account.id, CarriedAmount.kind == "usage"
    )
    return set(session.scalars(union(invoiced, carried)))


def _waiting(account: Account) -> int:
    """Return what the next invoice will carry besides its own month, in nano-USD."""
    carried = select(CarriedAmount.amount_nanos).where(
        CarriedAmount.user_id == account.id,
        CarriedAmount.invoice_id.is_(None),
        CarriedAmount.forgiven_by.is_(None),
    )
    corrected = select(UsageCorrection.amount_nanos).where(
        UsageCorrection.user_id == account.id, UsageCorrection.invoice_id.is_(None)
    )
    return sum(session.scalars(union_all(carried, corrected)))


def _unpaid(account: Account) -> tuple[int, datetime | None]:
    """Return the sum of unpaid invoices, and when the first of them was due."""
    # An unpaid renewal is no debt: it ends the plan with its grace, and the invoice with it.
    statement = select(
        cast(func.sum(Invoice.final_minor - Invoice.credit_used_minor), Whole),
        func.min(Invoice.due_at),
    ).where(
        Invoice.user_id == account.id, Invoice.status == "issued", Invoice.kind != "subscription"
    )
    unpaid_minor, oldest_due_at = session.execute(statement).one()
    return unpaid_minor or 0, oldest_due_at


def _payment_history(account: Account) -> tuple[bool, bool]:
    """Return whether a payment was ever settled, and whether one is contested now."""
    settled = exists().where(Payment.user_id == account.id, Payment.status == "settled")
    contested = exists().where(Dispute.user_id == account.id, Dispute.status == "open")
    has_paid, has_open_dispute = session.execute(select(settled, contested)).one()
    return has_paid, has_open_dispute
