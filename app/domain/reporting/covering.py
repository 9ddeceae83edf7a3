"""What usage ahead will cost: quota is drawn first, then extra tokens, then overage. Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import NamedTuple

from app.domain.reporting.rules import Forecast, Pace, forecast
from app.domain.subscriptions.queries import PeriodView
from app.domain.usage.views import Sums
from app.foundation.money import BASIS_POINTS, round_half_up

A_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class UsedBefore:
    """What the days of a pace used at list prices, and the part of it that draws tokens."""

    listed: Pace
    drawing_tokens: int
    drawing_nanos: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time ahead: what quota there is for it, and what its overage is discounted by."""

    seconds: int
    quota: int
    overage_discount_bp: int


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


class _Drawn(NamedTuple):
    nanos: Fraction
    covered_tokens: Fraction
    covered_nanos: Fraction


def used_before(
    listed: Pace,
    days: Iterable[tuple[date, str, Sums]],
    *,
    today: date,
    outside: Collection[str],
) -> UsedBefore:
    """Add up what the whole days of the pace drew; models outside the plans draw nothing."""
    first = today - timedelta(days=len(listed.daily))
    drawing = [sums for day, model, sums in days if first <= day < today and model not in outside]
    return UsedBefore(
        listed=listed,
        drawing_tokens=sum(sums.total_tokens for sums in drawing),
        drawing_nanos=sum(sums.cost_nanos for sums in drawing),
    )


def stretches_until(
    until: datetime, current: PeriodView, following: PeriodView, *, now: datetime
) -> tuple[Stretch, Stretch]:
    """Return the rest of the period that runs, and what of the following one comes till then."""
    change = min(max(following.starts_at, now), until)
    first = (change - now) // A_SECOND
    whole = max((until - now) // A_SECOND, 0)
    return (
        Stretch(max(first, 0), current.tokens_remaining, current.terms.overage_discount_bp),
        # The plan's whole quota: that a renewal will be paid is what a forecast supposes.
        Stretch(whole - max(first, 0), following.terms.quota, following.terms.overage_discount_bp),
    )


def month_ahead(
    spent: int, used: UsedBefore, stretches: Sequence[Stretch], *, extra_tokens: int
) -> MonthAhead:
    """Return what the amount becomes if the days ahead are like those of the pace."""
    ahead = forecast(0, used.listed, seconds_left=sum(each.seconds for each in stretches))
    if ahead is None:
        return MonthAhead(None, Covered())

    low, expected, high = (
        _drawn(listed, used, stretches, extra_tokens=extra_tokens)
        for listed in (ahead.low, ahead.expected, ahead.high)
    )
    ends = (spent + _rounded(drawn.nanos) for drawn in (low, expected, high))
    covered = Covered(_rounded(expected.covered_tokens), _rounded(expected.covered_nanos))
    return MonthAhead(Forecast(*ends), covered)


def _drawn(
    listed: int, used: UsedBefore, stretches: Sequence[Stretch], *, extra_tokens: int
) -> _Drawn:
    """Return what usage that is worth so much at list prices costs, spread over the stretches."""
    nanos = covered_tokens = covered_nanos = Fraction(0)
    if not listed:
        return _Drawn(nanos, covered_tokens, covered_nanos)
    seconds = sum(each.seconds for each in stretches)
    price = Fraction(used.drawing_nanos, used.drawing_tokens or 1)
    for stretch in stretches:
        # How many times the pace's days it holds.
        times = Fraction(listed * stretch.seconds, seconds * used.listed.total)
        beyond = max(times * used.drawing_tokens - stretch.quota, Fraction(0))
        of_extra = min(beyond, extra_tokens - covered_tokens)
        outside = times * (used.listed.total - used.drawing_nanos)
        share = Fraction(BASIS_POINTS - stretch.overage_discount_bp, BASIS_POINTS)
        nanos += (outside + (beyond - of_extra) * price) * share
        covered_tokens += of_extra
        covered_nanos += of_extra * price * share
    return _Drawn(nanos, covered_tokens, covered_nanos)


def _rounded(amount: Fraction) -> int:
    return round_half_up(amount.numerator, amount.denominator)
