"""Verify the books: every sum that is kept twice must be the same twice.

Each check asks the database for the rows in which two figures that must agree do not. The
numbers are those of the list of invariants in the book of rules.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Subquery, and_, func, or_, select, union_all
from sqlalchemy.orm import InstrumentedAttribute

from app.domain.accounts.models import Account
from app.domain.catalog.models import ModelPrice
from app.domain.coupons.models import Coupon, CouponUsage
from app.domain.invoices.models import CreditEntry, Invoice
from app.domain.payments.inbox import FOLLOW_UP_EVENT, WAITING
from app.domain.payments.models import Payment, ProviderEvent, Refund
from app.domain.subscriptions.models import SubscriptionPeriod
from app.domain.tokens.models import TokenEntry
from app.domain.usage.models import (
    BillingRecord,
    RecordStatus,
    UsageDaily,
    UsageHourly,
    UsageMonthly,
)
from app.foundation.database import session
from app.foundation.outbox import OutboxEntry

# A broken book is told by its first lines; a thousand of them say no more.
LINES_PER_CHECK_MAX = 20
# What records and rollups have in common by name; the rest of a rollup is worked out below.
SHARED_SUMS = (
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "quota_tokens",
    "extra_tokens",
    "overage_tokens",
    "cost_nanos",
    "final_nanos",
)
Keys = Sequence[InstrumentedAttribute[Any]]
Lines = Iterator[str]


def verify_books() -> list[str]:
    """Return one line per broken invariant, naming the rows; none if the books are right."""
    checks = (
        _hourly,
        _daily,
        _monthly,
        _records_in_own_period,
        _periods_counted,
        _token_balances,
        _credit_balances,
        _paid_invoices,
        _settled_payments,
        _refunds_counted,
        _coupons_counted,
        _one_current_period,
        _periods_without_gaps,
        _waiting_events,
        _prices_without_gaps,
    )
    return [line for check in checks for line in check()]


def _hourly() -> Lines:
    """1: records are their hours, by account."""
    yield from _rollup(UsageHourly, [BillingRecord.user_id], [UsageHourly.user_id])


def _daily() -> Lines:
    """1: records are their days, by account."""
    yield from _rollup(UsageDaily, [BillingRecord.user_id], [UsageDaily.user_id])


def _monthly() -> Lines:
    """1: records are their billing months, by account and month."""
    yield from _rollup(
        UsageMonthly,
        [BillingRecord.user_id, BillingRecord.billing_month],
        [UsageMonthly.user_id, UsageMonthly.billing_month],
    )


def _rollup(rollup: type[Any], record_keys: Keys, rollup_keys: Keys) -> Lines:
    unpriced = func.sum(BillingRecord.total_tokens).filter(
        BillingRecord.status == RecordStatus.UNPRICED
    )
    records = (
        select(
            *record_keys,
            func.count().label("requests"),
            func.coalesce(unpriced, 0).label("unpriced_tokens"),
            *(func.sum(getattr(BillingRecord, name)).label(name) for name in SHARED_SUMS),
        )
        .where(BillingRecord.status != RecordStatus.VOIDED)
        .group_by(*record_keys)
    )
    names = ("requests", "unpriced_tokens", *SHARED_SUMS)
    taken_off = (-func.sum(getattr(rollup, name)) for name in names)
    rolled = select(*rollup_keys, *taken_off).group_by(*rollup_keys)
    both = union_all(records, rolled).subquery()
    keys = [both.c[key.key] for key in record_keys]
    left = [func.sum(both.c[name]) for name in names]
    differing = select(*keys, *left).group_by(*keys).having(or_(*(sums != 0 for sums in left)))
    for row in _some(differing):
        place, off = row[: len(keys)], row[len(keys) :]
        wrong = {name: int(sums) for name, sums in zip(names, off, strict=True) if sums}
        yield f"records less {rollup.__tablename__} of {' '.join(place)} leave {wrong}"


def _records_in_own_period() -> Lines:
    """2: a record draws only from a period of its own account."""
    strangers = (
        select(BillingRecord.request_id, SubscriptionPeriod.id)
        .join(SubscriptionPeriod, SubscriptionPeriod.id == BillingRecord.period_id)
        .where(SubscriptionPeriod.user_id != BillingRecord.user_id)
    )
    for request_id, period_id in _some(strangers):
        yield f"record {request_id} draws from period {period_id} of another account"


def _periods_counted() -> Lines:
    """3: a period's counters are the sums of its records."""
    counted = BillingRecord.status != RecordStatus.VOIDED
    records = (
        select(
            BillingRecord.period_id,
            func.sum(BillingRecord.total_tokens).label("used"),
            func.sum(BillingRecord.quota_tokens).label("of_quota"),
        )
        .where(counted)
        .group_by(BillingRecord.period_id)
        .subquery()
    )
    used, of_quota = func.coalesce(records.c.used, 0), func.coalesce(records.c.of_quota, 0)
    period = SubscriptionPeriod
    wrong = (
        select(period.id, period.user_id, period.tokens_used, used)
        .add_columns(period.quota_tokens_used, of_quota)
        .outerjoin(records, records.c.period_id == period.id)
        .where(or_(period.tokens_used != used, period.quota_tokens_used != of_quota))
    )
    for period_id, user_id, tokens, summed, quota, quota_summed in _some(wrong):
        yield (
            f"period {period_id} of {user_id} counts {tokens} tokens, {quota} of quota; "
            f"its records sum to {summed}, {quota_summed}"
        )


