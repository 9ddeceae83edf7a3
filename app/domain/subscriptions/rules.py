"""How one period follows another. Pure: a reader and a writer come to the same periods."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.catalog.models import PAY_AS_YOU_GO
from app.domain.subscriptions.models import SubscriptionStatus
from app.foundation.periods import Period, monthly_period, monthly_period_number

# Where a subscription may go from where it stands; what has ended stays so.
TRANSITIONS: Mapping[SubscriptionStatus, frozenset[SubscriptionStatus]] = {
    SubscriptionStatus.ACTIVE: frozenset(
        {
            SubscriptionStatus.ACTIVE,
            # A renewal that is not paid yet.
            SubscriptionStatus.PAST_DUE,
            # By the customer, by another plan that took its place, or by a refund.
            SubscriptionStatus.CANCELLED,
            # Where nobody looked during the whole grace.
            SubscriptionStatus.EXPIRED,
        }
    ),
    SubscriptionStatus.PAST_DUE: frozenset(
        {
            SubscriptionStatus.ACTIVE,
            SubscriptionStatus.CANCELLED,
            SubscriptionStatus.EXPIRED,
        }
    ),
    SubscriptionStatus.CANCELLED: frozenset(),
    SubscriptionStatus.EXPIRED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Terms:
    """What a plan promises and costs at the moment a period starts."""

    plan_id: str
    price_minor: int
    quota: int
    extra_token_price_pico: int | None
    overage_discount_bp: int
    max_concurrent_req: int
    rate_limit_per_min: int


@dataclass(frozen=True, slots=True)
class Running:
    """Where an account's subscription and its current period stand."""

    plan_id: str
    anchor_at: datetime
    auto_renew: bool
    pending_plan_id: str | None
    ends_at: datetime
    grace_ends_at: datetime | None

    @property
    def ends(self) -> datetime:
        """Return when the period really ends: with its grace, if its renewal was not paid."""
        return self.ends_at if self.grace_ends_at is None else self.grace_ends_at


@dataclass(frozen=True, slots=True)
class NextPeriod:
    """A period that follows the current one."""

    starts_at: datetime
    ends_at: datetime
    grace_ends_at: datetime | None
    terms: Terms
    quota: int
    anchor_at: datetime
    # How the subscription before it ended; None where this period goes on with it.
    ended_as: SubscriptionStatus | None


def periods_until(
    now: datetime, running: Running, *, terms: Mapping[str, Terms], grace: timedelta
) -> list[NextPeriod]:
    """Return the periods that started since, up to the one that holds now; none if none ended."""
    following: list[NextPeriod] = []
    while now >= running.ends:
        following.append(_next_period(running, terms=terms, grace=grace))
        running = _running_in(following[-1])
    return following


def moved(current: str, following: SubscriptionStatus) -> SubscriptionStatus:
    """Return the status that follows, which must be one that may."""
    allowed = TRANSITIONS[SubscriptionStatus(current)]
    assert following in allowed, f"a subscription does not go from {current} to {following}"
    return following


def is_owed(grace_ends_at: datetime | None, *, is_current: bool, now: datetime) -> bool:
    """Tell whether a period still waits to be paid: once its grace is over it has expired."""
    return grace_ends_at is not None and is_current and now < grace_ends_at


def granted_quota(quota: int, *, period: Period, grace_ends_at: datetime | None) -> int:
    """Return what may be used of a quota: only the days of grace while the period is unpaid."""
    if grace_ends_at is None:
        return quota
    return quota * (period.seconds - period.seconds_left(grace_ends_at)) // period.seconds


def _next_period(running: Running, *, terms: Mapping[str, Terms], grace: timedelta) -> NextPeriod:
    starts_at = running.ends
    ended_as = _ending(running)
    plan_id = PAY_AS_YOU_GO if ended_as else running.pending_plan_id or running.plan_id
    # Pay-as-you-go after a plan is a subscription of its own, counted from its own start.
    anchor_at = starts_at if ended_as else running.anchor_at
    period = monthly_period(anchor_at, monthly_period_number(anchor_at, starts_at))
    owed = terms[plan_id].price_minor > 0
    grace_ends_at = min(starts_at + grace, period.ends_at) if owed else None
    return NextPeriod(
        starts_at=starts_at,
        ends_at=period.ends_at,
        grace_ends_at=grace_ends_at,
        terms=terms[plan_id],
        quota=granted_quota(terms[plan_id].quota, period=period, grace_ends_at=grace_ends_at),
        anchor_at=anchor_at,
        ended_as=ended_as,
    )


def _ending(running: Running) -> SubscriptionStatus | None:
    if running.grace_ends_at is not None:
        return SubscriptionStatus.EXPIRED
    if not running.auto_renew:
        return SubscriptionStatus.CANCELLED
    return None


def _running_in(period: NextPeriod) -> Running:
    return Running(
        plan_id=period.terms.plan_id,
        anchor_at=period.anchor_at,
        auto_renew=True,
        pending_plan_id=None,
        ends_at=period.ends_at,
        grace_ends_at=period.grace_ends_at,
    )
