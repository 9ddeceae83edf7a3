"""The sums behind the operator's month, each in one statement or two. Reads only."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute

from app.domain.catalog.models import PAY_AS_YOU_GO
from app.domain.invoices.models import Invoice
from app.domain.payments.models import Dispute, Payment, Refund
from app.domain.subscriptions.models import SubscriptionPeriod
from app.domain.usage.models import BillingRecord, PrunedUsage, RecordStatus, UsageMonthly
from app.foundation.bulk import any_of
from app.foundation.database import Whole, session
from app.foundation.periods import BillingMonth


@dataclass(frozen=True, slots=True)
class UsageOf:
    """What some records come to."""

    record_count: int
    total_tokens: int
    final_nanos: int
    # Of the tokens, those of requests whose model has no price so far: they cost nothing yet.
    unpriced_tokens: int = 0

    def plus(self, other: "UsageOf") -> "UsageOf":
        """Return both together."""
        return UsageOf(
            self.record_count + other.record_count,
            self.total_tokens + other.total_tokens,
            self.final_nanos + other.final_nanos,
            self.unpriced_tokens + other.unpriced_tokens,
        )


@dataclass(frozen=True, slots=True)
class Invoiced:
    """What the invoices issued in a month say, in cents; void ones say nothing.

    Revenue is net: lines less discounts, before tax. Discounts and tax are those of all kinds.
    """

    subscription_minor_by_plan: Mapping[str, int]
    topup_minor: int
    discount_minor: int
    tax_minor: int

    @property
    def subscription_minor(self) -> int:
        """Return what plans came to."""
        return sum(self.subscription_minor_by_plan.values())


@dataclass(frozen=True, slots=True)
class Moved:
    """The money that moved in a month, in cents.

    Received is every settled payment, even one that had nothing left to pay. Refunds count when
    the provider has settled them, disputes when they are lost.
    """

    received_minor: int
    refunded_minor: int
    disputed_minor: int

    @property
    def collected_minor(self) -> int:
        """Return what stayed with us of the month's movements; negative if more went back."""
        return self.received_minor - self.refunded_minor - self.disputed_minor


def usage_by_model(month: BillingMonth) -> dict[str, UsageOf]:
    """Return each model's usage that is billed to the month."""
    rolled = UsageMonthly
    statement = (
        select(rolled.model, *_rolled_sums(rolled), cast(func.sum(rolled.unpriced_tokens), Whole))
        .where(rolled.billing_month == str(month))
        .group_by(rolled.model)
    )
    return {model: UsageOf(*used) for model, *used in session.execute(statement)}


def revenue_by_month(first: BillingMonth, last: BillingMonth) -> dict[tuple[str, str], int]:
    """Return what usage cost by billing month and model, from the first month to the last."""
    rolled = UsageMonthly
    statement = (
        select(rolled.billing_month, rolled.model, cast(func.sum(rolled.final_nanos), Whole))
        .where(rolled.billing_month.between(str(first), str(last)))
        .group_by(rolled.billing_month, rolled.model)
    )
    return {(month, model): nanos for month, model, nanos in session.execute(statement)}


def usage_by_plan(month: BillingMonth) -> dict[str, UsageOf]:
    """Return the usage that is billed to the month by the plan of the period it drew from."""
    plans = _plans_of_accounts()
    rolled = UsageMonthly
    # Nearly every account only ever had one plan: then its rollups say all.
    settled = (
        select(plans.c.plan_id, *_rolled_sums(rolled))
        .join(plans, plans.c.user_id == rolled.user_id)
        .where(rolled.billing_month == str(month), plans.c.plans == 1)
        .group_by(plans.c.plan_id)
    )
    usage: dict[str, UsageOf] = defaultdict(lambda: UsageOf(0, 0, 0))
    rolled_up = session.execute(union_all(settled, _pruned_of_switchers(month, plans)))
    for plan_id, *used in [*rolled_up, *_usage_of_switchers(month, plans)]:
        usage[plan_id] = usage[plan_id].plus(UsageOf(*used))
    return usage


def _pruned_of_switchers(month: BillingMonth, plans: Subquery) -> Select[str, int, int, int]:
    """Return the sums that are left, by period, of records that were kept long enough."""
    pruned, period = PrunedUsage, SubscriptionPeriod
    return (
        select(period.plan_id, *_rolled_sums(pruned))
        .join(period, period.id == pruned.period_id)
        .join(plans, plans.c.user_id == pruned.user_id)
        .where(pruned.billing_month == str(month), plans.c.plans > 1)
        .group_by(period.plan_id)
    )


def _usage_of_switchers(month: BillingMonth, plans: Subquery) -> Sequence[Any]:
    """Return the same of the accounts that had several plans, from their records."""
    rolled, record, period = UsageMonthly, BillingRecord, SubscriptionPeriod
    begun = (
        select(rolled.user_id, func.min(rolled.occurred_month))
        .join(plans, plans.c.user_id == rolled.user_id)
        .where(rolled.billing_month == str(month), plans.c.plans > 1)
        .group_by(rolled.user_id)
    )
    first = {user_id: occurred_month for user_id, occurred_month in session.execute(begun)}
    if not first:
        return []
    # What came late occurred in months before; nothing is billed before it occurred.
    since = BillingMonth.parse(min(first.values())).period.starts_at
    statement = (
        select(
            period.plan_id,
            func.count(),
            cast(func.sum(record.total_tokens), Whole),
            cast(func.sum(record.final_nanos), Whole),
        )
        .join(period, period.id == record.period_id)
        .where(any_of(record.user_id, list(first)), record.billing_month == str(month))
        .where(record.occurred_at >= since, record.occurred_at < month.period.ends_at)
        .where(record.status != RecordStatus.VOIDED)
        .group_by(period.plan_id)
    )
    return session.execute(statement).all()


