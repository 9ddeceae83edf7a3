"""Why a movement of extra tokens may be refused."""

from app.foundation.errors import DomainError, Kind


class AdjustmentInvalid(DomainError):
    """An adjustment is nothing, or more than any balance."""


class TokensMissing(DomainError):
    """There are fewer extra tokens than are to be taken away."""

    kind = Kind.CONFLICT
