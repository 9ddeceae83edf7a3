"""Checkpoints: what the records of closed months came to when they were found right.

A closed month takes no more usage, so its records need not be added up again each time. What may
still happen to one of them (a void, a late price, its pruning) changes the kept sum along with it.
Changes state; never commits.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from operator import add
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, text

from app.domain.usage.checkpoint_models import VerifiedMonth, VerifiedUsage
from app.domain.usage.models import BillingRecord, RecordStatus
from app.domain.usage.recording import Labels
from app.domain.usage.records import LateRecord
from app.domain.usage.rollups import SUMS, Sums, sums_of
from app.domain.usage.rules import OTHER
from app.foundation import table_locks
from app.foundation.bulk import add_to_rows
from app.foundation.database import session
from app.foundation.moments import month_of
from app.foundation.periods import BillingMonth

KEYS = ("user_id", "billing_month", "period_id", "occurred_month", "model")
RECORD = BillingRecord
MONTH = RECORD.billing_month
Counted = BillingRecord | LateRecord
Changed = tuple[Counted, int]

_WORKED_OUT = {
    "requests": "count(*)",
    "unpriced_tokens": "coalesce(sum(total_tokens) FILTER (WHERE status = 'unpriced'), 0)",
}
_KEEP_SUMS = (
    f"INSERT INTO verified_usage ({', '.join((*KEYS, *SUMS))})"  # noqa: S608  # our own names
    " SELECT billing_records.user_id, billing_month, period_id, {occurred_month},"
    f" CASE WHEN apart.label IS NULL THEN '{OTHER}' ELSE billing_records.model END,"
    f" {', '.join(_WORKED_OUT.get(n, f'sum({n})') for n in SUMS)}"
    " FROM billing_records LEFT JOIN usage_labels AS apart ON apart.user_id ="
    " billing_records.user_id AND apart.kind = 'model' AND apart.label = billing_records.model"
    " WHERE billing_records.id >= :first AND billing_records.id < :end AND status <> 'voided'"
    f" GROUP BY 1, 2, 3, 4, 5 ON CONFLICT ({', '.join(KEYS)}) DO UPDATE SET "
    + ", ".join(f"{name} = verified_usage.{name} + excluded.{name}" for name in SUMS)
)


def verified_until() -> datetime | None:
    """Return the end of the last month that was verified; None before the first."""
    last = session.scalar(select(func.max(VerifiedMonth.billing_month)))
    return None if last is None else BillingMonth.parse(last).period.ends_at


def verified_months() -> set[str]:
    """Return the months that were verified."""
    return set(session.scalars(select(VerifiedMonth.billing_month)))


def cover(months: Collection[str], *, now: datetime) -> None:
    """Keep what the records of these months come to, which nobody adds to any more."""
    table_locks.take(VerifiedMonth)
    known = verified_months()
    if not set(months) > known:
        return
    first, covered = covered_below(), known.union(months)
    end = max(first, _end_of_covered(first, covered))
    occurred_month = month_of(RECORD.occurred_at).compile(session.get_bind())
    keep_sums = _KEEP_SUMS.replace("{occurred_month}", str(occurred_month))
    session.execute(text(keep_sums), {"first": first, "end": end})
    session.add_all(
        VerifiedMonth(billing_month=month, records_below=end, verified_at=now)
        for month in sorted(covered - known)
    )
    session.flush()


def follow(changes: Iterable[Changed], *, labels: Labels) -> None:
    """Let what is kept follow its records: each as it was, with -1, and as it is now, with 1."""
    # Whoever covers more waits for us, or we for him: no record changes between two sums.
    table_locks.share(VerifiedMonth)
    below = covered_below()
    kept: dict[tuple[object, ...], Sums] = {}
    for record, sign in changes:
        if record.id < below and record.status != RecordStatus.VOIDED:
            key, sums = _key(record, labels), sums_of(record, sign=sign)
            known = kept.get(key)
            kept[key] = sums if known is None else tuple(map(add, known, sums))
    names = (*KEYS, *SUMS)
    rows = [dict(zip(names, (*key, *sums), strict=True)) for key, sums in kept.items()]
    add_to_rows(VerifiedUsage, rows, keys=KEYS)


def forget() -> None:
    """Forget what was verified: everything is looked at anew."""
    table_locks.take(VerifiedMonth)
    for table in (VerifiedUsage, VerifiedMonth):
        session.execute(delete(table))


def covered_below() -> int:
    """Return the number below which all records are covered."""
    return session.scalar(select(func.max(VerifiedMonth.records_below))) or 0


def _key(record: Counted, labels: Labels) -> tuple[object, ...]:
    model = labels.kept(record.user_id, "model", record.model)
    occurred_month = str(BillingMonth.of(record.occurred_at))
    return record.user_id, record.billing_month, record.period_id, occurred_month, model


def _end_of_covered(first: int, months: Collection[str]) -> int:
    """Return the number up to which the records are of these months, from the first one on."""
    # Nobody can still be writing a record before the last one of a month that is closed for
    # long: a post takes its numbers after the lock for which the close has waited.
    last = _first_of(MONTH.in_(months), first, BillingRecord.id.desc())
    other = _first_of(MONTH.not_in(months), first, BillingRecord.id)
    end = first if last is None else last + 1
    return end if other is None else min(end, other)


def _first_of(which: ColumnElement[bool], first: int, order: Any) -> int | None:
    found = select(BillingRecord.id).where(BillingRecord.id >= first, which)
    return session.scalar(found.order_by(order).limit(1))
