"""How the fields of a JSON object are read: each strictly, and everything that is wrong at once.

A body is declared once. By its declaration it is read, and by the same one it is described. What a
field may mean is the domain's business; here it is a text, a number, a moment or a list.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.domain.accounts.rules import UNSTORABLE
from app.entrypoints.api.describing import parts
from app.entrypoints.api.describing.parts import Json
from app.entrypoints.api.reading_bodies import SHOWN_LENGTH_MAX, field_refusal, refuse_unknown
from app.entrypoints.moments import in_utc
from app.foundation.errors import FieldError, InvalidFields

TEXT_LENGTH_MAX = 2_000
LIST_LENGTH_MAX = 100
WHOLE_MAX = 2**63 - 1
MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
    r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)
# What least and most are called, by what they bound.
BOUNDS = {"string": ("minLength", "maxLength"), "array": ("minItems", "maxItems")}
BOUNDS_OF_NUMBERS = ("minimum", "maximum")


@dataclass(frozen=True, slots=True)
class Shape:
    """What a field must be; `read` raises ValueError for anything else."""

    read: Callable[[object], object]
    wanted: str
    schema: Json
    # Under which code it is refused; without one, the field's name says it.
    code: str = ""

    def or_null(self, says: str = "") -> "Shape":
        """Return the shape of a field that may be null, too, and what null means."""
        return replace(
            self,
            read=lambda value: None if value is None else self.read(value),
            wanted=f"{self.wanted}, or null",
            schema=parts.or_null(self.schema, says),
        )

    def said(self, says: str = "", *, example: str = "") -> "Shape":
        """Return the shape with what it means, and how it may look."""
        told: Json = {"description": says} if says else {}
        told |= {"examples": [example]} if example else {}
        return replace(self, schema={**self.schema, **told})

    def within(self, least: Decimal | int, most: Decimal | int) -> "Shape":
        """Return the shape with the bounds of the domain, which refuses the rest in its words."""
        lower, upper = BOUNDS.get(self.schema["type"], BOUNDS_OF_NUMBERS)
        assert (least, most) == (int(least), int(most)), "described in whole numbers"
        bounded = {**self.schema, lower: int(least), upper: int(most)}
        is_seen = least and self.schema["type"] == "string"
        return replace(self, schema=parts.seen(bounded) if is_seen else bounded)

    def above_0(self, most: Decimal | int) -> "Shape":
        """Return the shape of numbers that the domain takes above 0 alone, up to its bound."""
        return replace(self, schema={**self.schema, "exclusiveMinimum": 0, "maximum": int(most)})

    def one_of(self, words: Collection[str]) -> "Shape":
        """Return the shape of texts of which something else knows a few only."""
        kept = {name: self.schema[name] for name in self.schema if name in ("type", "description")}
        return replace(self, schema={**kept, "enum": sorted(words)})

    def each(self, shape: "Shape") -> "Shape":
        """Return the shape of lists of such as the domain takes alone."""
        return replace(self, schema={**self.schema, "items": shape.schema})

    def like(self, pattern: str) -> "Shape":
        """Return the shape of texts that the domain takes in this way of writing alone."""
        kept = {name: self.schema[name] for name in self.schema if name not in BOUNDS["string"]}
        return replace(self, schema={**kept, "pattern": f"^(?:{pattern})$"})


@dataclass(frozen=True, slots=True)
class Body:
    """An object that is sent: what it is for, its fields, and which of them it must hold."""

    says: str
    fields: Mapping[str, Shape]
    required: Collection[str] = ()

    @property
    def schema(self) -> Json:
        """Return the description."""
        described = {name: shape.schema for name, shape in self.fields.items()}
        needed = {name: described[name] for name in self.required}
        return parts.sent(
            self.says, needed, {n: described[n] for n in described if n not in needed}
        )

    def read(self, body: Mapping[str, object]) -> dict[str, Any]:
        """Return the fields that are named, read. Raises InvalidFields for all that is wrong."""
        return read_fields(body, self.fields, required=self.required)


@dataclass(frozen=True, slots=True)
class ShortBody:
    """An object of few fields: its first fault refuses it, and null stands for nothing."""

    says: str
    required: Mapping[str, Shape]
    optional: Mapping[str, Shape] | None = None

    @property
    def schema(self) -> Json:
        """Return the description."""
        return parts.sent(
            self.says,
            {name: shape.schema for name, shape in self.required.items()},
            {name: shape.or_null().schema for name, shape in (self.optional or {}).items()},
        )

    def read(self, body: Mapping[str, object]) -> dict[str, Any]:
        """Return the fields that say something, read. Raises Refusal."""
        fields = {**self.required, **(self.optional or {})}
        refuse_unknown(body, known=fields)
        found: dict[str, Any] = {}
        for name, shape in fields.items():
            if body.get(name) is not None:
                found[name] = _read_or_refuse(name, shape, body[name])
            elif name in self.required:
                raise field_refusal(name, "field_missing", f"{name} is required.")
        return found


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
            faults.append(_fault(name, shapes[name]))
    for name in required:
        if name not in body:
            faults.append(FieldError(name, "field_missing", f"{name} is required."))
    if faults:
        raise InvalidFields(" ".join(fault.detail for fault in faults), fields=faults)
    return found


def _read_or_refuse(name: str, shape: Shape, value: object) -> object:
    try:
        return shape.read(value)
    except ValueError as error:
        fault = _fault(name, shape)
        raise field_refusal(name, fault.code, fault.detail) from error


def _fault(name: str, shape: Shape) -> FieldError:
    return FieldError(name, shape.code or f"{name}_invalid", f"{name} must be {shape.wanted}.")


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > TEXT_LENGTH_MAX or UNSTORABLE.search(value):
        raise ValueError("no text that can be stored")
    return value


def _any_text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("no text")
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


TEXT = Shape(
    _text,
    f"a text of at most {TEXT_LENGTH_MAX:,} visible characters",
    parts.line(most=TEXT_LENGTH_MAX, least=0),
)
# A name of something that is looked up: what there is not is refused by whoever looks.
NAME = Shape(_any_text, "a text", parts.text(), code="field_invalid")
WHOLE = Shape(_whole, "a whole number", parts.whole(least=-WHOLE_MAX, most=WHOLE_MAX))
NUMBER = Shape(_number, "a number", parts.number())
USD = Shape(_number, "a number", parts.usd())
TRUTH = Shape(_truth, "true or false", parts.truth())
MOMENT_WITH_ZONE = Shape(
    _moment, "a moment with a zone, such as 2026-12-01T00:00:00Z", parts.moment()
)
TEXTS = Shape(
    _texts,
    f"a list of at most {LIST_LENGTH_MAX} texts",
    {**parts.listed(TEXT.schema), "maxItems": LIST_LENGTH_MAX},
)
