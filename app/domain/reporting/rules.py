"""Where the month and the quota are heading, and what needs the customer's eye. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from math import isqrt
from zoneinfo import ZoneInfo

from app.domain.alerts.rules import is_low, owns_tokens
from app.domain.usage.buckets import day_starts_at
from app.foundation.money import nanos_from_minor, round_half_up

# A forecast looks back over two whole weeks, so that weekends weigh what they weigh.
PACE_DAYS = 14
# Fewer days say nothing about how much one day differs from another.
PACE_DAYS_MIN = 3
# Whoever used nothing for this long begins anew: his pace counts from the first day after.
PACE_SEEN_DAYS = 60
# Four months of five end inside a range of 1.28 standard deviations to either side.
WIDTH_PERCENT = 128
LOW_PERCENT = 20


@dataclass(frozen=True, slots=True)
class Pace:
    """What was used on the last whole days, oldest first, and how many seconds those days had."""

    daily: tuple[int, ...]
    # Days have 23 or 25 hours where clocks change; the seconds are the ones that passed.
    seconds: int

    @property
    def total(self) -> int:
        """Return what was used on all of the days."""
        return sum(self.daily)

    @property
    def is_known(self) -> bool:
        """Tell whether there are enough days to look ahead from."""
        return len(self.daily) >= PACE_DAYS_MIN


@dataclass(frozen=True, slots=True)
class Forecast:
    """What an amount will have become, and the range in which it probably ends."""

    low: int
    expected: int
    high: int


class Concern(StrEnum):
    """Something the customer should know before anything else."""

    OVERDUE = "overdue"
    SUSPENDED = "suspended"
    REFUSED = "refused"
    RENEWAL_UNPAID = "renewal_unpaid"
    TOP_UP_DECLINED = "top_up_declined"
    TOP_UP_WITHOUT_CARD = "top_up_without_card"
    TOKENS_EXHAUSTED = "tokens_exhausted"
    TOKENS_LOW = "tokens_low"
    SPEND_REACHED = "spend_reached"
    UNPRICED = "unpriced"


@dataclass(frozen=True, slots=True)
class Standing:
    """How an account stands, as far as concerns go."""

    is_suspended: bool
    is_renewal_unpaid: bool
    # An invoice was not paid by its day.
    is_overdue: bool
    # Extra tokens are wanted, and the card that is to pay them was declined.
    is_top_up_declined: bool
    # They are wanted, and there is no card that could be charged for them.
    is_top_up_without_card: bool
    # The gateway is told to refuse, because of a limit on what is owed or spent.
    is_refused: bool
    quota: int
    quota_left: int
    extra_tokens: int
    alert_threshold: int
    # The month's spend has reached what he wanted to be told at.
    has_spent: bool
    unpriced_tokens: int


def pace_of(amounts: Mapping[date, int], *, local: ZoneInfo, now: datetime) -> Pace:
    """Return the pace of the last whole local days, from the first day with usage on."""
    today = now.astimezone(local).date()
    seen = (day for day in amounts if day > today - timedelta(days=PACE_SEEN_DAYS))
    first = max(min(seen, default=today), today - timedelta(days=PACE_DAYS))
    days = [first + timedelta(days=number) for number in range((today - first).days)]
    seconds = int((day_starts_at(today, local) - day_starts_at(first, local)).total_seconds())
    return Pace(tuple(amounts.get(day, 0) for day in days), seconds)


def forecast(amount: int, pace: Pace, *, seconds_left: int) -> Forecast | None:
    """Return what the amount becomes if the days ahead are like those of the pace.

    None while too few days have been seen.
    """
    if not pace.is_known:
        return None
    ahead = round_half_up(pace.total * seconds_left, pace.seconds)
    width = _width(pace.daily, seconds=pace.seconds, seconds_left=seconds_left)
    return Forecast(amount + max(ahead - width, 0), amount + ahead, amount + ahead + width)


def with_plan(spent: int, ahead: Forecast | None, *, price_minor: int) -> Forecast:
    """Return what a month comes to together with a period of the plan.

    While nothing can be foretold, what is spent so far stands for what will be.
    """
    price, usage = nanos_from_minor(price_minor), ahead or Forecast(spent, spent, spent)
    return Forecast(price + usage.low, price + usage.expected, price + usage.high)


def _width(daily: Sequence[int], *, seconds: int, seconds_left: int) -> int:
    """Return how far the sum of the days ahead may lie from the expected one."""
    # The days' variance, times the days ahead, plus what the mean itself may be off by:
    # V = (nΣx² − S²) / n(n−1) over D = n·left/seconds days gives V·D·(1 + D/n).
    days = len(daily)
    spread = days * sum(amount * amount for amount in daily) - sum(daily) ** 2
    variance = spread * seconds_left * (seconds + seconds_left)
    return isqrt(variance * WIDTH_PERCENT**2 // ((days - 1) * seconds**2 * 100**2))


def runs_out_at(
    tokens_left: int, pace: Pace, *, now: datetime, ends_at: datetime
) -> datetime | None:
    """Return when the tokens are used up at this pace; None if they last until the end."""
    if not pace.is_known or pace.total == 0 or tokens_left <= 0:
        return None
    seconds = tokens_left * pace.seconds // pace.total
    # Compared as numbers: a slow pace leads to moments that no calendar has.
    if seconds >= (ends_at - now).total_seconds():
        return None
    return now + timedelta(seconds=seconds)


def concerns(standing: Standing) -> tuple[Concern, ...]:
    """Return what needs attention, most urgent first."""
    found = {
        Concern.OVERDUE: standing.is_overdue,
        Concern.SUSPENDED: standing.is_suspended,
        Concern.REFUSED: standing.is_refused,
        Concern.RENEWAL_UNPAID: standing.is_renewal_unpaid,
        Concern.TOP_UP_DECLINED: standing.is_top_up_declined,
        Concern.TOP_UP_WITHOUT_CARD: (
            standing.is_top_up_without_card and not standing.is_top_up_declined
        ),
        **_token_concerns(standing),
        Concern.SPEND_REACHED: standing.has_spent,
        Concern.UNPRICED: standing.unpriced_tokens > 0,
    }
    return tuple(concern for concern, applies in found.items() if applies)


def _token_concerns(standing: Standing) -> dict[Concern, bool]:
    balance = standing.quota_left + standing.extra_tokens
    has_tokens = owns_tokens(has_quota=standing.quota > 0, extra_tokens=standing.extra_tokens)
    below_threshold = is_low(balance, threshold=standing.alert_threshold)
    nearly_used = balance * 100 <= standing.quota * LOW_PERCENT
    return {
        Concern.TOKENS_EXHAUSTED: has_tokens and balance == 0,
        Concern.TOKENS_LOW: has_tokens and balance > 0 and (below_threshold or nearly_used),
    }


def change_permille(after: int, before: int) -> int | None:
    """Return by how many thousandths an amount changed; None where there was nothing before."""
    return round_half_up((after - before) * 1000, before) if before > 0 else None


def share_permille(part: int, whole: int) -> int:
    """Return how many thousandths of the whole the part is; 0 of nothing."""
    return round_half_up(part * 1000, whole) if whole > 0 else 0


def used_permille(limit_minor: int | None, nanos: int) -> int:
    """Return how many thousandths of a limit are used, all at most; all of a limit of 0."""
    if not limit_minor:
        return 1000
    return min(share_permille(nanos, nanos_from_minor(limit_minor)), 1000)
