"""Why extra tokens may not be bought."""

from app.foundation.errors import DomainError


class NoTokensForSale(DomainError):
    """The plan sells no extra tokens."""


class TopUpAmountInvalid(DomainError):
    """The amount is too small, too large, or not a number of cents."""
