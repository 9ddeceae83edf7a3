"""The three rollups: sums are gathered here and written in one statement each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from operator import add, attrgetter
from typing import NamedTuple
from zoneinfo import ZoneInfo

from app.domain.usage import rules
from app.domain.usage.models import (
    BillingRecord,
    RecordStatus,
    UsageDaily,
    UsageHourly,
    UsageMonthly,
    UsageSums,
)
from app.domain.usage.recording import Labels
from app.domain.usage.records import LateRecord, NewRecord
from app.foundation.bulk import adding
from app.foundation.database import Base
from app.foundation.periods import month_of
from app.foundation.writes import Write, do_together

SUMS = tuple(UsageSums.__annotations__)

# Everything that a record holds under the same name: all sums but requests, unpriced and costs.
_counts = attrgetter(*SUMS[1:10])

HOURLY_KEYS = ("user_id", "hour", "model", "api_key", "provider")
DAILY_KEYS = ("user_id", "day", "model", "api_key")
MONTHLY_KEYS = ("user_id", "billing_month", "occurred_month", "model")

Counted = NewRecord | LateRecord | BillingRecord
Sums = tuple[int, ...]
Key = tuple[object, ...]


class Place(NamedTuple):
    """Where a record is counted: its moment, its month, and the labels kept apart."""

    user_id: str
    zone: ZoneInfo
    occurred_at: datetime
    billing_month: str
    model: str
    api_key: str
    provider: str


@dataclass(slots=True)
class Rollups:
    """Sums that are to be added to the rollups, by key."""

    hourly: dict[Key, Sums] = field(default_factory=dict)
    daily: dict[Key, Sums] = field(default_factory=dict)
    monthly: dict[Key, Sums] = field(default_factory=dict)

    def add(self, place: Place, sums: Sums) -> None:
        """Count a record at its place in all three."""
        hour, day = rules.local_hour(place.occurred_at, place.zone)
        occurred_month = month_of(place.occurred_at)
        user_id, model, api_key = place.user_id, place.model, place.api_key
        _add(self.hourly, (user_id, hour, model, api_key, place.provider), sums)
        _add(self.daily, (user_id, day, model, api_key), sums)
        _add(self.monthly, (user_id, place.billing_month, occurred_month, model), sums)

    def writes(self) -> list[Write]:
        """Prepare to add the sums to the tables, however many records were counted."""
        monthly = _adding(UsageMonthly, self.monthly, MONTHLY_KEYS)
        return [*self.hours_and_days(), monthly]

    def hours_and_days(self) -> list[Write]:
        """Prepare to add the sums to the two tables that are cut in the account's zone."""
        hourly = _adding(UsageHourly, self.hourly, HOURLY_KEYS)
        return [hourly, _adding(UsageDaily, self.daily, DAILY_KEYS)]

    def write(self) -> None:
        """Add the sums to the tables."""
        do_together(self.writes())


def place_of(record: Counted, *, zone: ZoneInfo, labels: Labels) -> Place:
    """Return where a record is counted."""
    user_id, kept = record.user_id, labels.kept
    return Place(
        user_id,
        zone,
        record.occurred_at,
        record.billing_month,
        model=kept(user_id, "model", record.model),
        api_key=kept(user_id, "api_key", record.api_key_alias),
        provider=kept(user_id, "provider", record.provider),
    )


def sums_of(record: Counted, *, sign: int = 1) -> Sums:
    """Return what a record adds to every rollup; with sign -1, what voiding it takes away."""
    unpriced_tokens = record.total_tokens if record.status == RecordStatus.UNPRICED else 0
    costs = (record.cost_nanos, record.final_nanos)
    sums = (1, *_counts(record), unpriced_tokens, *costs)
    return sums if sign == 1 else tuple(sign * number for number in sums)


def _add(rollup: dict[Key, Sums], key: Key, sums: Sums) -> None:
    known = rollup.get(key)
    rollup[key] = sums if known is None else tuple(map(add, known, sums))


def _adding(model: type[Base], rollup: Mapping[Key, Sums], keys: tuple[str, ...]) -> Write:
    rows = [(*key, *sums) for key, sums in rollup.items()]
    return adding(model, rows, columns=(*keys, *SUMS), keys=keys)
