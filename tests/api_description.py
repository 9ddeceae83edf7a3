"""Holds every answer of the API, and every body it took, to the description that we publish."""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from typing import Any

from jsonschema_rs import Draft202012Validator
from werkzeug.test import TestResponse

from app.entrypoints.api.describing.document import CALLS, SHAPES, refusals_of
from app.entrypoints.api.describing.parts import PROBLEM, Call
from app.entrypoints.problems import MEDIA_TYPE

JSON = "application/json"


def undescribed(response: TestResponse) -> Iterator[str]:
    """Yield what the description does not say of an answer, or of what it answers."""
    request = response.request
    call = _call(request.method, request.path)
    if call is None:
        return
    status, shown = response.status_code, f"{call.method} {call.path} {response.status_code}"
    if status in call.answers:
        answered = call.answers[status]
        media_types = {answered.also, JSON if answered.shape else answered.media_type}
        if response.mimetype not in media_types and response.data:
            yield f"{shown} is {response.mimetype}"
        elif answered.shape and response.mimetype == JSON:
            yield from _faults(shown, answered.shape, response.data)
        yield from _body_faults(call, response)
    elif response.mimetype != MEDIA_TYPE or not 400 <= status < 500:
        # What nobody foresaw is none of the description's business: tests make such answers.
        if status < 500:
            yield f"{shown} is no problem, but {response.mimetype}"
    elif status not in refusals_of(call):
        yield f"{shown} is not described"
    else:
        yield from _faults(shown, PROBLEM, response.data)


def _body_faults(call: Call, response: TestResponse) -> Iterator[str]:
    # A batch is taken although some of its records are not what they should be.
    if call.body and response.data and not json.loads(response.data).get("rejected"):
        sent = response.request.environ["wsgi.input"]
        sent.seek(0)
        if body := sent.read():
            yield from _faults(f"the body of {call.method} {call.path}", call.body, body)


def _faults(shown: str, shape: str, document: bytes) -> Iterator[str]:
    if shape != "AnyJson":
        for error in _validator(shape).iter_errors(json.loads(document)):
            place = "".join(f"[{part!r}]" for part in error.instance_path)
            yield f"{shown}: ${place} {error.message[:200]}"


@cache
def _validator(shape: str) -> Draft202012Validator:
    schemas = {name: _closed(deepcopy(schema)) for name, schema in SHAPES.items()}
    return Draft202012Validator(
        {"$ref": f"#/components/schemas/{shape}", "components": {"schemas": schemas}}
    )


def _closed(schema: Any) -> Any:
    """Return the schema, refusing fields that it does not name: an answer has none in secret."""
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(value) for name, value in schema.items()}
    if "properties" in closed and closed.get("type") == "object":
        closed["additionalProperties"] = False
    return closed


@cache
def _patterns() -> list[tuple[re.Pattern[str], Call]]:
    # Plain addresses first: `generate` is no reference.
    ordered = sorted(CALLS, key=lambda call: "{" in call.path)
    return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", call.path)), call) for call in ordered]


def _call(method: str, path: str) -> Call | None:
    found = (call for pattern, call in _patterns() if pattern.fullmatch(path))
    return next((call for call in found if call.method == method), None)
