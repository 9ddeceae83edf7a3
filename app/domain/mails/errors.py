"""Why a mail may not get out."""

from app.foundation.errors import DomainError, Kind


class UnknownMail(DomainError):
    """The account has no such mail."""

    kind = Kind.NOT_FOUND


class AddressRefused(DomainError):
    """The mail server will never take this mail for this address."""


class MailServerAway(DomainError):
    """The mail server cannot be reached, or does not take the mail now."""

    kind = Kind.UNAVAILABLE
