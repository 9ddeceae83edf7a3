"""What changing the plan costs and gives, by the second. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.catalog.models import PAY_AS_YOU_GO
from app.domain.subscriptions.errors import AlreadyOnPlan, PeriodUnpaid, PreviewStale
from app.domain.subscriptions.rules import Terms
from app.foundation import money
from app.foundation.periods import Period, monthly_period
from app.foundation.sentences import say

# How long a preview's amounts hold, so that reading it costs nobody a cent.
PREVIEW_HOLDS = timedelta(minutes=10)
# How long an accepted change waits for its money.
ACCEPTED_HOLDS = timedelta(minutes=30)


class ChangeKind(StrEnum):
    """When and how a change of plan takes effect."""

    # From pay as you go: a new period starts once it is paid, at full price and quota.
    BEGIN = "begin"
    # To a dearer plan within a paid period: prorated, at once when paid.
    UPGRADE = "upgrade"
    # To a plan that costs the same or less: at the period's end.
    AT_END = "at_end"


class PlanChangeStatus(StrEnum):
    """Where an accepted change stands."""

    OPEN = "open"
    APPLIED = "applied"
    LAPSED = "lapsed"
    REFUNDED = "refunded"


# From which state an accepted change may go where.
CHANGE_TRANSITIONS = {
    PlanChangeStatus.OPEN: frozenset(
        {PlanChangeStatus.APPLIED, PlanChangeStatus.LAPSED, PlanChangeStatus.REFUNDED}
    ),
    PlanChangeStatus.APPLIED: frozenset(),
    # Money that comes for a change that has lapsed is sent back.
    PlanChangeStatus.LAPSED: frozenset({PlanChangeStatus.REFUNDED}),
    PlanChangeStatus.REFUNDED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """The running period, as far as a change of plan depends on it."""

    period: Period
    terms: Terms
    # During grace nothing is paid yet.
    is_unpaid: bool
    # Net of what was paid for this period: after coupons, less refunds, without tax.
    net_paid_minor: int


@dataclass(frozen=True, slots=True)
class Change:
    """A change of plan, with its amounts as they are at a moment."""

    kind: ChangeKind
    before: Terms
    after: Terms
    # The period in which the new plan runs first.
    period: Period
    seconds_left: int
    net_paid_minor: int
    credit_minor: int
    charge_minor: int
    # How many tokens the running period's quota grows by; a new one's whole quota.
    quota_change: int

    @property
    def to_account_credit_minor(self) -> int:
        """Return what is left of the old plan's credit above the new one's charge."""
        return max(self.credit_minor - self.charge_minor, 0)


def change(standing: Standing, after: Terms, *, now: datetime) -> Change:
    """Work the change out. Raises AlreadyOnPlan and PeriodUnpaid."""
    before = standing.terms
    if after.plan_id == before.plan_id:
        raise AlreadyOnPlan(say("You are on this plan already."))
    if standing.is_unpaid:
        raise PeriodUnpaid(say("Your current period is not paid yet. Please pay it, then switch."))
    if after.price_minor <= before.price_minor:
        return _change(ChangeKind.AT_END, standing, after, period=standing.period)
    if before.plan_id == PAY_AS_YOU_GO:
        begun = _change(ChangeKind.BEGIN, standing, after, period=monthly_period(now, 0))
        return replace(begun, charge_minor=after.price_minor, quota_change=after.quota)
    upgrade = _change(ChangeKind.UPGRADE, standing, after, period=standing.period)
    left, whole = standing.period.seconds_left(now), standing.period.seconds
    return replace(
        upgrade,
        seconds_left=left,
        credit_minor=money.share_minor(standing.net_paid_minor, part=left, whole=whole),
        charge_minor=money.share_minor(after.price_minor, part=left, whole=whole),
        quota_change=max((after.quota - before.quota) * left // whole, 0),
    )


def moment_of(
    previewed_at: datetime | None, *, period_starts_at: datetime, now: datetime
) -> datetime:
    """Return the moment whose amounts hold: the preview's if it is fresh. Raises PreviewStale."""
    if previewed_at is None:
        return now
    if not max(now - PREVIEW_HOLDS, period_starts_at) <= previewed_at <= now:
        raise PreviewStale(say("These amounts are out of date. Please look at the new ones first."))
    return previewed_at


def fits(from_plan_id: str, period_id: int, *, plan_id: str, running_period_id: int | None) -> bool:
    """Tell whether an accepted change can be applied as it was fixed: the same plan runs, and on.

    `running_period_id` is None where nobody has written the running period yet.
    """
    # From pay as you go nothing was prorated, so it does not matter in which period of it.
    is_any_period = from_plan_id == PAY_AS_YOU_GO
    return plan_id == from_plan_id and (is_any_period or running_period_id == period_id)


def held_terms(*, due_minor: int, credit_minor: int, charge_minor: int, quota_change: int) -> str:
    """Return what an accepted change holds until it is paid; the terms of a preview begin so."""
    return f"{due_minor}.{credit_minor}.{charge_minor}.{quota_change}."


def _change(kind: ChangeKind, standing: Standing, after: Terms, *, period: Period) -> Change:
    return Change(
        kind=kind,
        before=standing.terms,
        after=after,
        period=period,
        seconds_left=period.seconds,
        net_paid_minor=standing.net_paid_minor,
        credit_minor=0,
        charge_minor=0,
        quota_change=0,
    )
