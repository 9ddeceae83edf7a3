"""Why a coupon may be refused."""

from app.foundation.errors import DomainError, InvalidFields, Kind


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


class CouponNotFound(DomainError):
    """There is no coupon with this code."""

    kind = Kind.NOT_FOUND
