"""Why a coupon may be refused."""

from app.foundation.errors import DomainError, Kind


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
