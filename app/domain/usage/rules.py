"""How usage is checked, split and placed in time. Pure."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from app.domain.catalog.rules import Price, pico_tokens
from app.domain.usage.reports import UsageReport
from app.foundation import money
from app.foundation.errors import FieldError
from app.foundation.sentences import say

TOKENS_MAX = 1_000_000_000
COST_NANOS_MAX = 10**15
CLOCK_SKEW = timedelta(minutes=5)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
MODELS_APART_MAX = 500
KEYS_APART_MAX = 200
PROVIDERS_APART_MAX = 100
OTHER = "other"


def find_fault(report: UsageReport, *, now: datetime) -> FieldError | None:
    """Return what is wrong with a well-formed report, if anything."""
    return _find_count_fault(report) or _find_time_fault(report, now=now)


def find_cost_fault(cost_nanos: int) -> FieldError | None:
    """Return what is wrong with a record's list cost, if anything."""
    if cost_nanos > COST_NANOS_MAX:
        sentence = say("At this model’s price the record costs more than 1,000,000 USD.")
        return FieldError("model", "cost_too_large", sentence)
    return None


class Split(NamedTuple):
    """Who pays for a record's tokens: the plan, extra tokens (granted ones first), the customer."""

    quota_tokens: int
    extra_tokens: int
    granted_tokens: int
    overage_tokens: int


@dataclass(slots=True)
class Allowance:
    """What an account may still draw; it shrinks as records are split, in their order."""

    extra_tokens: int
    granted_tokens: int
    quota_left: dict[int, int] = field(default_factory=dict)

    def draw(self, tokens: int, *, period_id: int) -> Split:
        """Split tokens over the period's quota, then extra tokens, then overage."""
        quota_left = self.quota_left.get(period_id, 0)
        if not quota_left and not self.extra_tokens:
            return Split(0, 0, 0, tokens)
        quota_tokens = min(tokens, quota_left)
        extra_tokens = min(tokens - quota_tokens, self.extra_tokens)
        granted_tokens = min(extra_tokens, self.granted_tokens)
        self.quota_left[period_id] = quota_left - quota_tokens
        self.extra_tokens -= extra_tokens
        self.granted_tokens -= granted_tokens
        overage_tokens = tokens - quota_tokens - extra_tokens
        return Split(quota_tokens, extra_tokens, granted_tokens, overage_tokens)


def split(allowance: Allowance, tokens: int, *, period_id: int, included: bool) -> Split:
    """Split a record's tokens; a model outside the plans is all overage and draws nothing."""
    return allowance.draw(tokens, period_id=period_id) if included else Split(0, 0, 0, tokens)


def pico_of(report: UsageReport, price: Price | None) -> int:
    """Return the exact list cost of a report, in tokens times pico-USD; 0 without a price."""
    if price is None:
        return 0
    return pico_tokens(
        price,
        prompt_tokens=report.prompt_tokens,
        completion_tokens=report.completion_tokens,
        cached_tokens=report.cached_tokens,
        cache_write_tokens=report.cache_write_tokens,
    )


def final_nanos(pico_tokens: int, *, split: Split, discount_bp: int) -> int:
    """Return what the customer pays for a record: its overage, less the plan's discount."""
    return money.overage_cost_nanos(
        pico_tokens,
        overage_tokens=split.overage_tokens,
        total_tokens=split.quota_tokens + split.extra_tokens + split.overage_tokens,
        discount_bp=discount_bp,
    )


def local_hour(moment: datetime, zone: ZoneInfo) -> tuple[datetime, date]:
    """Return the start of the zone's hour that holds the moment, in UTC, and the zone's date."""
    if zone.key == "UTC" and moment.tzinfo is UTC:
        # Where most accounts are; a batch asks a thousand times.
        return moment.replace(minute=0, second=0, microsecond=0), moment.date()
    local = moment.astimezone(zone)
    past_the_hour = timedelta(
        minutes=local.minute, seconds=local.second, microseconds=local.microsecond
    )
    return moment - past_the_hour, local.date()


def _find_count_fault(report: UsageReport) -> FieldError | None:
    if report.prompt_tokens + report.completion_tokens != report.total_tokens:
        expected = report.prompt_tokens + report.completion_tokens
        sentence = say(
            "total_tokens must be prompt_tokens + completion_tokens, {expected} here.",
            {"expected": expected},
        )
        return FieldError("total_tokens", "total_mismatch", sentence)
    if report.total_tokens > TOKENS_MAX:
        # Of two counts within the limit, or of a total that was left out and added up.
        sentence = say("total_tokens is at most {most:,}.", {"most": TOKENS_MAX})
        return FieldError("total_tokens", "tokens_too_large", sentence)
    if report.cached_tokens + report.cache_write_tokens > report.prompt_tokens:
        sentence = say(
            "cached_tokens and cache_write_tokens are part of prompt_tokens, but exceed it."
        )
        return FieldError("cached_tokens", "cached_exceeds_prompt", sentence)
    if report.reasoning_tokens > report.completion_tokens:
        sentence = say("reasoning_tokens are part of completion_tokens, but exceed it.")
        return FieldError("reasoning_tokens", "reasoning_exceeds_completion", sentence)
    return None


def _find_time_fault(report: UsageReport, *, now: datetime) -> FieldError | None:
    if report.occurred_at is not None and report.occurred_at > now + CLOCK_SKEW:
        sentence = say("occurred_at lies more than 5 minutes in the future.")
        return FieldError("occurred_at", "occurred_in_future", sentence)
    if report.occurred_at is not None and report.occurred_at < EARLIEST:
        sentence = say("occurred_at lies before the year 2000.")
        return FieldError("occurred_at", "occurred_too_early", sentence)
    return None
