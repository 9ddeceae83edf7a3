"""1, 2, 3: records, what is rolled up of them, and the periods that they draw from."""

from functools import cache
from typing import Any

from sqlalchemy import Subquery, func, or_, select, union_all
from sqlalchemy.orm import InstrumentedAttribute

from app.domain.subscriptions.models import SubscriptionPeriod
from app.domain.usage.models import (
    BillingRecord,
    PrunedUsage,
    RecordStatus,
    UsageDaily,
    UsageHourly,
    UsageMonthly,
)
from app.workflows.verify_books.reading import Lines, Rows, some

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
ALL_SUMS = ("requests", "unpriced_tokens", *SHARED_SUMS)
Keys = tuple[InstrumentedAttribute[Any], ...]


def _hourly() -> Lines:
    """1: records are their hours, by account."""
    yield from _rollup((BillingRecord.user_id,), (UsageHourly.user_id,))


def _daily() -> Lines:
    """1: records are their days, by account."""
    yield from _rollup((BillingRecord.user_id,), (UsageDaily.user_id,))


def _monthly() -> Lines:
    """1: records are their billing months, by account and month."""
    yield from _rollup(
        (BillingRecord.user_id, BillingRecord.billing_month),
        (UsageMonthly.user_id, UsageMonthly.billing_month),
    )


def _rollup(record_keys: Keys, rollup_keys: Keys) -> Lines:
    rollup = rollup_keys[0].class_
    for row in some(_differing(record_keys, rollup_keys)):
        place, off = row[: len(record_keys)], row[len(record_keys) :]
        wrong = {name: int(sums) for name, sums in zip(ALL_SUMS, off, strict=True) if sums}
        yield f"records less {rollup.__tablename__} of {' '.join(place)} leave {wrong}"


@cache
def _differing(record_keys: Keys, rollup_keys: Keys) -> Rows:
    rollup = rollup_keys[0].class_
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
    kept = [getattr(PrunedUsage, key.key) for key in record_keys]
    added = (func.sum(getattr(PrunedUsage, name)) for name in ALL_SUMS)
    pruned = select(*kept, *added).group_by(*kept)
    taken_off = (-func.sum(getattr(rollup, name)) for name in ALL_SUMS)
    rolled = select(*rollup_keys, *taken_off).group_by(*rollup_keys)
    both = union_all(records, pruned, rolled).subquery()
    keys = [both.c[key.key] for key in record_keys]
    left = [func.sum(both.c[name]) for name in ALL_SUMS]
    return select(*keys, *left).group_by(*keys).having(or_(*(sums != 0 for sums in left)))


def _records_add_up() -> Lines:
    """2: a record's tokens are split without rest, and its cost less the discount is final."""
    record = BillingRecord
    split = record.quota_tokens + record.extra_tokens + record.overage_tokens
    wrong = select(record.request_id).where(
        or_(
            split != record.total_tokens,
            record.final_nanos != record.cost_nanos - record.discount_nanos,
        )
    )
    for (request_id,) in some(wrong):
        yield f"record {request_id} does not add up: see its split and its discount"


def _records_in_own_period() -> Lines:
    """2: a record draws only from a period of its own account."""
    strangers = (
        select(BillingRecord.request_id, SubscriptionPeriod.id)
        .join(SubscriptionPeriod, SubscriptionPeriod.id == BillingRecord.period_id)
        .where(SubscriptionPeriod.user_id != BillingRecord.user_id)
    )
    for request_id, period_id in some(strangers):
        yield f"record {request_id} draws from period {period_id} of another account"


def _periods_counted() -> Lines:
    """3: a period's counters are the sums of its records."""
    records = _sums_of_periods()
    used, of_quota = func.coalesce(records.c.used, 0), func.coalesce(records.c.of_quota, 0)
    period = SubscriptionPeriod
    wrong = (
        select(period.id, period.user_id, period.tokens_used, used)
        .add_columns(period.quota_tokens_used, of_quota)
        .outerjoin(records, records.c.period_id == period.id)
        .where(or_(period.tokens_used != used, period.quota_tokens_used != of_quota))
    )
    for period_id, user_id, tokens, summed, quota, quota_summed in some(wrong):
        yield (
            f"period {period_id} of {user_id} counts {tokens} tokens, {quota} of quota; "
            f"its records sum to {summed}, {quota_summed}"
        )


def _sums_of_periods() -> Subquery:
    """Return what was drawn from each period, by records that are kept or were."""
    columns = ("period_id", "total_tokens", "quota_tokens")
    counted = BillingRecord.status != RecordStatus.VOIDED
    both = union_all(
        select(*(getattr(BillingRecord, name) for name in columns)).where(counted),
        select(*(getattr(PrunedUsage, name) for name in columns)),
    ).subquery()
    used, of_quota = func.sum(both.c.total_tokens), func.sum(both.c.quota_tokens)
    summed = select(both.c.period_id, used.label("used"), of_quota.label("of_quota"))
    return summed.group_by(both.c.period_id).subquery()


CHECKS = (_hourly, _daily, _monthly, _records_add_up, _records_in_own_period, _periods_counted)
