"""Records as plain tuples: a thousand are made, or looked at, for one post."""

from datetime import datetime
from typing import NamedTuple


class NewRecord(NamedTuple):
    """A row that is about to be inserted, column by column."""

    user_id: str
    subscription_id: int
    period_id: int
    request_id: str
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
    granted_tokens: int
    overage_tokens: int
    overage_discount_bp: int
    price_id: int | None
    cost_nanos: int
    discount_nanos: int
    final_nanos: int
    status: str
    billing_month: str
    occurred_at: datetime
    occurred_at_given: bool
    is_estimated: bool
    created_at: datetime
    updated_at: datetime


class Recorded(NamedTuple):
    """What a repeat is compared with, and answered with."""

    user_id: str
    request_id: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    quota_tokens: int
    extra_tokens: int
    overage_tokens: int
    cost_nanos: int
    final_nanos: int
    status: str
    occurred_at: datetime
    occurred_at_given: bool


class LateRecord(NamedTuple):
    """What filling in a late price needs of a record, and what it changes of it."""

    id: int
    user_id: str
    period_id: int
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
    granted_tokens: int
    overage_tokens: int
    overage_discount_bp: int
    price_id: int | None
    cost_nanos: int
    discount_nanos: int
    final_nanos: int
    status: str
    billing_month: str
    occurred_at: datetime
