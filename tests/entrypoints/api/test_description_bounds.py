"""What is described is checked, and what is checked is described: field by field, bound by bound.

The cases are made of the description, and the app is asked. What lies at a bound is taken, or
refused for something else; one step beyond is refused, by the field's name.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.domain.accounts.models import Account
from app.entrypoints import limiting
from app.entrypoints.api.describing.document import CALLS, SHAPES
from app.entrypoints.api.describing.parts import Call, Caller, Json, Parameter
from app.entrypoints.gateways import GATEWAYS
from app.foundation.secret_keys import KeyKind
from tests.databases import on_sqlite
from tests.factories.accounts import make_account
from tests.factories.bearers import bearer
from tests.fakes.payment_gateway import FakeGateway

# Bodies that are taken; # is another number each time.
BODIES: dict[str, Json] = {
    "UsagePost": {
        "user_id": "cleo",
        "request_id": "req-#",
        "model": "gpt-4",
        "prompt_tokens": 1,
        "completion_tokens": 1,
    },
    "VoidPost": {"request_id": "req-0", "reason": "wrong"},
    "EstimatePost": {
        "user_id": "cleo",
        "model": "gpt-4",
        "prompt_tokens": 1,
        "completion_tokens": 1,
    },
    "PreviewPost": {"plan_id": "plan-pro"},
    "SwitchPost": {"plan_id": "plan-pro"},
    "GeneratePost": {"billing_month": "2026-11"},
    "CheckoutPost": {"provider": "stripe"},
    "CouponPost": {"coupon_code": "SAVE50"},
    "TopUpPost": {"amount": 10},
    "SettingsPut": {},
    "CustomerPut": {},
    "AdjustmentPost": {"tokens": 1, "reason": "a present"},
    "PlanPost": {
        "id": "plan-a#",
        "name": "A",
        "monthly_quota": 1,
        "monthly_price": 1,
    },
    "PlanPut": {},
    "PricePost": {"model_id": "m-#", "prompt_price_per_k": 1, "completion_price_per_k": 1},
    "NewCouponPost": {
        "code": "C-#",
        "type": "free_tokens",
        "value": 1,
        "max_uses": 1,
        "expires_at": "2099-01-01T00:00:00Z",
    },
    "CouponPut": {"type": "free_tokens"},
    "TaxPut": {"name": "USt", "percent": 19},
}
# A record is looked at where it is posted alone.
RECORD = {"UsagePost": "UsageRecord"}
ROUTES = {"user_id": "cleo", "plan_id": "plan-pro", "code": "HELD", "country": "DE",
          "reference": "none"}  # fmt: skip
KEYS = {
    Caller.CUSTOMER: (KeyKind.CUSTOMER, "cleo"),
    Caller.GATEWAY: (KeyKind.GATEWAY, None),
    Caller.OPERATOR: (KeyKind.OPERATOR, "olga"),
}
WITH_BODY = [call for call in CALLS if call.body not in ("", "AnyJson")]
_numbers = count(1)

Ask = Callable[..., TestResponse]
pytestmark = on_sqlite


@dataclass(frozen=True)
class Step:
    """What a field is sent as, and whether that is within what is described."""

    name: str
    value: Any
    is_within: bool
    why: str

    def __str__(self) -> str:
        return f"{self.why}: {str(self.value)[:40]!r}"


@pytest.fixture
def ask(
    client: FlaskClient, app: Flask, olga: Account, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> Ask:
    """Make a call with a key that it takes; however many are made, none is too many."""
    make_account("cleo", now=now, plan_id="plan-pro")
    app.config[GATEWAYS] = {"stripe": FakeGateway(), "paypal": FakeGateway(provider="paypal")}
    monkeypatch.setattr(limiting, "spend", lambda *_: None)
    keys = {caller: bearer(kind, user_id=user) for caller, (kind, user) in KEYS.items()}
    made = {**BODIES["NewCouponPost"], "code": ROUTES["code"]}
    client.post("/v1/billing/operator/coupons", json=made, headers=keys[Caller.OPERATOR])

    def ask(call: Call, body: Json | None = None, query: dict[str, str] | None = None) -> Any:
        path = re.sub(r"\{(\w+)\}", lambda name: ROUTES[name[1]], call.path)
        headers = keys.get(call.callers[0], {})
        return client.open(path, method=call.method, json=body, query_string=query, headers=headers)

    return ask


def a_body(shape: str) -> Json:
    text = json.dumps(BODIES[shape]).replace("#", str(next(_numbers)))
    body: Json = json.loads(text)
    return body


def properties_of(shape: str) -> dict[str, Json]:
    described: dict[str, Json] = SHAPES[RECORD.get(shape, shape)]["properties"]
    return described


def steps(name: str, schema: Json) -> Iterator[Step]:
    """Yield values of other kinds, and what lies at each bound of a field or beyond."""
    if "type" not in schema:
        yield Step(name, 1, True, "anything")
        return
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    yield Step(name, {"no": "such"}, False, "an object")
    yield Step(name, None, "null" in kinds, "null")
    yield from (Step(name, value, False, f"not {kinds[0]}") for value in OF_OTHER_KINDS[kinds[0]])
    yield from bounds(name, schema)
    if "items" in schema:
        for step in steps(name, schema["items"]):
            yield Step(name, [step.value], step.is_within, f"a list with {step.why}")
    if "uniqueItems" in schema:
        yield Step(name, [1, 1], False, "a list with the same twice")


def bounds(name: str, schema: Json) -> Iterator[Step]:
    """Yield values at each bound, and one step beyond."""
    if "enum" in schema:
        yield from (Step(name, word, True, "a word") for word in schema["enum"] if word)
        yield Step(name, "no such word", False, "no word")
        return
    for bound, made in MADE.items():
        if bound in schema:
            at, beyond = made(schema[bound], schema)
            yield from (Step(name, value, True, f"at {bound}") for value in at)
            yield from (Step(name, value, False, f"beyond {bound}") for value in beyond)


def _entries(number: int, schema: Json) -> list[object]:
    inner = schema["items"]
    if inner["type"] == "integer":
        return list(range(inner["minimum"], inner["minimum"] + number))
    return [f"a{number}" for number in range(number)]


OF_OTHER_KINDS: dict[str, tuple[object, ...]] = {
    "string": (5, []),
    "integer": ("5", 1.5),
    "number": ("5", True),
    "boolean": ("true", 1),
    "array": ("a", 5),
}
# What lies at a bound, and what beyond it.
MADE: dict[str, Callable[[Any, Json], tuple[list[Any], list[Any]]]] = {
    "minimum": lambda least, _: ([least], [least - 1]),
    "maximum": lambda most, _: ([most], [most + 1]),
    "exclusiveMinimum": lambda least, _: ([least + 1], [least]),
    "minLength": lambda least, _: (["x" * least], ["x" * (least - 1)] if least else []),
    "maxLength": lambda most, _: (["x" * most], ["x" * (most + 1)]),
    "maxItems": lambda most, schema: ([_entries(most, schema)], [_entries(most + 1, schema)]),
    "pattern": lambda _, schema: (schema.get("examples", []), ["\x00"]),
}


def codes(answer: TestResponse) -> dict[str, str]:
    """Return under which codes fields are refused, by name; under none, what is refused as such."""
    if answer.status_code != 422:
        assert answer.status_code < 500 and answer.status_code != 400, answer.text
        return {}
    said = answer.json
    assert said is not None
    named = {re.split(r"[\[.]", each["path"])[0]: each["code"] for each in said.get("errors", [])}
    return named or {"": said["code"]}


def untrue(call: Call, made: Iterable[Step], ask: Callable[[Step], TestResponse]) -> Iterator[str]:
    """Tell which values are taken although they lie beyond what is described, or refused within."""
    refused: set[str] = set()
    for step in sorted(made, key=lambda step: step.is_within):
        found = codes(ask(step))
        code = found.get(step.name, found.get(""))
        if not step.is_within and code is None:
            yield f"{call.name}: {step.name} is taken although it is {step}"
        # What something means may be refused within all bounds, but then as something else.
        elif step.is_within and code in {*refused, "field_unknown", "parameter_unknown"}:
            yield f"{call.name}: {step.name} is {code} although it is {step}"
        if not step.is_within and code is not None:
            refused.add(code)


class TestBodies:
    def test_each_field_is_held_to_what_is_described(self, ask: Ask) -> None:
        wrong: list[str] = []
        for call in WITH_BODY:
            for name, schema in properties_of(call.body).items():
                wrong += untrue(call, steps(name, schema), with_field(ask, call))
        assert not wrong, "\n".join(wrong)

    def test_no_field_is_taken_that_is_not_described(self, ask: Ask) -> None:
        for call in WITH_BODY:
            unsaid = fields_for(call.callers[0]) - set(properties_of(call.body))
            while unsaid:
                found = codes(ask(call, {**a_body(call.body), **dict.fromkeys(unsaid, 1)}))
                unknown = {name for name, code in found.items() if code == "field_unknown"}
                assert unknown and unknown <= unsaid, (call.name, unsaid, found)
                unsaid -= unknown

    def test_what_is_needed_is_missed(self, ask: Ask) -> None:
        for call in WITH_BODY:
            for name in SHAPES[RECORD.get(call.body, call.body)].get("required", ()):
                body = a_body(call.body)
                del body[name]
                assert codes(ask(call, body)) == {name: "field_missing"}, call.name

    @pytest.mark.parametrize(
        ("most", "found"),
        [(9_000, "amount is taken although"), (20_000, "amount is top_up_amount_invalid although")],
    )
    def test_another_bound_than_the_one_that_is_checked_is_found(
        self, ask: Ask, most: int, found: str
    ) -> None:
        (call,) = [call for call in WITH_BODY if call.name == "buyTokens"]
        described = {**SHAPES["TopUpPost"]["properties"]["amount"], "maximum": most}
        (told,) = untrue(call, steps("amount", described), with_field(ask, call))
        assert found in told


class TestQueries:
    def test_each_parameter_is_held_to_what_is_described(self, ask: Ask) -> None:
        wrong: list[str] = []
        for call in CALLS:
            for parameter in asked_of(call):
                made = filter(is_sendable, bounds(parameter.name, parameter.schema))
                wrong += untrue(call, made, with_parameter(ask, call))
        assert not wrong, "\n".join(wrong)

    def test_none_is_taken_that_is_not_described(self, ask: Ask) -> None:
        for call in CALLS:
            # What gateways hang on the addresses they post to is theirs.
            if call.method == "GET" and call.path.startswith("/v1/"):
                unsaid = ALL_PARAMETERS - {parameter.name for parameter in asked_of(call)}
                found = codes(ask(call, query=dict.fromkeys(unsaid, "1")))
                unknown = {name for name, code in found.items() if code == "parameter_unknown"}
                assert unknown == unsaid, call.name


def with_field(ask: Ask, call: Call) -> Callable[[Step], TestResponse]:
    return lambda step: ask(call, {**a_body(call.body), step.name: step.value})


def with_parameter(ask: Ask, call: Call) -> Callable[[Step], TestResponse]:
    body = BODIES["UsagePost"] if call.body else None
    return lambda step: ask(call, body, query={step.name: str(step.value)})


def asked_of(call: Call) -> list[Parameter]:
    return [parameter for parameter in call.parameters if parameter.place == "query"]


def is_sendable(step: Step) -> bool:
    # A cursor that nobody handed out is refused as one, however long it is.
    return step.name != "cursor" or not step.is_within


def fields_for(caller: Caller) -> set[str]:
    """Return all that such a caller may send anywhere, and what nobody may."""
    calls = [call for call in WITH_BODY if call.callers[0] == caller]
    return {"undescribed"} | {name for call in calls for name in properties_of(call.body)}


ALL_PARAMETERS = {"undescribed"} | {each.name for call in CALLS for each in asked_of(call)}
