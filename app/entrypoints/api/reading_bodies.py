"""How request bodies are read: as strict JSON, or refused with a reason that names the fault."""

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import NoReturn

from flask import request

from app.foundation.errors import FieldError, Kind, Refusal

JSON_MEDIA_TYPE = "application/json"
# How much of a name that a client sent is sent back.
SHOWN_LENGTH_MAX = 255
# Longer or larger numbers are no amount of anything; reading them would only cost time.
NUMBER_LENGTH_MAX = 400
EXPONENT_MAX = 400
NAME_SHOWN_MAX = 64


class Repeated(dict[str, object]):
    """A JSON object in which a key stands more than once."""

    def __init__(self, fields: dict[str, object], *, repeated_key: str) -> None:
        super().__init__(fields)
        self.repeated_key = repeated_key


def json_object() -> dict[str, object]:
    """Return the body, which must be one JSON object without repeated keys.

    Fractions are Decimals. Objects further in may be `Repeated`: the caller decides on those.
    """
    return json_object_in(body_of(JSON_MEDIA_TYPE))


def json_object_in(body: bytes) -> dict[str, object]:
    """Return the same of a body that has come."""
    value = json_value(body)
    if not isinstance(value, dict):
        raise Refusal("body_not_object", "The body must be a JSON object.")
    refuse_repeated(value)
    return value


def refuse_repeated(value: dict[str, object], *, path: str = "") -> None:
    """Refuse an object in which a key stands more than once."""
    if isinstance(value, Repeated):
        name = value.repeated_key[:NAME_SHOWN_MAX]
        detail = f"The field {name} stands more than once."
        fields = [FieldError(path + name, "field_repeated", detail)]
        raise Refusal("field_repeated", detail, fields=fields)


def refuse_unknown(value: Mapping[str, object], *, known: Collection[str]) -> None:
    """Refuse an object that holds a field which the call does not know."""
    for name in value:
        if name not in known:
            named = name[:SHOWN_LENGTH_MAX]
            raise field_refusal(named, "field_unknown", f"There is no field {named!r} here.")


def field_refusal(path: str, code: str, detail: str) -> Refusal:
    """Return the refusal of a body for one of its fields."""
    return Refusal(code, detail, fields=[FieldError(path, code, detail)])


def body_of(*media_types: str) -> bytes:
    """Return the body as it came, if it is of one of these media types and not compressed."""
    if request.mimetype not in media_types:
        raise _wrong_media_type(f"Send the body as {' or '.join(media_types)}.")
    if request.mimetype_params.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise _wrong_media_type("Send the body in UTF-8.")
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise _wrong_media_type("Send the body uncompressed.")
    return raw_body()


def raw_body() -> bytes:
    """Return the body as it came. Raises Refusal, or its HTTP twin, if it is too large."""
    body, longest = request.get_data(), request.max_content_length
    # A body whose length was not announced is cut off at the limit without a word.
    if request.content_length is None and longest is not None and len(body) >= longest:
        raise Refusal("body_too_large", "The request body is too large.", kind=Kind.TOO_LARGE)
    return body


def json_value(body: bytes) -> object:
    """Read a JSON document. Raises Refusal for what is not JSON to the letter."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise _unreadable(
            "body_not_utf8", f"The body is not UTF-8, at byte {error.start}."
        ) from error
    if text.startswith("\ufeff"):
        raise _unreadable("body_not_json", "The body begins with a byte order mark.")
    try:
        return _decoder.decode(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise _unreadable("body_not_json", f"The body is not JSON: see {place}.") from error
    except RecursionError as error:
        raise _unreadable("body_not_json", "The body is nested too deeply.") from error
    except ValueError as error:
        # Raised below, and by Python for whole numbers of more than 4,300 digits.
        detail = "The body is not JSON: it holds a number that is none, or far too long."
        raise _unreadable("body_not_json", detail) from error


def _object(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) == len(pairs):
        return fields
    repeated = Counter(key for key, _value in pairs).most_common(1)[0][0]
    return Repeated(fields, repeated_key=repeated)


def _fraction(text: str) -> Decimal:
    # The exponent is judged as text: Decimal itself refuses the largest ones in its own way.
    _mantissa, _e, exponent = text.lower().partition("e")
    if len(text) > NUMBER_LENGTH_MAX or abs(int(exponent or 0)) > EXPONENT_MAX:
        raise ValueError("a number beyond all amounts")
    return Decimal(text)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_decoder = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_fraction, parse_constant=_no_number
)


def _unreadable(code: str, detail: str) -> Refusal:
    return Refusal(code, detail, kind=Kind.UNREADABLE)


def _wrong_media_type(detail: str) -> Refusal:
    return Refusal("media_type_unsupported", detail, kind=Kind.WRONG_MEDIA_TYPE)