def _token_balances() -> Lines:
    """4: the balance of extra tokens, and of granted ones, is the sum of the ledger."""
    entries = _ledger(TokenEntry.user_id, TokenEntry.tokens, TokenEntry.granted_tokens)
    for user_id, *figures in _unbalanced(entries, Account.extra_tokens, Account.granted_tokens):
        told = [int(figure) for figure in figures]
        yield f"extra and granted tokens of {user_id} and their ledger differ: {told}"


def _credit_balances() -> Lines:
    """4: the account credit is the sum of its ledger."""
    entries = _ledger(CreditEntry.user_id, CreditEntry.amount_minor)
    for user_id, *figures in _unbalanced(entries, Account.credit_minor):
        told = [int(figure) for figure in figures]
        yield f"credit of {user_id} and its ledger differ: {told}"


def _ledger(user_id: InstrumentedAttribute[str], *amounts: InstrumentedAttribute[int]) -> Subquery:
    sums = (func.sum(amount).label(amount.key) for amount in amounts)
    return select(user_id, *sums).group_by(user_id).subquery()


def _unbalanced(ledger: Subquery, *balances: InstrumentedAttribute[int]) -> Sequence[Any]:
    sums = [func.coalesce(column, 0) for column in ledger.c if column.key != "user_id"]
    differ = or_(*(kept != summed for kept, summed in zip(balances, sums, strict=True)))
    joined = select(Account.id, *balances, *sums).outerjoin(ledger, ledger.c.user_id == Account.id)
    return _some(joined.where(differ))


def _paid_invoices() -> Lines:
    """6: a paid invoice has settled payments and credit of exactly its amount."""
    settled = select(Payment.invoice_id, func.sum(Payment.amount_minor).label("minor"))
    settled = settled.where(Payment.status == "settled", ~Payment.is_overpayment)
    paid = settled.group_by(Payment.invoice_id).subquery()
    came_in = func.coalesce(paid.c.minor, 0) + Invoice.credit_used_minor
    wrong = (
        select(Invoice.public_id, Invoice.user_id, Invoice.final_minor, came_in)
        .outerjoin(paid, paid.c.invoice_id == Invoice.id)
        .where(Invoice.paid_at.is_not(None), came_in != Invoice.final_minor)
    )
    for public_id, user_id, final_minor, minor in _some(wrong):
        yield f"invoice {public_id} of {user_id} is paid: {final_minor} cents asked, {minor} came"


def _settled_payments() -> Lines:
    """6: a settled payment has paid its invoice, or is told as an overpayment."""
    without_effect = (
        select(Payment.public_id, Payment.user_id, Invoice.public_id, Invoice.status)
        .join(Invoice, Invoice.id == Payment.invoice_id)
        .where(Payment.status == "settled", ~Payment.is_overpayment, Invoice.paid_at.is_(None))
    )
    for payment_id, user_id, invoice_id, status in _some(without_effect):
        yield f"payment {payment_id} of {user_id} is settled, its invoice {invoice_id} is {status}"


