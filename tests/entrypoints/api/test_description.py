"""The description of the API: sound as OpenAPI, whole, and shown to people."""

import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import validate

from app.domain.accounts.models import Account
from app.entrypoints.api import description
from app.entrypoints.api.describing.document import (
    CALLS,
    KEYS,
    OWN_BODIES,
    SHAPES,
    document,
    refusals_of,
)
from app.entrypoints.api.describing.parts import PROBLEM, Call, Caller, Json
from app.entrypoints.http_status import STATUS_BY_KIND
from app.foundation.errors import DomainError
from app.foundation.secret_keys import KeyKind
from tests.api_description import undescribed
from tests.factories.bearers import bearer

ROOT = Path(__file__).resolve().parents[3]
PROGRAMS = ("/v1/billing/", "/api/", "/webhooks/", "/healthz", "/readyz", "/metrics")
CONVERTER = re.compile(r"<(?:\w+:)?(\w+)>")


def addresses(app: Flask) -> set[tuple[str, str]]:
    return {
        (method, CONVERTER.sub(r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(PROGRAMS)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_is_sound(client: FlaskClient) -> None:
    described = client.get("/v1/openapi.json").json
    assert described["openapi"] == "3.1.0"
    assert described["info"]["title"] == "Oblivious billing"
    validate(described)


def test_knows_every_address_and_no_other(app: Flask) -> None:
    assert {(call.method, call.path) for call in CALLS} == addresses(app)


def test_names_each_call_and_shape_once() -> None:
    names = [call.name for call in CALLS]
    assert len(names) == len(set(names))
    used = set(re.findall(r"#/components/schemas/(\w+)", str(document(title="", address=""))))
    assert used == set(SHAPES)


def test_says_whose_keys_a_call_takes(client: FlaskClient, ada: Account, olga: Account) -> None:
    keys = {
        Caller.CUSTOMER: bearer(KeyKind.CUSTOMER, user_id="ada"),
        Caller.GATEWAY: bearer(KeyKind.GATEWAY),
        Caller.OPERATOR: bearer(KeyKind.OPERATOR, user_id="olga"),
    }
    for call in CALLS:
        # What anyone may call, from this machine at least, is let in here with every key.
        for_anyone = Caller.ANYONE in call.callers
        takes = [] if for_anyone else [caller for caller in call.callers if caller in KEYS]
        path = re.sub(r"\{\w+\}", "nothing", call.path)
        if takes:
            assert client.open(path, method=call.method).status_code == 401, path
        for caller, headers in keys.items():
            status = client.open(path, method=call.method, headers=headers).status_code
            wrong_kind = bool(takes) and caller not in takes
            assert (status == 403) == wrong_kind, (path, caller)


def test_names_only_codes_that_exist() -> None:
    source = "\n".join(file.read_text() for file in (ROOT / "app").rglob("*.py")
                       if "describing" not in file.parts)  # fmt: skip
    literal = set(re.findall(r'"([a-z]+(?:_[a-z0-9]+)+)"', source))
    named = {kind.__name__ for kind in refusals(DomainError)}
    known = literal | {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in named}
    for call in CALLS:
        for codes in refusals_of(call).values():
            for code in re.findall(r"\b[a-z]+_[a-z_]+\b", codes):
                # Where a parameter cannot be read, the code is made of its name.
                of_a_field = code.removesuffix("_invalid") in {p.name for p in call.parameters}
                assert code in known or of_a_field, (call.path, code)


def test_names_each_code_under_the_status_that_it_has() -> None:
    statuses: dict[str, set[int]] = {}
    for kind in refusals(DomainError):
        code = re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()
        statuses.setdefault(code, set()).add(STATUS_BY_KIND[kind.kind])
    for call in CALLS:
        for status, codes in refusals_of(call).items():
            for code in re.findall(r"\b[a-z]+_[a-z_]+\b", codes):
                assert status in statuses.get(code, {status}), (call.path, code, statuses[code])


def refusals(kind: type[DomainError]) -> list[type[DomainError]]:
    found = kind.__subclasses__()
    return found + [each for below in found for each in refusals(below)]


def test_is_shown_to_people(client: FlaskClient) -> None:
    page = client.get("/v1/docs")
    assert page.status_code == 200 and page.mimetype == "text/html"
    for call in CALLS:
        assert f'id="{call.name}"' in page.text and call.path in page.text
    for name in SHAPES:
        assert f'id="{name}"' in page.text


def test_its_contents_lead_to_every_call_and_shape(client: FlaskClient) -> None:
    page = client.get("/v1/docs").text
    (contents,) = re.findall(r'<nav class="docs-contents".*?</nav>', page, re.DOTALL)
    led_to = re.findall(r'href="#([^"]+)"', contents)
    shown_apart = set(SHAPES) - OWN_BODIES
    assert set(led_to) >= {*(call.name for call in CALLS), *shown_apart}
    assert len(led_to) == len(set(led_to))
    for name in re.findall(r'href="#([^"]+)"', page):
        assert page.count(f' id="{name}"') == 1, name


def test_a_body_that_is_one_call_s_stands_with_it(client: FlaskClient) -> None:
    page = client.get("/v1/docs").text
    for call in CALLS:
        if call.body in OWN_BODIES:
            (card,) = re.findall(
                rf'<section [^>]*"{call.name}"[^>]*>.*?</section>', page, re.DOTALL
            )
            assert f'id="{call.body}"' in card
            assert all(f"<code>{name}</code>" in card for name in SHAPES[call.body]["properties"])


def test_says_the_bounds_that_are_checked(client: FlaskClient) -> None:
    page = re.sub(r"<[^>]+>|\s+", " ", client.get("/v1/docs").text)
    page = re.sub(r" +", " ", page)
    for told in (
        "amount number , 5 to 10,000 Before tax.",
        "whole number, 1 to 1,000, in the query string; by default 100.",
        "at most 254 characters",
    ):
        assert told in page, told


def test_needs_no_key_and_takes_no_parameters(client: FlaskClient) -> None:
    assert client.get("/v1/openapi.json?x=1").status_code == 422
    assert client.get("/v1/docs", headers={"Authorization": "nonsense"}).status_code == 200


class TestHoldingAnswersToIt:
    """What the test client refuses, so that the other tests prove the description."""

    def test_finds_a_field_that_is_not_said(self, client: FlaskClient) -> None:
        response = client.get("/v1/billing/plans")
        assert list(undescribed(response)) == []
        response.data = response.data.replace(b'"plans"', b'"secret":1,"plans"', 1)
        assert "secret" in " ".join(undescribed(response))

    def test_finds_a_status_that_is_not_said(self, client: FlaskClient) -> None:
        response = client.get("/v1/billing/stats")
        response.status_code = 410
        assert list(undescribed(response)) == ["GET /v1/billing/stats 410 is not described"]


def test_describes_every_refusal_as_a_problem() -> None:
    described: Json = document(title="x", address="https://x.example")["paths"]

    def responses(call: Call) -> Json:
        found: Json = described[call.path][call.method.lower()]["responses"]
        return found

    for call in CALLS:
        for status in refusals_of(call):
            if status not in call.answers:
                content = responses(call)[str(status)]["content"]
                (body,) = content.values()
                assert body["schema"]["$ref"].endswith(PROBLEM)


def test_the_page_is_drawn_once_whoever_asks(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_chinese = client.get("/v1/docs", headers={"Accept-Language": "zh-CN"}).text

    def draw_again(*_: object, **__: object) -> str:
        raise AssertionError("a stranger keeps us busy")

    monkeypatch.setattr(description, "render_template", draw_again)
    assert client.get("/v1/docs").text == in_chinese
