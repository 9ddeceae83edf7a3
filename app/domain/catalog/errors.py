"""Why a plan or a price may be refused."""

from app.foundation.errors import DomainError, InvalidFields, Kind


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


class UnknownAlias(DomainError):
    """No name like this stands for a model."""

    kind = Kind.NOT_FOUND


class UnknownPrice(DomainError):
    """No price with this id counts now or later."""

    kind = Kind.NOT_FOUND


class PriceBegun(DomainError):
    """The price counts already: usage may have cost it."""

    kind = Kind.CONFLICT


class PriceTableUnreadable(DomainError):
    """The file of prices cannot be read, or is no table of models."""

    kind = Kind.UNREADABLE


class PriceTableTooLarge(DomainError):
    """The file of prices is larger than any such table."""

    kind = Kind.TOO_LARGE


class PlanInvalid(InvalidFields):
    """A plan has fields that make no sense; `fields` says which and why."""


class PlanIdTaken(DomainError):
    """A plan with this id stands already."""

    kind = Kind.CONFLICT


class PayAsYouGoFixed(DomainError):
    """Pay as you go has no quota, no price and no discount: it is what others are compared with."""

    kind = Kind.CONFLICT
