"""Bodies that are cut short are refused, and never taken for whole."""

from contextlib import suppress

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

# Under this name servers say that their stream ends by itself, wherever that is.
ENDS_BY_ITSELF = "wsgi.input_terminated"
DRAINED_MAX_BYTES = 256 * 1024


def register_whole_bodies(app: Flask) -> None:
    """Have every body read against the length that was announced for it."""
    app.before_request(_expect_what_was_announced)
    app.after_request(_read_to_the_end)


def _expect_what_was_announced() -> None:
    # A sender who breaks off ends the stream as well. Where the length is counted, the framework
    # refuses to read less than that: as a form, as JSON, or as it came.
    if request.content_length is not None:
        request.environ.pop(ENDS_BY_ITSELF, None)


def _read_to_the_end(response: Response) -> Response:
    """Take in what is left of a small body that was refused unread.

    Else the server closes the connection, on which a proxy may have sent somebody else's request.
    """
    if 0 < (request.content_length or 0) <= DRAINED_MAX_BYTES:
        with suppress(HTTPException, OSError):
            request.get_data(cache=False)
    return response