def invoiced(month: BillingMonth) -> Invoiced:
    """Return what the invoices that were issued in the month, and are not void, come to."""
    invoice, period = Invoice, SubscriptionPeriod
    plan_id = func.coalesce(invoice.plan_id, period.plan_id, literal(PAY_AS_YOU_GO))
    sums = (
        cast(func.sum(invoice.amount_minor - invoice.discount_minor), Whole),
        cast(func.sum(invoice.discount_minor), Whole),
        cast(func.sum(invoice.tax_minor), Whole),
    )
    statement = (
        select(invoice.kind, plan_id, *sums)
        .outerjoin(period, period.id == invoice.period_id)
        .where(_within(month, invoice.issued_at), invoice.status != "void")
        .group_by(invoice.kind, plan_id)
    )
    rows = session.execute(statement).all()
    of_plans: dict[str, int] = defaultdict(int)
    for kind, plan, net_minor, _discount, _tax in rows:
        if kind == "subscription":
            of_plans[plan] += net_minor
    return Invoiced(
        subscription_minor_by_plan=of_plans,
        topup_minor=sum(row[2] for row in rows if row.kind == "topup"),
        discount_minor=sum(row[3] for row in rows),
        tax_minor=sum(row[4] for row in rows),
    )


def moved_and_outstanding(month: BillingMonth, *, moment: datetime) -> tuple[Moved, int]:
    """Return the payments, refunds and lost disputes that were settled in the month.

    And what was issued before a moment and neither paid nor void at it; one statement for all.
    """
    # A settled refund is never written again, so its last change is when it was settled.
    parts = (
        _sum_of(Payment.amount_minor, Payment.settled_at, month, Payment.status == "settled"),
        _sum_of(Refund.amount_minor, Refund.updated_at, month, Refund.status == "settled"),
        _sum_of(Dispute.amount_minor, Dispute.decided_at, month, Dispute.status == "lost"),
        _outstanding(moment),
    )
    rows: Iterable[Any] = session.execute(union_all(*parts))
    minor: dict[str, int] = {table: summed or 0 for table, summed in rows}
    return Moved(minor["payments"], minor["refunds"], minor["disputes"]), minor["invoices"]


def _outstanding(moment: datetime) -> Select[str, int]:
    invoice = Invoice
    unpaid = cast(func.sum(invoice.final_minor - invoice.credit_used_minor), Whole)
    return select(literal(invoice.__tablename__), unpaid).where(
        invoice.issued_at < moment,
        or_(invoice.paid_at.is_(None), invoice.paid_at >= moment),
        or_(invoice.voided_at.is_(None), invoice.voided_at >= moment),
    )


def new_and_lost(month: BillingMonth) -> tuple[dict[str, int], dict[str, int]]:
    """Return by plan how many accounts came from paying as they go, and went back to it.

    Who goes from one plan to another neither comes nor goes. Operators and everybody's first
    period, which is pay as you go, count nowhere.
    """
    period = SubscriptionPeriod
    within = month.period
    before = func.lag(period.plan_id).over(partition_by=period.user_id, order_by=period.starts_at)
    # The period before one that starts in the month ends there, and so is among these.
    chain = (
        select(period.plan_id, period.starts_at, func.coalesce(before, PAY_AS_YOU_GO).label("left"))
        .where(period.ends_at >= within.starts_at, period.starts_at < within.ends_at)
        .subquery()
    )
    came = and_(chain.c.left == PAY_AS_YOU_GO, chain.c.plan_id != PAY_AS_YOU_GO)
    went = and_(chain.c.left != PAY_AS_YOU_GO, chain.c.plan_id == PAY_AS_YOU_GO)
    plan_id = case((came, chain.c.plan_id), else_=chain.c.left)
    statement = (
        select(plan_id, func.count().filter(came), func.count().filter(went))
        .where(chain.c.starts_at >= within.starts_at, or_(came, went))
        .group_by(plan_id)
    )
    counted = session.execute(statement).all()
    return (
        {plan: new for plan, new, _lost in counted if new},
        {plan: lost for plan, _new, lost in counted if lost},
    )


def _rolled_sums(
    rollup: type[UsageMonthly | PrunedUsage],
) -> tuple[ColumnElement[int], ColumnElement[int], ColumnElement[int]]:
    columns = (rollup.requests, rollup.total_tokens, rollup.final_nanos)
    requests, tokens, final = (cast(func.sum(column), Whole) for column in columns)
    return requests, tokens, final


def _plans_of_accounts() -> Subquery:
    """Return each account with one of the plans it ever had, and how many those are."""
    period = SubscriptionPeriod
    one, plans = func.min(period.plan_id), func.count(period.plan_id.distinct())
    statement = select(period.user_id, one.label("plan_id"), plans.label("plans"))
    return statement.group_by(period.user_id).subquery()


def _sum_of(
    amount: InstrumentedAttribute[int], moment: Any, month: BillingMonth, condition: Any
) -> Select[Any]:
    table = literal(amount.class_.__tablename__)
    return select(table, cast(func.sum(amount), Whole)).where(_within(month, moment), condition)


def _within(month: BillingMonth, moment: Any) -> ColumnElement[bool]:
    return and_(moment >= month.period.starts_at, moment < month.period.ends_at)
