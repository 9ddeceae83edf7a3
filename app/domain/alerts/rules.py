"""Which thresholds an account has crossed, and which of them it has not been told of. Pure."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from app.foundation.money import minor_from_nanos, nanos_from_minor, round_half_up
from app.foundation.periods import BillingMonth

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
WHOLE_PERMILLE = 1000


class AlertKind(StrEnum):
    """What a customer may want to be told of."""

    TOKENS_LEFT = "tokens_left"
    QUOTA_PERCENT = "quota_percent"
    SPEND = "spend"
    FORECAST = "forecast"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """At what the customer wants to be told."""

    # 0 is off.
    tokens_left: int
    percents: tuple[int, ...]
    # None is off; 0 is the first cost at all.
    spend_minor: int | None
    forecast: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """How an account stands in its period and in the running billing month."""

    quota: int
    quota_tokens_used: int
    extra_tokens: int
    spent_nanos: int
    # When the quota is used up at the pace of the last days; None if it lasts.
    runs_out_at: datetime | None
    # There are enough days to tell a pace by; before, nobody knows whether it lasts.
    has_pace: bool = True

    @property
    def token_balance(self) -> int:
        """Return the quota left and the extra tokens together."""
        return self.quota - self.quota_tokens_used + self.extra_tokens

    @property
    def owns_tokens(self) -> bool:
        """Tell whether there is anything that could run out."""
        return owns_tokens(has_quota=self.quota > 0, extra_tokens=self.extra_tokens)


@dataclass(frozen=True, slots=True)
class Crossing:
    """A threshold that is crossed: tokens, percent, cents, or (a forecast) seconds since 1970."""

    kind: AlertKind
    threshold: int
    value: int


@dataclass(frozen=True, slots=True)
class Gauge:
    """Where a threshold lies now: how far the way to it has been gone, in thousandths."""

    kind: AlertKind
    threshold: int
    value: int
    permille: int
    is_crossed: bool
    # A forecast may wait for days to tell it by.
    is_known: bool = True


# What an account was told: kind, threshold, and the period or month it was told for.
Told = tuple[str, int, str]


def owns_tokens(*, has_quota: bool, extra_tokens: int) -> bool:
    """Tell whether tokens could run out; who pays as he goes and bought none has none."""
    return has_quota or extra_tokens > 0


def is_low(balance: int, *, threshold: int) -> bool:
    """Tell whether the token balance has come down to the customer's threshold."""
    return 0 < threshold >= balance


def can_foretell(used: int, *, quota: int) -> bool:
    """Tell whether a quota is in use: untouched nothing of it ends, and used up it has ended."""
    return 0 < used < quota


def has_spent(nanos: int, *, alert_minor: int | None) -> bool:
    """Tell whether the month's spend has reached the customer's amount; 0 is the first cost."""
    return alert_minor is not None and nanos > 0 and nanos >= nanos_from_minor(alert_minor)


def crossings(thresholds: Thresholds, figures: Figures) -> tuple[Crossing, ...]:
    """Return the thresholds that are crossed now."""
    passed = (gauge for gauge in gauges(thresholds, figures) if gauge.is_crossed)
    return tuple(Crossing(gauge.kind, gauge.threshold, gauge.value) for gauge in passed)


def due(
    crossed: Sequence[Crossing], told: Collection[Told], *, period_id: int, month: BillingMonth
) -> tuple[Crossing, ...]:
    """Return what the account has not been told for this period, or this month."""

    def is_new(crossing: Crossing) -> bool:
        span = span_of(crossing.kind, period_id=period_id, month=month)
        return (crossing.kind, crossing.threshold, span) not in told

    return tuple(filter(is_new, crossed))


def span_of(kind: AlertKind, *, period_id: int, month: BillingMonth) -> str:
    """Return what an alert of this kind is told once for."""
    return f"month:{month}" if kind is AlertKind.SPEND else f"period:{period_id}"


def gauges(thresholds: Thresholds, figures: Figures) -> tuple[Gauge, ...]:
    """Return where each threshold that is set, and can be crossed at all, lies now."""
    return (
        *_tokens_left(thresholds, figures),
        *_percents(thresholds, figures),
        *_spend(thresholds, figures),
        *_forecast(thresholds, figures),
    )


def _tokens_left(thresholds: Thresholds, figures: Figures) -> Iterator[Gauge]:
    threshold, balance = thresholds.tokens_left, figures.token_balance
    if threshold and figures.owns_tokens:
        crossed = is_low(balance, threshold=threshold)
        gone = WHOLE_PERMILLE if crossed else _permille(threshold, balance)
        yield Gauge(AlertKind.TOKENS_LEFT, threshold, balance, gone, crossed)


def _percents(thresholds: Thresholds, figures: Figures) -> Iterator[Gauge]:
    if figures.quota == 0:
        return
    used = figures.quota_tokens_used * 100
    for percent in thresholds.percents:
        needed = percent * figures.quota
        # Told as whole percents that are really reached: 79.9 % are not 80.
        value = used // figures.quota
        gone = _permille(used, needed)
        yield Gauge(AlertKind.QUOTA_PERCENT, percent, value, gone, used >= needed)


def _spend(thresholds: Thresholds, figures: Figures) -> Iterator[Gauge]:
    limit_minor, spent = thresholds.spend_minor, figures.spent_nanos
    if limit_minor is None:
        return
    crossed = has_spent(spent, alert_minor=limit_minor)
    gone = WHOLE_PERMILLE if crossed else _permille(spent, nanos_from_minor(limit_minor))
    # Told as it reads everywhere; compared exactly: 4.996 are not 5.00, though they read so.
    yield Gauge(AlertKind.SPEND, limit_minor, minor_from_nanos(spent), gone, crossed)


def _forecast(thresholds: Thresholds, figures: Figures) -> Iterator[Gauge]:
    used = figures.quota_tokens_used
    if thresholds.forecast and can_foretell(used, quota=figures.quota):
        ends_at = figures.runs_out_at
        value = 0 if ends_at is None else (ends_at - EPOCH) // SECOND
        gone = 0 if ends_at is None else WHOLE_PERMILLE
        is_ending = ends_at is not None
        yield Gauge(AlertKind.FORECAST, 0, value, gone, is_ending, is_known=figures.has_pace)


def _permille(part: int, whole: int) -> int:
    """Return how many thousandths of the way are gone; the last one only at the end."""
    if whole <= 0:
        return 0
    if part >= whole:
        return WHOLE_PERMILLE
    return min(round_half_up(max(part, 0) * WHOLE_PERMILLE, whole), WHOLE_PERMILLE - 1)
