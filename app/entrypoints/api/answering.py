"""How answers are written: money as exact JSON numbers, moments in UTC with a Z, English texts."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
from flask import Response

from app.foundation.sentences import Sentence

JSON = "application/json"


def _in_english(value: object) -> str:
    """Return a sentence as programs read it, whatever their account's language is."""
    if isinstance(value, Sentence):
        return str(value)
    raise TypeError(f"no answer holds a {type(value).__name__}")


_encoder = msgspec.json.Encoder(decimal_format="number", enc_hook=_in_english)


def answer(body: Mapping[str, object], *, status: int = 200) -> Response:
    """Answer JSON that no cache keeps. Moments must be in UTC, or carry the offset to be shown."""
    response = Response(written(body), status, content_type=JSON)
    response.headers["Cache-Control"] = "no-store"
    return response


def written(body: Mapping[str, object]) -> bytes:
    """Return the JSON of an answer."""
    return _encoder.encode(body)


def moment_text(moment: datetime) -> str:
    """Return the moment as RFC 3339 in UTC; fractions only where there are any."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
