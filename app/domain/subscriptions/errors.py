"""Why a change of plan may be refused."""

from app.foundation.errors import DomainError, Kind


class PlanNotForSale(DomainError):
    """The plan is hidden or no longer offered."""


class PeriodNotOwed(DomainError):
    """The period has expired, has been paid, or nothing was ever owed for it."""

    kind = Kind.CONFLICT
