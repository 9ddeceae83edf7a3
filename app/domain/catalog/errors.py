"""Why a plan or a price may be refused."""

from app.foundation.errors import DomainError, Kind


class UnknownPlan(DomainError):
    """No plan has this id."""

    kind = Kind.NOT_FOUND


class UnknownModel(DomainError):
    """No model of this name has a price."""

    kind = Kind.NOT_FOUND


class PriceInvalid(DomainError):
    """A price is negative, no number, or finer than a pico-USD per token."""


class ModelNameInvalid(DomainError):
    """A model's name is empty, too long, or holds characters that no name holds."""


class AliasTaken(DomainError):
    """The name is a model with a price of its own, which would always come first."""

    kind = Kind.CONFLICT
