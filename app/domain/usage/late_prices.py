"""A price that comes after the usage: only what it costs is filled in. Never commits."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from app.domain.accounts.operations import Balance
from app.domain.catalog.rules import Price, pico_tokens
from app.domain.usage import checkpoints, recording, rules
from app.domain.usage.models import BillingRecord, RecordStatus
from app.domain.usage.records import LateRecord
from app.domain.usage.rollups import Rollups, place_of, sums_of
from app.foundation import money
from app.foundation.bulk import change_rows
from app.foundation.periods import month_of

FILLED_IN = ("price_id", "cost_nanos", "discount_nanos", "final_nanos", "status", "billing_month")

Filled = tuple[LateRecord, LateRecord]  # as it was, as it is


def with_price(record: LateRecord, price: Price, *, month: str) -> LateRecord | None:
    """Return the record at this price, billed in that month; None if it would cost too much.

    Its split, and the discount of its moment, stay what they were.
    """
    pico = pico_tokens(
        price,
        prompt_tokens=record.prompt_tokens,
        completion_tokens=record.completion_tokens,
        cached_tokens=record.cached_tokens,
        cache_write_tokens=record.cache_write_tokens,
    )
    cost_nanos = money.token_cost_nanos(pico)
    if rules.find_cost_fault(cost_nanos) is not None:
        return None
    split = rules.Split(
        record.quota_tokens, record.extra_tokens, record.granted_tokens, record.overage_tokens
    )
    final = rules.final_nanos(pico, split=split, discount_bp=record.overage_discount_bp)
    return record._replace(
        price_id=price.id,
        cost_nanos=cost_nanos,
        discount_nanos=cost_nanos - final,
        final_nanos=final,
        status=RecordStatus.COMPLETED,
        billing_month=month,
    )


def open_months(records: Sequence[LateRecord], *, now: datetime) -> dict[int, str]:
    """Return by record the month it is billed in: its own while open, else the current one."""
    closed = recording.closed_months(
        {record.user_id for record in records}, months={record.billing_month for record in records}
    )
    return {
        record.id: month_of(now)
        if closed.holds(record.user_id, record.billing_month)
        else record.billing_month
        for record in records
    }


def write(filled: Sequence[Filled], balances: Mapping[str, Balance], *, now: datetime) -> None:
    """Write the records and the rollups, which follow: a fixed number of statements."""
    labels = recording.labels(recording.labels_of([record for record, _ in filled]))
    rollups = Rollups()
    for before, after in filled:
        zone = ZoneInfo(balances[before.user_id].timezone)
        # Where the month stays the same, all that is left of the two is what it costs.
        rollups.add(place_of(before, zone=zone, labels=labels), sums_of(before, sign=-1))
        rollups.add(place_of(after, zone=zone, labels=labels), sums_of(after))
    rollups.write()
    changes = [(before, -1) for before, _ in filled] + [(after, 1) for _, after in filled]
    checkpoints.follow(changes, labels=labels)
    change_rows(
        BillingRecord,
        [
            {"id": after.id, "updated_at": now, **{n: getattr(after, n) for n in FILLED_IN}}
            for _, after in filled
        ],
        key="id",
    )
