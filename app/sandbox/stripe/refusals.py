"""How the API says no: a status, and an error object of the shape the SDK reads."""

from typing import Any, ClassVar

Json = dict[str, Any]


class Refusal(Exception):
    """A request that is answered with an error."""

    status: ClassVar[int] = 400
    type: ClassVar[str] = "invalid_request_error"
    # Of most refused requests nothing remains; a declined charge leaves its trace.
    keeps_effects: ClassVar[bool] = False

    def __init__(self, message: str, *, code: str = "", param: str = "") -> None:
        super().__init__(message)
        self.error: Json = {"type": self.type, "message": message}
        if code:
            self.error["code"] = code
        if param:
            self.error["param"] = param


class RequestInvalid(Refusal):
    """The request makes no sense as it stands, or not in the state things are in."""


class ParameterUnknown(Refusal):
    """A parameter does not exist in this version of the API."""

    def __init__(self, param: str) -> None:
        super().__init__(
            f"Received unknown parameter: {param}", code="parameter_unknown", param=param
        )


class ParameterMissing(Refusal):
    """A parameter that the API cannot do without was not sent."""

    def __init__(self, param: str) -> None:
        super().__init__(f"Missing required param: {param}.", code="parameter_missing", param=param)


class ParameterInvalid(Refusal):
    """A parameter has a value that it cannot have."""


class NotInTheSandbox(Refusal):
    """Stripe could do this, but the sandbox cannot: better said than ignored."""

    def __init__(self, what: str, *, param: str = "") -> None:
        message = f"The local sandbox does not support {what}; Stripe itself does."
        super().__init__(message, code="sandbox_unsupported", param=param)


class KeyRefused(Refusal):
    """Nobody may come in with this key."""

    status = 401


class NotFound(Refusal):
    """There is no such object, or no such address."""

    status = 404


class CardDeclined(Refusal):
    """The bank said no. The attempt itself is kept."""

    status = 402
    type = "card_error"
    keeps_effects = True


class IdempotencyKeyReused(Refusal):
    """The key has been used with other parameters."""

    type = "idempotency_error"


class IdempotencyKeyInUse(Refusal):
    """A request with the same key is still running."""

    status = 409
    type = "idempotency_error"


class RequestTooLarge(Refusal):
    """No request to this API is that long."""

    status = 413


class TooManyRequests(Refusal):
    """The caller asks too often."""

    status = 429


class ServerFailed(Refusal):
    """What a server says when it does not know itself what happened."""

    status = 500
    type = "api_error"


def parameter_empty(param: str) -> ParameterInvalid:
    """Refuse an empty text where there must be something."""
    message = f"You passed an empty string for '{param}', which cannot be unset."
    return ParameterInvalid(message, code="parameter_invalid_empty", param=param)


def no_such(kind: str, id: str, *, param: str) -> RequestInvalid:
    """Refuse a parameter that names an object which does not exist."""
    return RequestInvalid(_no_such(kind, id), code="resource_missing", param=param)


def not_found(kind: str, id: str) -> NotFound:
    """Refuse an address that names an object which does not exist."""
    return NotFound(_no_such(kind, id), code="resource_missing", param="id")


def _no_such(kind: str, id: str) -> str:
    return f"No such {kind}: '{id}'"
