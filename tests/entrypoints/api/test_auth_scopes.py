"""Every call, asked by every kind of key in every scope: what may only read changes nothing."""

import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import product

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.accounts import queries
from app.domain.accounts.key_rules import Scope
from app.domain.accounts.models import Account, Key
from app.entrypoints.api import auth
from app.entrypoints.api.describing.document import CALLS, scope_of
from app.entrypoints.api.describing.parts import Call, Caller
from app.foundation import clock
from app.foundation.database import session
from app.foundation.secret_keys import KeyKind
from tests.factories.bearers import bearer

KINDS = {
    Caller.CUSTOMER: (KeyKind.CUSTOMER, "ada"),
    Caller.GATEWAY: (KeyKind.GATEWAY, None),
    Caller.OPERATOR: (KeyKind.OPERATOR, "olga"),
}
# What is asked for in a body, and changes nothing.
READ_BY_POST = {"/v1/billing/estimate", "/v1/billing/subscription/preview"}
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")


def guarded(app: Flask) -> Iterator[tuple[str, str]]:
    """Find every method of every address that a key can open, without the description's help."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith(("api.", "events.")) and rule.endpoint != "api.plans.list_all":
            for method in (rule.methods or set()) - {"OPTIONS"}:
                yield method, PARAMETER.sub("nothing", rule.rule)


@pytest.fixture
def held(ada: Account, olga: Account) -> dict[tuple[Caller, Scope], dict[str, str]]:
    """A key of every kind in every scope."""
    return {
        (caller, scope): bearer(kind, user_id=user_id, scope=scope.value)
        for (caller, (kind, user_id)), scope in product(KINDS.items(), Scope)
    }


def test_a_key_that_may_only_read_is_kept_from_all_that_writes(
    app: Flask, client: FlaskClient, held
) -> None:
    seen = {method for method, _ in guarded(app)}
    assert {"GET", "POST", "PUT", "DELETE"} <= seen
    for method, path in guarded(app):
        reads = method in ("GET", "HEAD") or path in READ_BY_POST
        for (caller, scope), headers in held.items():
            answer = client.open(path, method=method, headers=headers)
            code = (answer.json or {}).get("code") if method != "HEAD" else None
            if code == "wrong_kind_of_key":
                continue
            is_kept = answer.status_code == 403 and code == "key_is_read_only"
            assert is_kept == (scope == Scope.READ and not reads), (method, path, caller, scope)


def test_every_call_takes_the_kinds_and_scopes_that_are_described(client, held) -> None:
    for call in CALLS:
        takes = [caller for caller in call.callers if caller in KINDS]
        if Caller.ANYONE in call.callers or not takes:
            continue
        path = re.sub(r"\{\w+\}", "nothing", call.path)
        for (caller, scope), headers in held.items():
            answer = client.open(path, method=call.method, headers=headers)
            assert refusal(answer) == expected(call, caller, scope), (path, caller, scope)


def refusal(answer) -> str | None:
    return answer.json["code"] if answer.status_code == 403 else None


def expected(call: Call, caller: Caller, scope: Scope) -> str | None:
    if caller not in call.callers:
        return "wrong_kind_of_key"
    too_little = scope == Scope.READ and scope_of(call) == Scope.WRITE
    return "key_is_read_only" if too_little else None


def test_a_call_that_forgets_to_say_is_closed_to_reading_keys(app, client, held) -> None:
    def forgotten():
        raise AssertionError("called")

    app.add_url_rule("/v1/tests", "t", auth.for_customers(forgotten), methods=["POST"])
    answer = client.post("/v1/tests", headers=held[Caller.CUSTOMER, Scope.READ])
    assert refusal(answer) == "key_is_read_only"


class TestLastUse:
    def test_is_noted_once_in_a_while(self, client, ada, monkeypatch) -> None:
        headers, first = bearer(KeyKind.CUSTOMER, user_id="ada"), clock.now()
        for seconds, noted in [(0, 0), (299, 0), (300, 300)]:
            moment = first + timedelta(seconds=seconds)
            monkeypatch.setattr(clock, "now", lambda moment=moment: moment)
            assert client.get("/v1/billing/settings", headers=headers).status_code == 200
            session.expire_all()
            assert session.query(Key).one().last_used_at == first + timedelta(seconds=noted)

    def test_counts_whoever_may_not(self, client, ada) -> None:
        headers = bearer(KeyKind.CUSTOMER, user_id="ada", scope="read")
        assert client.post("/v1/billing/topups", headers=headers).status_code == 403
        session.expire_all()
        assert session.query(Key).one().last_used_at is not None

    def test_is_no_use_of_a_key_that_is_refused(self, client, ada, now) -> None:
        headers = bearer(KeyKind.CUSTOMER, user_id="ada", revoked_at=now)
        assert client.get("/v1/billing/settings", headers=headers).status_code == 401
        session.expire_all()
        assert session.query(Key).one().last_used_at is None


def test_settings_changed_by_a_program_say_which_key_it_was(client, ada) -> None:
    headers = bearer(KeyKind.CUSTOMER, user_id="ada")
    answer = client.put(
        "/v1/billing/settings", json={"billing_email": "books@example.com"}, headers=headers
    )
    assert answer.status_code == 200
    assert queries.settings_of(ada).billing_email == "books@example.com"
