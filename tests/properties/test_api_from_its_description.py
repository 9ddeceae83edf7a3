"""Calls made up from the description of the API get no answer that it does not allow."""

import os
import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from flask import Flask
from schemathesis import Case, CheckContext, Response
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder
from werkzeug.serving import WSGIRequestHandler, make_server

from app.domain.accounts.models import Account
from app.entrypoints.api.describing.document import CALLS, REFUSED_REPEATS, SHAPES
from app.entrypoints.gateways import GATEWAYS
from app.foundation.secret_keys import KeyKind
from tests.databases import on_sqlite
from tests.factories.accounts import make_key
from tests.fakes.payment_gateway import FakeGateway

# More of them look deeper, and take longer: 100 is a night's work.
EXAMPLES = int(os.environ.get("API_EXAMPLES", "2"))
CODE = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b")
PROPERTY = re.compile(r"'properties': \{|'(\w+)': \{")
# Beside what the tool takes: a refusal that the description names, which is looked at below.
TAKEN = ["2xx", "401", "403", "404", "409", "429", "400", "422"]
# What is wrong with the shape of a body never befalls one that has the described shape.
OF_THE_SHAPE = {"field_unknown", "field_missing", "field_repeated", "body_not_object"}
KEYS = {
    "customer": (KeyKind.CUSTOMER, "ada"),
    "operator": (KeyKind.OPERATOR, "olga"),
    "gateway": (KeyKind.GATEWAY, None),
}

pytestmark = on_sqlite


class Silent(WSGIRequestHandler):
    """A server's part that writes no line for each request."""

    def log(self, *told: object) -> None:
        """Say nothing."""


@schemathesis.check
def is_refused_by_a_code_that_is_named(_: CheckContext, answer: Response, case: Case) -> None:
    """What fits the description may be refused for what it means, and then by a named code."""
    is_fit = case.meta is not None and case.meta.generation.mode.is_positive
    if is_fit and answer.status_code in (400, 422):
        said = answer.json()
        codes = {fault["code"] for fault in said.get("errors", [])} or {said["code"]}
        unnamed = codes - named_by(case.operation.path, case.method)
        assert not unnamed, f"{case.method} {case.operation.path} refuses: {sorted(unnamed)}"


def named_by(path: str, method: str) -> set[str]:
    """Return the codes by which a call says that it refuses what has the right shape."""
    call = next(call for call in CALLS if (call.path, call.method) == (path, method.upper()))
    told = " ".join([*call.refusals.values(), REFUSED_REPEATS[422]])
    fields = set(SHAPES[call.body].get("properties", {})) if call.body else set()
    return {*CODE.findall(told), *(f"{name}_invalid" for name in fields)}


@pytest.fixture
def address(app: Flask, ada: Account, olga: Account) -> Iterator[str]:
    """The app as a server of its own, with payment providers that take everything."""
    app.config[GATEWAYS] = {"stripe": FakeGateway(), "paypal": FakeGateway()}
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def findings(address: str, keys: dict[str, str], **changes: Any) -> tuple[list[str], int]:
    """Return what is wrong with the answers, and how many there were."""
    config = SchemathesisConfig.from_dict(
        {
            "generation": {
                "max-examples": EXAMPLES,
                "deterministic": True,
                "database": "none",
                "mode": "all",
            },
            "checks": {"positive_data_acceptance": {"expected-statuses": TAKEN}},
            "continue-on-failure": True,
            "auth": {"openapi": {name: {"bearer": key} for name, key in keys.items()}},
            **changes,
        }
    )
    schema = schemathesis.openapi.from_url(f"{address}/v1/openapi.json", config=config)
    schema.config.update(base_url=address)
    wrong, count = [], 0
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            wrong.append(str(event))
        if isinstance(event, events.ScenarioFinished):
            count += len(event.recorder.interactions)
            wrong += failures(event.recorder)
    return wrong, count


def failures(recorder: ScenarioRecorder) -> Iterator[str]:
    """Tell what a check has found, and in which call."""
    for case_id, checks in recorder.checks.items():
        exchange = recorder.interactions[case_id]
        for check in checks:
            if check.failure_info is not None:
                asked, answer = exchange.request, exchange.response
                yield "\n".join(
                    (
                        f"{check.name}: {check.failure_info.failure.message}",
                        f"{asked.method} {asked.uri} {asked.body!r:.600}",
                        f"{answer.status_code} {answer.content!r:.600}" if answer else "",
                    )
                )


def test_every_call_keeps_to_it(address: str) -> None:
    keys = {name: make_key(kind, user_id=user).text for name, (kind, user) in KEYS.items()}
    wrong, count = findings(address, keys)
    assert not wrong, "\n\n".join(wrong)
    # Fewer would mean that something was not asked.
    assert count > 1_000
