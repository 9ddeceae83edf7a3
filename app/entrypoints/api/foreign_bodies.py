"""How bodies in the formats of others are read: forgivingly.

They carry what *their* callers sent: prompts, answers, headers. None of that may keep us from
reading the counts beside it, or one customer could make a gateway lose the usage of all others.
"""

import json
from collections.abc import Callable, Sequence
from functools import wraps

from flask import Response, request

from app.entrypoints.api.auth import Call
from app.foundation.errors import Kind, Refusal

# Longer numbers are no amount of anything, and Python refuses to read those of 4,300 digits.
NUMBER_LENGTH_MAX = 400


def takes_up_to(body_max_bytes: int) -> Callable[[Call], Call]:
    """Let a call take larger bodies than others may; it stands above whom the call is for.

    Before anybody is let in, the body is read.
    """

    def taking(call: Call) -> Call:
        @wraps(call)
        def taken(**route: object) -> Response:
            request.max_content_length = body_max_bytes
            return call(**route)

        return taken

    return taking


def refuse_too_many(events: Sequence[object], *, most: int) -> None:
    """Refuse a body that holds more events than one transaction should."""
    if len(events) > most:
        detail = f"A post holds at most {most:,} events, this one {len(events):,}."
        raise Refusal("too_many_records", detail, kind=Kind.TOO_LARGE)


class BrokenLine:
    """A line of an ndjson body that is no JSON object."""


def foreign_value(body: bytes) -> object:
    """Read a JSON document; whatever is no number to us becomes null. Raises Refusal."""
    try:
        return _decoder.decode(body.decode().strip())
    except UnicodeDecodeError as error:
        raise _unreadable(f"The body is not UTF-8, at byte {error.start}.") from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise _unreadable(f"The body is not JSON: see {place}.") from error
    except RecursionError as error:
        raise _unreadable("The body is nested too deeply.") from error


def foreign_values(body: bytes) -> list[object]:
    """Read a JSON array, a single object, or ndjson. Raises Refusal.

    A broken line of ndjson stands for itself, so that its neighbours are not lost.
    """
    lines = [line for line in body.splitlines() if line.strip()]
    if len(lines) > 1 and lines[0].lstrip().startswith(b"{"):
        values = [_line(line) for line in lines]
        if not all(isinstance(value, BrokenLine) for value in values):
            return values
    value = foreign_value(body)
    return value if isinstance(value, list) else [value]


def _line(line: bytes) -> object:
    try:
        value = _decoder.decode(line.decode().strip())
    except (ValueError, RecursionError):
        return BrokenLine()
    return value if isinstance(value, dict) else BrokenLine()


def _whole(text: str) -> int | None:
    return int(text) if len(text) <= NUMBER_LENGTH_MAX else None


def _fraction(text: str) -> float | None:
    number = float(text)
    return number if abs(number) != float("inf") else None


def _no_number(name: str) -> None:
    """Python writes NaN and Infinity, which are not JSON."""


_decoder = json.JSONDecoder(parse_int=_whole, parse_float=_fraction, parse_constant=_no_number)


def _unreadable(detail: str) -> Refusal:
    return Refusal("body_not_json", detail, kind=Kind.UNREADABLE)
