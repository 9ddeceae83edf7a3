"""The description of the whole API as an OpenAPI 3.1 document (spec.openapis.org/oas/v3.1.0)."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from app.domain.accounts.key_rules import Scope
from app.entrypoints.api.describing import (
    billing_shapes,
    customer_calls,
    gateway_calls,
    operator_calls,
    operator_shapes,
    problem_shapes,
    settings_shapes,
    usage_shapes,
)
from app.entrypoints.api.describing.parts import (
    JSON,
    PROBLEM,
    Answered,
    Call,
    Caller,
    Json,
    Parameter,
    ref,
    text,
)
from app.entrypoints.problems import MEDIA_TYPE as PROBLEM_MEDIA_TYPE

OPENAPI = "3.1.0"
# The version of the API: the 1 of /v1, and what was added since.
VERSION = "1.0.0"
CALLS: tuple[Call, ...] = (*customer_calls.CALLS, *gateway_calls.CALLS, *operator_calls.CALLS)
SHAPES: Mapping[str, Json] = {
    **problem_shapes.SHAPES,
    **usage_shapes.SHAPES,
    **billing_shapes.SHAPES,
    **settings_shapes.SHAPES,
    **operator_shapes.SHAPES,
}
# The bodies that are no other call's, so that they can be shown with the one whose they are.
OWN_BODIES = {call.body for call in CALLS if "properties" in SHAPES.get(call.body, {})}
KEYS = {
    Caller.CUSTOMER: "A customer's key, obl_sk_…, made on the page API keys.",
    Caller.GATEWAY: "A gateway's key, obl_gw_…, made by `billing keys create --gateway`.",
    Caller.OPERATOR: "An operator's key, obl_op_…, made by `billing keys create --operator`.",
}
IDEMPOTENCY_KEY = Parameter(
    name="Idempotency-Key",
    schema={
        **text(
            "1 to 255 visible characters: the same key and body replay the first answer.",
            pattern="[!-~]*",
        ),
        "minLength": 1,
        "maxLength": 255,
    },
    place="header",
)
# What may happen to every call of a kind, whatever it does.
REFUSED_OF_ALL = {405: "method_not_allowed", 503: "store_away"}
REFUSED_WITH_KEY = {401: "key_missing, key_malformed, key_unknown", 403: "wrong_kind_of_key"}
REFUSED_TOO_OFTEN = {429: "too_many_requests"}
REFUSED_WITH_BODY = {
    400: "body_not_json, body_not_utf8",
    413: "body_too_large",
    415: "media_type_unsupported",
    422: "field_missing, field_invalid, field_unknown, field_repeated, body_not_object",
}
# The body of a call that takes none is read all the same: by it a repeat is known.
REFUSED_WITHOUT_BODY = {413: "body_too_large"}
REFUSED_WITH_QUERY = {422: "parameter_unknown, parameter_repeated, and what `errors` names"}
REFUSED_REPEATS = {
    403: "key_is_read_only",
    409: "idempotency_key_in_use",
    422: "idempotency_key_reused",
}


def document(*, title: str, address: str) -> Json:
    """Return the whole description, for an installation of that name at that address."""
    paths: Json = {}
    for call in CALLS:
        paths.setdefault(call.path, {})[call.method.lower()] = _operation(call)
    return {
        "openapi": OPENAPI,
        "info": {
            "title": f"{title} billing",
            "version": VERSION,
            "description": (
                "Usage in, charts and invoices out. Times are RFC 3339 in UTC, money is JSON"
                " numbers in USD. Every refusal is a problem with a stable `code`."
            ),
        },
        "servers": [{"url": address}],
        "tags": [{"name": caller.value} for caller in Caller],
        "paths": paths,
        "components": {
            "schemas": dict(SHAPES),
            "securitySchemes": {
                caller.value: {"type": "http", "scheme": "bearer", "description": says}
                for caller, says in KEYS.items()
            },
        },
    }


def refusals_of(call: Call) -> dict[int, str]:
    """Return the codes with which a call may be refused, by status."""
    takes_key = any(caller in KEYS for caller in call.callers)
    applies = (
        (call.refusals, True),
        (REFUSED_WITH_BODY, bool(call.body)),
        (REFUSED_WITHOUT_BODY, call.changes and not call.body),
        (REFUSED_WITH_QUERY, call.method == "GET" and call.path.startswith("/v1/")),
        (REFUSED_REPEATS, call.changes),
        (REFUSED_WITH_KEY, takes_key),
        (REFUSED_TOO_OFTEN, takes_key and call.callers != (Caller.GATEWAY,)),
        (REFUSED_OF_ALL, True),
    )
    return _together([codes for codes, does in applies if does])


def refused_often() -> dict[int, str]:
    """Return the codes that are no call's own, by status."""
    of_bodies = [REFUSED_WITH_BODY, REFUSED_WITH_QUERY, REFUSED_REPEATS]
    return _together([*of_bodies, REFUSED_WITH_KEY, REFUSED_TOO_OFTEN, REFUSED_OF_ALL])


def scope_of(call: Call) -> Scope:
    """Return what a key must be allowed to make the call."""
    return Scope.WRITE if call.changes else Scope.READ


def _parameters_of(call: Call) -> tuple[Parameter, ...]:
    return (*call.parameters, IDEMPOTENCY_KEY) if call.changes else call.parameters


def _together(parts: Sequence[Mapping[int, str]]) -> dict[int, str]:
    codes: dict[int, str] = {}
    for part in parts:
        for status, said in part.items():
            codes[status] = f"{codes[status]}, {said}" if status in codes else said
    return dict(sorted(codes.items()))


def _operation(call: Call) -> Json:
    keys = [caller for caller in call.callers if caller in KEYS]
    may_go_without = bool(keys) and Caller.ANYONE in call.callers
    operation: Json = {
        "operationId": call.name,
        "summary": call.summary,
        "tags": [caller.value for caller in call.callers],
        "parameters": [_parameter(each) for each in _parameters_of(call)],
        "responses": _responses(call),
        # Of keys that are no OAuth, the list names the roles that are needed (OpenAPI 3.1, 4.8.30).
        "security": [{caller.value: [scope_of(call)]} for caller in keys]
        + ([{}] if may_go_without else []),
    }
    if call.says:
        operation["description"] = call.says
    if call.body:
        content = {media_type: {"schema": ref(call.body)} for media_type in call.body_media_types}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _parameter(parameter: Parameter) -> Json:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.required,
        "schema": parameter.schema,
    }


def _responses(call: Call) -> Json:
    answers = {str(status): _answer(answered) for status, answered in call.answers.items()}
    for status, codes in refusals_of(call).items():
        schema = {"schema": ref(PROBLEM)}
        told = f"{HTTPStatus(status).phrase}: {codes}."
        refused = {"description": told, "content": {PROBLEM_MEDIA_TYPE: schema}}
        answers.setdefault(str(status), refused)
    return answers


def _answer(answered: Answered) -> Json:
    content: Json = {}
    if answered.shape:
        content[JSON] = {"schema": ref(answered.shape)}
    elif answered.media_type != JSON:
        content[answered.media_type] = {"schema": {}}
    if answered.also:
        content[answered.also] = {"schema": {"type": "string"}}
    return {"description": answered.says, **({"content": content} if content else {})}
