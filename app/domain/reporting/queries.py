"""Questions across subjects. Reads only."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import (
    ColumnElement,
    Row,
    ScalarSelect,
    Select,
    cast,
    exists,
    func,
    or_,
    select,
    true,
)
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
from app.domain.usage.series import SUMS
from app.domain.usage.views import Sums
from app.foundation.database import Whole, session
from app.foundation.periods import BillingMonth

T = TypeVar("T")
# What of usage debts depend on.
DEBT_SUMS = ("unpriced_tokens", "final_nanos")
NO_RENEWAL = Invoice.kind != "subscription"


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
    return position_with(debts(account, now=now), account, chosen, period, limits=limits)


def position_with(
    owed: Debts,
    account: Account,
    chosen: BillingSettings,
    period: PeriodView,
    *,
    limits: CreditLimits,
) -> Position:
    """Return the same for whoever has read what the account owes."""
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
    """Return what the account owes and has paid: one statement, whatever it has done."""
    owed, months = _owed_and_used(account, DEBT_SUMS, now=now)
    return _debts(owed, months, now=now)


def debts_and_usage(account: Account, *, now: datetime) -> tuple[Debts, Sums, Sums]:
    """Return the same, what was used in the running month, and all that was ever used.

    Usage goes by its occurrence. One statement for all of it.
    """
    owed, months = _owed_and_used(account, SUMS, now=now)
    running = str(BillingMonth.of(now))
    this_month = (month.sums for month in months if month.occurred_month == running)
    ever = (month.sums for month in months)
    return _debts(owed, months, now=now), usage.total_of(this_month), usage.total_of(ever)


class _Month(NamedTuple):
    billing_month: str
    occurred_month: str
    # Its usage stands on an invoice, is carried, or was forgiven.
    is_billed: bool
    # Of what was asked for; the others are 0.
    sums: Sums


def _debts(owed: Row[Any], months: Sequence[_Month], *, now: datetime) -> Debts:
    unbilled = sum(month.sums.final_nanos for month in months if not month.is_billed)
    running = str(BillingMonth.of(now))
    spent = (month.sums.final_nanos for month in months if month.billing_month == running)
    return Debts(
        unbilled_nanos=max(unbilled + (owed.carried or 0) + (owed.corrected or 0), 0),
        unpaid_minor=owed.unpaid or 0,
        oldest_due_at=owed.oldest_due_at,
        spent_nanos=sum(spent),
        unpriced_tokens=sum(month.sums.unpriced_tokens for month in months),
        has_paid=owed.has_paid,
        has_open_dispute=owed.is_contested,
        overdue_minor=owed.overdue or 0,
        oldest_number=owed.oldest_number,
        issued_minor=owed.issued or 0,
    )


def _owed_and_used(
    account: Account, names: Sequence[str], *, now: datetime
) -> tuple[Row[Any], Sequence[_Month]]:
    """Return what stands against the account, and these sums of each month it was used in."""
    owed = _owed(account, now=now).subquery("owed")
    used = _used_by_month(account, names).subquery("used")
    # Who has used nothing owes something all the same.
    rows = session.execute(select(owed, used).select_from(owed.outerjoin(used, true()))).all()
    return rows[0], [
        _Month(
            row.billing_month,
            row.occurred_month,
            row.is_billed,
            Sums(**{name: getattr(row, name) for name in names}),
        )
        for row in rows
        if row.billing_month is not None
    ]


def _owed(account: Account, *, now: datetime) -> Select[*tuple[Any, ...]]:
    carried, corrected = _waiting(account)
    paid = exists().where(Payment.user_id == account.id, Payment.status == "settled")
    contested = exists().where(Dispute.user_id == account.id, Dispute.status == "open")
    return select(
        _sum_of(account).label("issued"),
        # An unpaid renewal is no debt: it ends the plan with its grace, and the invoice with it.
        _sum_of(account, NO_RENEWAL).label("unpaid"),
        _sum_of(account, NO_RENEWAL, Invoice.due_at <= now).label("overdue"),
        _due_first(account, Invoice.due_at).label("oldest_due_at"),
        _due_first(account, Invoice.invoice_number).label("oldest_number"),
        carried.label("carried"),
        corrected.label("corrected"),
        paid.label("has_paid"),
        contested.label("is_contested"),
    )


def _used_by_month(account: Account, names: Sequence[str]) -> Select[*tuple[Any, ...]]:
    rolled, month = UsageMonthly, UsageMonthly.billing_month
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
    sums = (cast(func.sum(getattr(rolled, name)), Whole).label(name) for name in names)
    columns = month, rolled.occurred_month, or_(invoiced, carried).label("is_billed")
    ours = select(*columns, *sums).where(rolled.user_id == account.id)
    return ours.group_by(month, rolled.occurred_month)


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
    unpaid = select(figure).where(*_is_unpaid(account), NO_RENEWAL)
    return unpaid.order_by(Invoice.due_at, Invoice.id).limit(1).scalar_subquery()


def _sum_of(account: Account, *conditions: ColumnElement[bool]) -> ScalarSelect[int]:
    due_minor = Invoice.final_minor - Invoice.credit_used_minor
    statement = select(cast(func.sum(due_minor), Whole))
    return statement.where(*_is_unpaid(account), *conditions).scalar_subquery()


def _is_unpaid(account: Account) -> tuple[ColumnElement[bool], ...]:
    return Invoice.user_id == account.id, Invoice.status == "issued"
