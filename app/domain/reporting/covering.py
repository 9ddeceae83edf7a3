"""What owned extra tokens cover of the usage ahead: they are drawn before overage. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from app.domain.reporting.rules import Forecast, Pace
from app.domain.usage.views import Sums
from app.foundation.money import round_half_up


@dataclass(frozen=True, slots=True)
class BeyondQuota:
    """What the days of a pace used beyond the quota, of the models that draw extra tokens."""

    extra_tokens: int
    overage_tokens: int
    overage_nanos: int


@dataclass(frozen=True, slots=True)
class Covered:
    """How many of the tokens ahead extra tokens cover, and what these would have cost."""

    tokens: int = 0
    nanos: int = 0


class MonthAhead(NamedTuple):
    """What a month's usage will have cost, and what extra tokens cover of it besides."""

    # None while nothing can be foretold.
    cost: Forecast | None
    covered: Covered


def beyond_quota(
    used: Iterable[tuple[date, str, Sums]], *, first: date, today: date, outside: Collection[str]
) -> BeyondQuota:
    """Add up what the whole days from the first on used; models outside the plans draw nothing."""
    drawing = [sums for day, model, sums in used if first <= day < today and model not in outside]
    return BeyondQuota(
        extra_tokens=sum(sums.extra_tokens for sums in drawing),
        overage_tokens=sum(sums.overage_tokens for sums in drawing),
        overage_nanos=sum(sums.final_nanos for sums in drawing),
    )


def less_covered(
    found: Forecast,
    used: BeyondQuota,
    pace: Pace,
    *,
    spent: int,
    owned: int,
    seconds_left: int,
) -> MonthAhead:
    """Return the forecast without the overage that the owned tokens cover, and what that is.

    At this pace some of them replace those drawn already; what is left of them covers overage
    first to come, at the average that it cost.
    """
    # In tokens times the pace's seconds, so that nothing is rounded on the way.
    free = max(owned * pace.seconds - used.extra_tokens * seconds_left, 0)
    if not free or not used.overage_nanos:
        return MonthAhead(found, Covered())
    whole = used.overage_tokens * pace.seconds
    worth = round_half_up(used.overage_nanos * free, whole)

    def left_of(end: int) -> int:
        # Of the models that draw none, nothing is taken off.
        drawing = round_half_up((end - spent) * used.overage_nanos, pace.total)
        return end - min(drawing, worth)

    left = replace(
        found,
        low=left_of(found.low),
        expected=left_of(found.expected),
        high=left_of(found.high),
    )
    tokens = round_half_up(min(free, used.overage_tokens * seconds_left), pace.seconds)
    return MonthAhead(left, Covered(tokens, found.expected - left.expected))
