"""What descriptions are made of: values, objects and calls. Schemas are JSON Schema 2020-12."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Json = dict[str, Any]

PROBLEM = "Problem"
JSON = "application/json"
# Written so that every reader of JSON Schema has the same idea of them.
_DAY = "[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:[.][0-9]{1,9})?"
MOMENT = f"{_DAY}[Tt]{_TIME}(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
MONTH = "[0-9]{4}-(?:0[1-9]|1[0-2])"
_STORED = r"[^\x00-\x1f\x7f\u2028\u2029]"
_SEEN = r"[^\s\x00-\x1f\x7f\u2028\u2029]"


class Caller(StrEnum):
    """Who may call, by the key he sends."""

    ANYONE = "anyone"
    CUSTOMER = "customer"
    GATEWAY = "gateway"
    OPERATOR = "operator"
    PROVIDER = "payment provider"


def text(
    says: str = "", *, choices: Collection[str] = (), example: str = "", pattern: str = ""
) -> Json:
    """Describe a text, which may be one of a few, or written in a certain way."""
    more: Json = {"enum": sorted(choices)} if choices else {}
    more |= {"pattern": f"^{pattern}$"} if pattern else {}
    return _value("string", says, {**more, **({"examples": [example]} if example else {})})


def line(says: str = "", *, most: int, least: int = 1, example: str = "") -> Json:
    """Describe a text that is sent: what it holds can be stored."""
    described = text(says, example=example, pattern=f"{_STORED}*")
    return {**described, **({"minLength": least} if least else {}), "maxLength": most}


def seen(schema: Json) -> Json:
    """Describe a text of which something can be seen."""
    return {**schema, "pattern": f"^{_STORED}*{_SEEN}{_STORED}*$"}


def day_or_moment(says: str) -> Json:
    """Describe a date or an instant."""
    return text(says, pattern=f"(?:{_DAY}|{MOMENT})", example="2026-11-05")


def whole(says: str = "", *, least: int | None = None, most: int | None = None) -> Json:
    """Describe a whole number."""
    bounds = {"minimum": least, "maximum": most}
    return _value("integer", says, {k: v for k, v in bounds.items() if v is not None})


def number(says: str = "", *, least: int | None = None, most: int | None = None) -> Json:
    """Describe a number that may have decimals."""
    return {**whole(says, least=least, most=most), "type": "number"}


def usd(says: str = "", *, least: int | None = None, most: int | None = None) -> Json:
    """Describe an amount of money."""
    return number(f"{says} In USD.".strip(), least=least, most=most)


def truth(says: str = "") -> Json:
    """Describe what is true or false."""
    return _value("boolean", says, {})


def moment(says: str = "") -> Json:
    """Describe a moment in RFC 3339."""
    return _value("string", says, {"format": "date-time", "pattern": f"^{MOMENT}$"})


def month(says: str = "") -> Json:
    """Describe a month."""
    return text(says, example="2026-11", pattern=MONTH)


def listed(items: Json, says: str = "") -> Json:
    """Describe a list."""
    return _value("array", says, {"items": items})


def or_null(schema: Json, says: str = "") -> Json:
    """Describe what may be null instead, and what null means."""
    null_says = {"description": f"{schema.get('description', '')} {says}".strip()} if says else {}
    if "$ref" in schema:
        return {"anyOf": [schema, {"type": "null"}], **null_says}
    more = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return {**schema, "type": [schema["type"], "null"], **more, **null_says}


def free(says: str) -> Json:
    """Describe an object whose fields are not ours to say."""
    return _value("object", says, {})


def ref(name: str) -> Json:
    """Refer to a named shape."""
    return {"$ref": f"#/components/schemas/{name}"}


def shape(
    says: str, required: Mapping[str, Json], optional: Mapping[str, Json] | None = None
) -> Json:
    """Describe an object by its fields."""
    return {
        "type": "object",
        "description": says,
        "properties": {**required, **(optional or {})},
        **({"required": list(required)} if required else {}),
    }


def sent(
    says: str, required: Mapping[str, Json], optional: Mapping[str, Json] | None = None
) -> Json:
    """Describe an object that is sent to us: what it does not name is refused."""
    return {**shape(says, required, optional), "additionalProperties": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """What an address or its query string names."""

    name: str
    schema: Json
    place: str = "query"
    required: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """What is answered under a status: a named shape, another media type, or nothing."""

    says: str
    shape: str = ""
    media_type: str = JSON
    # Beside JSON, such as text/csv.
    also: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One method of one address."""

    method: str
    path: str
    name: str
    callers: tuple[Caller, ...]
    summary: str
    answers: Mapping[int, Answered]
    says: str = ""
    # The named shape of the body, and how it may be sent.
    body: str = ""
    body_media_types: tuple[str, ...] = (JSON,)
    parameters: tuple[Parameter, ...] = ()
    # Codes that are this call's own, by status.
    refusals: Mapping[int, str] = field(default_factory=dict)
    # Whether it takes an Idempotency-Key.
    changes: bool = False


def path_parameter(name: str, says: str) -> Parameter:
    """Describe what stands in the address."""
    return Parameter(name=name, schema=text(says), place="path", required=True)


def _value(kind: str, says: str, more: Json) -> Json:
    return {"type": kind, **({"description": says} if says else {}), **more}
