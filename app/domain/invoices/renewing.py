"""What renewals need to know: whose periods ended, which began unpaid, which have expired."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from app.domain.invoices import rules
from app.domain.invoices.models import CarriedAmount, Invoice
from app.domain.invoices.rules import InvoiceStatus, Line
from app.domain.subscriptions.models import SubscriptionPeriod
from app.foundation.bulk import any_of
from app.foundation.database import session


def due_accounts(*, now: datetime, limit: int) -> Sequence[str]:
    """Return the accounts whose period has ended, is not invoiced, or has expired unpaid."""
    period = SubscriptionPeriod
    ends = func.coalesce(period.grace_ends_at, period.ends_at)
    ended = select(period.user_id).where(period.is_current, ends <= now)
    uninvoiced = select(period.user_id).where(*_uninvoiced(now=now))
    expired = (
        select(Invoice.user_id).join(period, period.id == Invoice.period_id).where(*_expired())
    )
    user_ids: set[str] = set()
    for found in (ended, uninvoiced, expired):
        user_ids.update(session.scalars(found.order_by(period.user_id).limit(limit)))
    return sorted(user_ids)[:limit]


def uninvoiced_periods(user_ids: Collection[str], *, now: datetime) -> Sequence[SubscriptionPeriod]:
    """Return the accounts' running periods that wait to be paid and have no invoice."""
    owed = select(SubscriptionPeriod).where(
        any_of(SubscriptionPeriod.user_id, user_ids), *_uninvoiced(now=now)
    )
    fresh = owed.execution_options(populate_existing=True)
    return session.scalars(fresh.order_by(SubscriptionPeriod.user_id)).all()


def expired_invoices(user_ids: Collection[str]) -> Sequence[tuple[Invoice, str]]:
    """Return the unpaid invoices of periods that expired, each with its plan."""
    statement = (
        select(Invoice, SubscriptionPeriod.plan_id)
        .join(SubscriptionPeriod, SubscriptionPeriod.id == Invoice.period_id)
        .where(any_of(Invoice.user_id, user_ids), *_expired())
        .with_for_update(of=Invoice)
    )
    return [(invoice, plan_id) for invoice, plan_id in session.execute(statement)]


def small_amounts(user_ids: Collection[str]) -> Mapping[str, Sequence[Line]]:
    """Return the lines of what earlier plan invoices were too small to ask for."""
    statement = select(CarriedAmount).where(
        any_of(CarriedAmount.user_id, user_ids),
        CarriedAmount.kind == "other",
        CarriedAmount.invoice_id.is_(None),
        CarriedAmount.forgiven_by.is_(None),
    )
    lines: dict[str, list[Line]] = defaultdict(list)
    for row in session.scalars(statement.order_by(CarriedAmount.id)):
        lines[row.user_id].append(rules.carried_line(row.from_month, nanos=row.amount_nanos))
    return lines


def _uninvoiced(*, now: datetime) -> tuple[ColumnElement[bool], ...]:
    period = SubscriptionPeriod
    invoiced = select(Invoice.id).where(
        Invoice.period_id == period.id, Invoice.status != InvoiceStatus.DRAFT
    )
    return (
        period.is_current.is_(True),
        period.price_minor > 0,
        period.grace_ends_at > now,
        ~invoiced.exists(),
    )


def _expired() -> tuple[ColumnElement[bool], ...]:
    period = SubscriptionPeriod
    return (
        Invoice.status == InvoiceStatus.ISSUED,
        period.is_current.is_(False),
        period.grace_ends_at.is_not(None),
    )
