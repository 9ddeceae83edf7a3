"""Why a usage record may be refused."""

from app.foundation.errors import DomainError, Kind


class UnknownRequest(DomainError):
    """No usage was recorded under this request id."""

    kind = Kind.NOT_FOUND


class UsageContended(DomainError):
    """Other accounts' posts kept taking the same request ids; the batch may be sent again."""

    kind = Kind.UNAVAILABLE
