"""Questions across subjects. Reads only."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

from sqlalchemy import ColumnElement, ScalarSelect, cast, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from app.domain.accounts import queries as accounts
from app.domain.accounts.models import Account, BillingSettings
from app.domain.catalog.models import PAY_AS_YOU_GO
from app.domain.invoices.models import CarriedAmount, Invoice
from app.domain.payments.models import Dispute, Payment
from app.domain.reporting.entitlements import CreditLimits, Position, credit_limit_minor
from app.domain.reporting.views import Debts, QuotaWatch, Stats
from app.domain.subscriptions import queries as subscriptions
from app.domain.subscriptions.queries import PeriodView
from app.domain.usage import queries as usage
from app.domain.usage.models import UsageCorrection, UsageMonthly
from app.foundation.database import Whole, session
from app.foundation.periods import BillingMonth

T = TypeVar("T")


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


def position(
    account: Account,
    chosen: BillingSettings,
    period: PeriodView,
    *,
    now: datetime,
    limits: CreditLimits,
) -> Position:
    """Return all that decides whether the account may go on."""
    owed = debts(account, now=now)
    return Position(
        is_suspended=account.suspended_at is not None,
        pays_as_he_goes=period.terms.plan_id == PAY_AS_YOU_GO,
        overage_enabled=chosen.overage_enabled,
        token_balance=period.tokens_remaining + account.extra_tokens,
        spend_limit_minor=chosen.spend_limit_minor,
        credit_limit_minor=credit_limit_minor(account.credit_limit_minor, owed, limits=limits),
        debts=owed,
    )


def debts(account: Account, *, now: datetime) -> Debts:
    """Return what the account owes and has paid: two statements, whatever it has done."""
    by_month = _usage_by_month(account)
    unpaid, overdue, oldest, number, carried, corrected, has_paid, is_contested = session.execute(
        select(
            _unpaid_sum(account),
            _unpaid_sum(account, Invoice.due_at <= now),
            _due_first(account, Invoice.due_at),
            _due_first(account, Invoice.invoice_number),
            *_waiting(account),
            exists().where(Payment.user_id == account.id, Payment.status == "settled"),
            exists().where(Dispute.user_id == account.id, Dispute.status == "open"),
        )
    ).one()
    unbilled = sum(month.final_nanos for month in by_month if not month.is_billed)
    running = str(BillingMonth.of(now))
    return Debts(
        unbilled_nanos=max(unbilled + (carried or 0) + (corrected or 0), 0),
        unpaid_minor=unpaid or 0,
        oldest_due_at=oldest,
        spent_nanos=sum(month.final_nanos for month in by_month if month.month == running),
        unpriced_tokens=sum(month.unpriced_tokens for month in by_month),
        has_paid=has_paid,
        has_open_dispute=is_contested,
        overdue_minor=overdue or 0,
        oldest_number=number,
    )


class _Month(NamedTuple):
    month: str
    final_nanos: int
    unpriced_tokens: int
    # Its usage stands on an invoice, is carried, or was forgiven.
    is_billed: bool


def _usage_by_month(account: Account) -> Sequence[_Month]:
    month = UsageMonthly.billing_month
    invoiced = exists().where(
        Invoice.user_id == account.id,
        Invoice.kind == "usage",
        Invoice.status != "draft",
        Invoice.billing_month == month,
    )
    carried = exists().where(
        CarriedAmount.user_id == account.id,
        CarriedAmount.kind == "usage",
        CarriedAmount.from_month == month,
    )
    statement = select(
        month,
        cast(func.sum(UsageMonthly.final_nanos), Whole),
        cast(func.sum(UsageMonthly.unpriced_tokens), Whole),
        or_(invoiced, carried),
    ).where(UsageMonthly.user_id == account.id)
    return [_Month(*row) for row in session.execute(statement.group_by(month))]


def _waiting(account: Account) -> tuple[ScalarSelect[int], ScalarSelect[int]]:
    """Return what the next invoice will carry besides its own month, in nano-USD."""
    carried = select(cast(func.sum(CarriedAmount.amount_nanos), Whole)).where(
        CarriedAmount.user_id == account.id,
        CarriedAmount.invoice_id.is_(None),
        CarriedAmount.forgiven_by.is_(None),
    )
    corrected = select(cast(func.sum(UsageCorrection.amount_nanos), Whole)).where(
        UsageCorrection.user_id == account.id, UsageCorrection.invoice_id.is_(None)
    )
    return carried.scalar_subquery(), corrected.scalar_subquery()


def _due_first(account: Account, figure: InstrumentedAttribute[T]) -> ScalarSelect[T]:
    """Return what stands in the unpaid invoice that is, or was, due first."""
    unpaid = select(figure).where(*_is_unpaid(account))
    return unpaid.order_by(Invoice.due_at, Invoice.id).limit(1).scalar_subquery()


def _unpaid_sum(account: Account, *conditions: ColumnElement[bool]) -> ScalarSelect[int]:
    due_minor = Invoice.final_minor - Invoice.credit_used_minor
    statement = select(cast(func.sum(due_minor), Whole))
    return statement.where(*_is_unpaid(account), *conditions).scalar_subquery()


def _is_unpaid(account: Account) -> tuple[ColumnElement[bool], ...]:
    # An unpaid renewal is no debt: it ends the plan with its grace, and the invoice with it.
    return (
        Invoice.user_id == account.id,
        Invoice.status == "issued",
        Invoice.kind != "subscription",
    )
