"""What questions about usage are answered with: frozen, and free of tables."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from app.foundation.money import round_half_up
from app.foundation.paging import Cursor


class Granularity(StrEnum):
    """How long a bucket of a series is, in the series' time zone."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


class Grouping(StrEnum):
    """What a series keeps apart."""

    MODEL = "model"
    API_KEY = "api_key"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class Only:
    """The usage that is asked for: of one model, gateway key or provider, or (None) of any.

    An empty string asks for what was reported without a name.
    """

    model: str | None = None
    api_key: str | None = None
    provider: str | None = None

    def of(self, group_by: Grouping) -> str | None:
        """Return the group that is asked for; None for all of them."""
        return {
            Grouping.MODEL: self.model,
            Grouping.API_KEY: self.api_key,
            Grouping.PROVIDER: self.provider,
        }[group_by]

    @property
    def named(self) -> dict[Grouping, str]:
        """Return what is asked for, without what may be anything."""
        asked = {group_by: self.of(group_by) for group_by in Grouping}
        return {group_by: name for group_by, name in asked.items() if name is not None}


EVERYTHING = Only()


@dataclass(frozen=True, slots=True)
class Sums:
    """What was used and what it cost; the same columns as every rollup, in the same order."""

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    quota_tokens: int = 0
    extra_tokens: int = 0
    overage_tokens: int = 0
    unpriced_tokens: int = 0
    cost_nanos: int = 0
    final_nanos: int = 0

    @property
    def is_unpriced(self) -> bool:
        """Tell whether none of it has a price yet: what it costs is not known, and not nothing."""
        return 0 < self.total_tokens == self.unpriced_tokens


@dataclass(frozen=True, slots=True)
class UsageBucket:
    """One group's usage in one bucket; `starts_at` is local and carries its offset."""

    starts_at: datetime
    # The model, gateway key or provider; an empty string where none was named.
    group: str
    sums: Sums


@dataclass(frozen=True, slots=True)
class UsageSeries:
    """Usage over a range, oldest first; buckets without usage are left out."""

    buckets: tuple[UsageBucket, ...]
    totals: Sums
    timezone: str
    # True where the rollups could not be cut exactly at the buckets' bounds.
    approximate: bool
    granularity: Granularity
    group_by: Grouping
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class RecordView:
    """One request as customers see it."""

    id: int
    request_id: str
    occurred_at: datetime
    model: str
    provider: str | None
    api_key_alias: str | None
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    quota_tokens: int
    extra_tokens: int
    overage_tokens: int
    cost_nanos: int
    discount_nanos: int
    final_nanos: int
    status: str
    billing_month: str
    created_at: datetime
    # True where the gateway guessed the counts, such as those of a stream that was broken off.
    is_estimated: bool = False
    # None while no price is known.
    price_id: int | None = None

    @property
    def discount_rate(self) -> Decimal:
        """Return the share of the list cost that was charged, with 6 decimals; 1 of nothing."""
        if self.cost_nanos == 0:
            return Decimal(1)
        return Decimal(round_half_up(self.final_nanos * 10**6, self.cost_nanos)).scaleb(-6)


@dataclass(frozen=True, slots=True)
class RecordsPage:
    """A page of records, newest first."""

    records: tuple[RecordView, ...]
    next_cursor: Cursor | None
