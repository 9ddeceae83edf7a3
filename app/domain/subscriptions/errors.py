"""Why a change of plan may be refused."""

from app.foundation.errors import DomainError, Kind


class PlanNotForSale(DomainError):
    """The plan is hidden or no longer offered."""


class PeriodNotOwed(DomainError):
    """The period has expired, has been paid, or nothing was ever owed for it."""

    kind = Kind.CONFLICT


class AlreadyOnPlan(DomainError):
    """The account has this plan."""

    kind = Kind.CONFLICT


class ChangeInProgress(DomainError):
    """Another change of plan is being paid for."""

    kind = Kind.CONFLICT


class PeriodUnpaid(DomainError):
    """The running period is not paid yet; until then the plan stays."""

    kind = Kind.CONFLICT


class PreviewStale(DomainError):
    """What was previewed does not hold any more."""

    kind = Kind.CONFLICT


class NothingToCancel(DomainError):
    """The account pays as it goes, or has cancelled already."""

    kind = Kind.CONFLICT


class NothingToResume(DomainError):
    """Neither a cancellation nor a change of plan is waiting."""

    kind = Kind.CONFLICT
