"""What descriptions are made of: values, objects and calls. Schemas are JSON Schema 2020-12."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Json = dict[str, Any]

PROBLEM = "Problem"
JSON = "application/json"


class Caller(StrEnum):
    """Who may call, by the key he sends."""

    ANYONE = "anyone"
    CUSTOMER = "customer"
    GATEWAY = "gateway"
    OPERATOR = "operator"
    PROVIDER = "payment provider"


def text(says: str = "", *, choices: Collection[str] = (), example: str = "") -> Json:
    """Describe a text, which may be one of a few."""
    more: Json = {"enum": sorted(choices)} if choices else {}
    return _value("string", says, {**more, **({"examples": [example]} if example else {})})


def whole(says: str = "", *, least: int | None = None, most: int | None = None) -> Json:
    """Describe a whole number."""
    bounds = {"minimum": least, "maximum": most}
    return _value("integer", says, {k: v for k, v in bounds.items() if v is not None})


def number(says: str = "") -> Json:
    """Describe a number that may have decimals."""
    return _value("number", says, {})


def usd(says: str = "") -> Json:
    """Describe an amount of money."""
    return number(f"{says} In USD.".strip())


def truth(says: str = "") -> Json:
    """Describe what is true or false."""
    return _value("boolean", says, {})


def moment(says: str = "") -> Json:
    """Describe a moment in RFC 3339."""
    return _value("string", says, {"format": "date-time"})


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


@dataclass(frozen=True, slots=True)
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
    return Parameter(name, text(says), place="path", required=True)


def _value(kind: str, says: str, more: Json) -> Json:
    return {"type": kind, **({"description": says} if says else {}), **more}
