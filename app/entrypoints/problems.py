"""Problems as programs read them: `application/problem+json` (RFC 9457)."""

from collections.abc import Sequence
from http import HTTPStatus

import msgspec
from flask import Response, request
from werkzeug.exceptions import ClientDisconnected, HTTPException

from app.entrypoints.http_status import STATUS_BY_KIND
from app.foundation.errors import DomainError, FieldError, InvalidFields

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = {429: 60, 503: 5}

# What the framework itself refuses, in our words.
_WORDS = {
    400: ("request_unreadable", "The request could not be read."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take this method."),
    413: ("body_too_large", "The request body is too large."),
    415: ("media_type_unsupported", "This address does not take this media type."),
    500: ("internal_error", "Something went wrong on our side. It has been noted."),
}
_INCOMPLETE = ("body_incomplete", "Less came of the request body than its Content-Length says.")


def problem(status: int, *, code: str, detail: str, fields: Sequence[FieldError] = ()) -> Response:
    """Answer a problem; clients match on `code`, people read `detail`."""
    detail = sendable(detail)
    body: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        # The mission's clients read the detail under this name.
        "error": detail,
    }
    if fields:
        body["errors"] = [
            {"path": sendable(field.path), "code": field.code, "detail": sendable(field.detail)}
            for field in fields
        ]
    response = Response(msgspec.json.encode(body), status, content_type=MEDIA_TYPE)
    response.headers["Cache-Control"] = "no-store"
    if status in RETRY_AFTER_SECONDS:
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS[status])
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def refused(error: DomainError) -> Response:
    """Answer a refusal."""
    # What is wrong with a single field says more than that fields are wrong.
    sole = error.fields[0] if isinstance(error, InvalidFields) and len(error.fields) == 1 else None
    code = error.code if sole is None else sole.code
    status = STATUS_BY_KIND[error.kind]
    response = problem(status, code=code, detail=error.message, fields=error.fields)
    response.headers.update(retry_after(error))
    return response


def retry_after(error: DomainError) -> dict[str, str]:
    """Return the header that says when to come back, where the refusal knows it."""
    seconds = getattr(error, "retry_after_seconds", None)
    return {} if seconds is None else {"Retry-After": str(seconds)}


def http_error(error: HTTPException) -> Response:
    """Answer what the framework refused, or a bug; keep the headers that go with it."""
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    phrase = HTTPStatus(status).phrase
    code, detail = _WORDS.get(status, (phrase.lower().replace(" ", "_"), f"{phrase}."))
    if isinstance(error, ClientDisconnected):
        code, detail = _INCOMPLETE
    response = problem(status, code=code, detail=detail)
    for name, value in error.get_headers(request.environ):
        if name.lower() != "content-type":
            response.headers[name] = value
    return response


def sendable(text: str) -> str:
    """Return a text that may quote what a client sent, without what UTF-8 cannot carry."""
    return text.encode("utf-8", "replace").decode()


def store_away() -> Response:
    """Answer that the database cannot be reached right now."""
    detail = "The database cannot be reached right now. Please try again."
    return problem(503, code="store_away", detail=detail)
