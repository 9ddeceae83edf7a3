"""How the fields of a JSON object are read: each strictly, and everything that is wrong at once.

What a field may mean is the domain's business; here it is a text, a number, a moment or a list.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.domain.accounts.rules import UNSTORABLE
from app.entrypoints.api.reading_bodies import SHOWN_LENGTH_MAX
from app.entrypoints.moments import in_utc
from app.foundation.errors import FieldError, InvalidFields

TEXT_LENGTH_MAX = 2_000
LIST_LENGTH_MAX = 100
WHOLE_MAX = 2**63 - 1
MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
    r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a field must be; `read` raises ValueError for anything else."""

    read: Callable[[object], object]
    wanted: str

    def or_null(self) -> "Shape":
        """Return the shape of a field that may be null, too."""
        return Shape(
            lambda value: None if value is None else self.read(value), f"{self.wanted}, or null"
        )


def read_fields(
    body: Mapping[str, object], shapes: Mapping[str, Shape], *, required: Collection[str] = ()
) -> dict[str, Any]:
    """Return the fields that the body names, read. Raises InvalidFields."""
    faults, found = [], {}
    for name, value in body.items():
        shown = name[:SHOWN_LENGTH_MAX]
        if name not in shapes:
            detail = f"There is no field {shown!r} here."
            faults.append(FieldError(shown, "field_unknown", detail))
            continue
        try:
            found[name] = shapes[name].read(value)
        except ValueError:
            detail = f"{name} must be {shapes[name].wanted}."
            faults.append(FieldError(name, f"{name}_invalid", detail))
    for name in required:
        if name not in body:
            faults.append(FieldError(name, "field_missing", f"{name} is required."))
    if faults:
        raise InvalidFields(" ".join(fault.detail for fault in faults), fields=faults)
    return found


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > TEXT_LENGTH_MAX or UNSTORABLE.search(value):
        raise ValueError("no text that can be stored")
    return value


def _whole(value: object) -> int:
    # 100.0 is a whole number to JSON.
    if isinstance(value, Decimal) and value == value.to_integral_value():
        value = int(value)
    if type(value) is not int or abs(value) > WHOLE_MAX:
        raise ValueError("no whole number")
    return value


def _number(value: object) -> Decimal | int:
    if not isinstance(value, Decimal) and type(value) is not int:
        raise ValueError("no number")
    return value


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("neither true nor false")
    return value


def _moment(value: object) -> datetime:
    if not isinstance(value, str) or not MOMENT.fullmatch(value):
        raise ValueError("no moment with a zone")
    return in_utc(datetime.fromisoformat(value.upper()))


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > LIST_LENGTH_MAX:
        raise ValueError("no list")
    return tuple(_text(each) for each in value)


TEXT = Shape(_text, f"a text of at most {TEXT_LENGTH_MAX:,} visible characters")
WHOLE = Shape(_whole, "a whole number")
NUMBER = Shape(_number, "a number")
TRUTH = Shape(_truth, "true or false")
MOMENT_WITH_ZONE = Shape(_moment, "a moment with a zone, such as 2026-12-01T00:00:00Z")
TEXTS = Shape(_texts, f"a list of at most {LIST_LENGTH_MAX} texts")
