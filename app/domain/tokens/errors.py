"""Why extra tokens may not be bought or moved."""

from app.foundation.errors import DomainError, Kind


class NoTokensForSale(DomainError):
    """The plan sells no extra tokens."""


class TopUpAmountInvalid(DomainError):
    """The amount is too small, too large, or not a number of cents."""


class AdjustmentInvalid(DomainError):
    """An adjustment is nothing, or more than any balance."""


class TokensMissing(DomainError):
    """There are fewer extra tokens than are to be taken away."""

    kind = Kind.CONFLICT
