"""How PayPal's API says no: a status, a name, and the issues that the SDK reads."""

from typing import Any, ClassVar

Json = dict[str, Any]


class Refusal(Exception):
    """A request that is answered with an error."""

    status: ClassVar[int] = 400
    name: ClassVar[str] = "INVALID_REQUEST"

    def __init__(self, issue: str, description: str, *, field: str = "") -> None:
        super().__init__(description)
        detail = {"issue": issue, "description": description}
        if field:
            detail |= {"field": field, "location": "body"}
        self.details = [detail]

    @property
    def body(self) -> Json:
        """Return the error as the API writes it."""
        return {"name": self.name, "message": str(self), "details": self.details, "links": []}


class RequestInvalid(Refusal):
    """The request makes no sense, whatever the state things are in."""


class Unprocessable(Refusal):
    """The request makes sense, but not in the state things are in."""

    status = 422
    name = "UNPROCESSABLE_ENTITY"


class NotFound(Refusal):
    """There is no such object, or no such address."""

    status = 404
    name = "RESOURCE_NOT_FOUND"


class NotInTheSandbox(Refusal):
    """PayPal could do this, but the sandbox cannot: better said than ignored."""

    def __init__(self, what: str, *, field: str = "") -> None:
        message = f"The local sandbox does not support {what}; PayPal itself does."
        super().__init__("SANDBOX_UNSUPPORTED", message, field=field)


class StillRunning(Refusal):
    """A request with the same id is still running."""

    status = 409
    name = "RESOURCE_CONFLICT"


class TooManyRequests(Refusal):
    """The caller asks too often."""

    status = 429
    name = "RATE_LIMIT_REACHED"


class ServerFailed(Refusal):
    """What a server says when it does not know itself what happened."""

    status = 500
    name = "INTERNAL_SERVER_ERROR"


def missing(field: str) -> RequestInvalid:
    """Refuse a request without something that must be there."""
    return RequestInvalid("MISSING_REQUIRED_PARAMETER", "A required field is missing.", field=field)


def malformed(field: str) -> RequestInvalid:
    """Refuse a value of a form it cannot have."""
    return RequestInvalid(
        "INVALID_PARAMETER_SYNTAX", "The value of a field does not conform to it.", field=field
    )


def no_such(what: str) -> NotFound:
    """Refuse an address that names nothing."""
    return NotFound("INVALID_RESOURCE_ID", f"There is no such {what}.")
