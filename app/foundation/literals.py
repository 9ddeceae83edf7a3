"""How PostgreSQL reads many values at once: a column as an array, or rows as lines for COPY.

The driver writes both too, one Python call per value. An array literal and a line of CSV are
nearly JSON, which is written in a twentieth of the time.
"""

import json
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime

import msgspec

# What COPY has to be told to read `copy_lines`.
COPY_OPTIONS = r"""(FORMAT csv, NULL 'null', ESCAPE '\')"""
TAKEN = (str, int, date, dict, list, type(None))
# Their JSON is what PostgreSQL reads.
AS_THEY_ARE = {str, int, bool, type(None)}
ESCAPE = re.compile(rb'\\(?:["\\]|u[0-9a-f]{4}|.)')
_encoder = msgspec.json.Encoder()


def array_literal(values: Iterable[object]) -> str:
    """Return the values as `{1,null,"a text"}`, as the PostgreSQL manual has it (8.15.6).

    Takes texts, whole numbers, truths, dates, moments, JSON and None. Raises TypeError for others.
    """
    return "{" + _unescaped(_encoder.encode(_writable(values))[1:-1]).decode() + "}"


def copy_lines(rows: Sequence[Sequence[object]]) -> bytes:
    """Return the rows as COPY reads them with COPY_OPTIONS.

    Takes what array_literal takes.
    """
    columns = map(_writable, zip(*rows, strict=True))
    # Of what is no list, msgspec 0.22 keeps the iterator for ever: 3 kB of each part.
    lines = _encoder.encode_lines(list(zip(*columns, strict=True)))
    # No text holds a line's end: JSON writes it as an escape.
    return _unescaped(lines[1:-2].replace(b"]\n[", b"\n")) + b"\n"


def _writable(values: Iterable[object]) -> Sequence[object]:
    """Return a column whose JSON is what PostgreSQL reads too."""
    column = list(values)
    kinds = set(map(type, column))
    if kinds <= AS_THEY_ARE:
        return column
    for kind in kinds:
        if not issubclass(kind, TAKEN):
            raise TypeError(f"PostgreSQL is never given a {kind.__name__} here")
    if datetime in kinds:
        return [_in_utc(value) for value in column]
    if dict in kinds or list in kinds:
        return [json.dumps(value) if isinstance(value, dict | list) else value for value in column]
    return column


def _in_utc(value: object) -> object:
    # JSON would round an offset of the nineteenth century to minutes.
    if isinstance(value, datetime) and value.tzinfo is not UTC:
        return value.astimezone(UTC)
    return value


def _unescaped(text: bytes) -> bytes:
    r"""Return JSON without the escapes that PostgreSQL does not know, all but `\\` and `\"`."""
    return ESCAPE.sub(_character, text) if b"\\" in text else text


def _character(escape: re.Match[bytes]) -> bytes:
    return escape[0] if escape[0] in (rb"\\", rb"\"") else json.loads(b'"%b"' % escape[0]).encode()