def _refunds_counted() -> Lines:
    """6: what was given back of a payment is the sum of its settled refunds."""
    settled = select(Refund.payment_id, func.sum(Refund.amount_minor).label("minor"))
    settled = settled.where(Refund.status == "settled")
    given = settled.group_by(Refund.payment_id).subquery()
    minor = func.coalesce(given.c.minor, 0)
    wrong = (
        select(Payment.public_id, Payment.user_id, Payment.refunded_minor, minor)
        .outerjoin(given, given.c.payment_id == Payment.id)
        .where(Payment.refunded_minor != minor)
    )
    for public_id, user_id, counted, refunded in _some(wrong):
        yield f"payment {public_id} of {user_id} gave back {counted} cents, refunds {refunded}"


def _waiting_events() -> Lines:
    """10: a provider's event that waits is promised a next try."""
    event = OutboxEntry.payload["event"].as_integer()
    promised = select(event).where(
        OutboxEntry.kind == FOLLOW_UP_EVENT, OutboxEntry.done_at.is_(None)
    )
    forgotten = select(ProviderEvent.provider, ProviderEvent.event_id).where(
        ProviderEvent.status == WAITING, ProviderEvent.id.not_in(promised)
    )
    for provider, event_id in _some(forgotten):
        yield f"event {event_id} of {provider} waits, and nobody will look into it"


def _coupons_counted() -> Lines:
    """7: a coupon's count is the number of its redemptions."""
    used = select(CouponUsage.coupon_id, func.count().label("used"))
    counted = used.group_by(CouponUsage.coupon_id).subquery()
    redemptions = func.coalesce(counted.c.used, 0)
    wrong = select(Coupon.code, Coupon.used_count, redemptions).outerjoin(
        counted, counted.c.coupon_id == Coupon.id
    )
    for code, used_count, redeemed in _some(wrong.where(Coupon.used_count != redemptions)):
        yield f"coupon {code} counts {used_count} uses and has {redeemed} redemptions"


def _one_current_period() -> Lines:
    """9: every account has exactly one current period."""
    current = select(SubscriptionPeriod.user_id).where(SubscriptionPeriod.is_current)
    for (user_id,) in _some(select(Account.id).where(Account.id.not_in(current))):
        yield f"account {user_id} has no current period"


def _periods_without_gaps() -> Lines:
    """9: an account's periods follow one another without overlap or gap."""
    period = SubscriptionPeriod
    for user_id, starts_at, before in _broken_chain(
        period.user_id, starts=period.starts_at, ends=period.ends_at
    ):
        yield f"periods of {user_id}: one ends at {before}, the next starts at {starts_at}"


def _prices_without_gaps() -> Lines:
    """A model's prices in force follow one another without overlap or gap."""
    price = ModelPrice
    for model, starts_at, before in _broken_chain(
        price.model_id,
        starts=price.effective_from,
        ends=price.effective_to,
        where=price.replaced_at.is_(None),
    ):
        yield f"prices of {model}: one ends at {before}, the next starts at {starts_at}"


def _broken_chain(
    owner: InstrumentedAttribute[str],
    *,
    starts: InstrumentedAttribute[Any],
    ends: InstrumentedAttribute[Any],
    where: Any = True,
) -> Sequence[Any]:
    before = func.lag(ends).over(partition_by=owner, order_by=starts)
    number = func.row_number().over(partition_by=owner, order_by=starts)
    columns = select(owner, starts, before.label("before"), number.label("number"))
    chain = columns.where(where).subquery()
    started = chain.c[starts.key]
    follows = and_(chain.c.before.is_not(None), chain.c.before == started)
    broken = select(chain.c[owner.key], started, chain.c.before)
    return _some(broken.where(chain.c.number > 1, ~follows))


def _some(statement: Any) -> Sequence[Any]:
    return session.execute(statement.limit(LINES_PER_CHECK_MAX)).all()
