"""What a gateway reports of one request, and what became of the report."""

from datetime import datetime
from enum import StrEnum

import msgspec

from app.foundation.errors import FieldError


class UsageReport(msgspec.Struct, frozen=True, kw_only=True):
    """One request's token counts; a struct, because a thousand are made for one post."""

    user_id: str
    request_id: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    provider: str | None = None
    api_key_alias: str | None = None
    # None where the gateway sent none: the moment of arrival stands in.
    occurred_at: datetime | None = None
    # True where the gateway guessed the counts itself.
    is_estimated: bool = False


class OutcomeStatus(StrEnum):
    """What became of a report."""

    ACCEPTED = "accepted"
    UNPRICED = "unpriced"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    REJECTED = "rejected"
    # Nothing to bill: a request that failed, or that a cache answered.
    IGNORED = "ignored"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one report; costs and split where a record stands for it."""

    request_id: str | None
    status: OutcomeStatus
    code: str = ""
    detail: str = ""
    # What is wrong with which field of the record, where it is refused for its fields.
    faults: tuple[FieldError, ...] = ()
    cost_nanos: int | None = None
    final_nanos: int | None = None
    quota_tokens: int | None = None
    extra_tokens: int | None = None
    overage_tokens: int | None = None

    def renamed(self, status: OutcomeStatus) -> "Outcome":
        """Return the same outcome under another status."""
        return msgspec.structs.replace(self, status=status)
