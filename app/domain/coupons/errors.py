"""Why a coupon may be refused."""

from app.foundation.errors import DomainError, InvalidFields, Kind


class CouponNotFound(DomainError):
    """No coupon has this code."""

    kind = Kind.NOT_FOUND


class CouponInactive(DomainError):
    """The coupon has been switched off."""


class CouponNotStarted(DomainError):
    """The coupon's time has not begun."""


class CouponExpired(DomainError):
    """The coupon's time is over."""


class CouponUsedUp(DomainError):
    """Everything there was of the coupon has been redeemed."""


class CouponAlreadyUsed(DomainError):
    """The account has redeemed the coupon as often as one account may."""


class CouponWrongPlan(DomainError):
    """The coupon is for other plans than the account's."""


class TooManyCouponGuesses(DomainError):
    """The account has tried too many codes that do not exist."""

    kind = Kind.TOO_MANY
    retry_after_seconds = 3600


class CouponCodeInvalid(DomainError):
    """A code is too short, too long, or holds characters that no code holds."""


class CouponInvalid(InvalidFields):
    """A coupon has fields that make no sense; `fields` says which and why."""


class CouponCodeTaken(DomainError):
    """A coupon with this code stands already."""

    kind = Kind.CONFLICT


class CouponTermsFixed(DomainError):
    """The coupon has been redeemed: what it gives can no longer change."""

    kind = Kind.CONFLICT
