"""Every request has an id and one line in the log, in which nothing secret stands."""

import json
import logging
import re

import pytest
import stripe
from flask import Flask
from flask.testing import FlaskClient

from app.config import Settings
from app.entrypoints.gateways import GATEWAYS
from app.foundation.logs import JsonLines, Redacting
from app.foundation.secret_keys import KeyKind
from tests.factories.bearers import bearer
from tests.fakes.payment_gateway import FakeGateway

MADE = re.compile(r"[a-p]{16}")
MAIL_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.\w+")
SECRETS = re.compile(r"obl_\w\w_\w{9,}|sk_(live|test)_\w|whsec_\w|Bearer \w|://[^/]*:[^/]*@")


class Lines(logging.Handler):
    """Keeps what is logged as the lines of production."""

    def __init__(self) -> None:
        super().__init__()
        self.addFilter(Redacting())
        self.setFormatter(JsonLines())
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))

    def of_access(self) -> list[dict[str, object]]:
        lines = [json.loads(text) for text in self.texts]
        return [line for line in lines if line["logger"] == "app.access"]


@pytest.fixture
def lines():
    """Everything that is logged, in every logger, down to the smallest."""
    root, lines = logging.getLogger(), Lines()
    level = root.level
    root.addHandler(lines)
    root.setLevel(logging.DEBUG)
    yield lines
    root.setLevel(level)
    root.removeHandler(lines)


class TestRequestId:
    @pytest.mark.parametrize("given", ["abc-1", "x" * 64, "!~", "Root=1-67891233-abcdef"])
    def test_is_taken_over(self, client: FlaskClient, lines: Lines, given: str) -> None:
        answer = client.get("/v1/billing/plans", headers={"X-Request-Id": given})
        assert answer.headers["X-Request-Id"] == given
        (line,) = lines.of_access()
        assert line["request_id"] == given

    @pytest.mark.parametrize("given", ["", " ", "x" * 65, "a b", "é", "a\tb"])
    def test_is_made_otherwise(self, client: FlaskClient, given: str) -> None:
        answer = client.get("/v1/billing/plans", headers={"X-Request-Id": given})
        assert MADE.fullmatch(answer.headers["X-Request-Id"])

    def test_is_another_each_time(self, client: FlaskClient) -> None:
        answers = [client.get("/healthz") for _ in range(3)]
        assert len({answer.headers["X-Request-Id"] for answer in answers}) == 3

    @pytest.mark.parametrize("path", ["/nothing", "/v1/billing/stats", "/v1/nothing", "/login"])
    def test_stands_on_every_answer(self, client: FlaskClient, path: str) -> None:
        assert MADE.fullmatch(client.get(path).headers["X-Request-Id"])

    def test_stands_in_no_problem(self, client: FlaskClient) -> None:
        answer = client.get("/v1/nothing")
        assert answer.headers["X-Request-Id"] not in answer.text

    def test_stands_in_each_line_of_a_request_that_fails(self, app: Flask, lines: Lines) -> None:
        def view(token: str) -> None:
            logging.getLogger("app.inside").info("Inside")
            raise ValueError("a bug")

        app.add_url_rule("/v1/broken/<token>", "broken", view)
        app.config["PROPAGATE_EXCEPTIONS"] = False
        app.testing = False
        answer = app.test_client().get("/v1/broken/it", headers={"X-Request-Id": "r-1"})
        assert (answer.status_code, answer.headers["X-Request-Id"]) == (500, "r-1")
        told = [json.loads(text) for text in lines.texts if '"app' in text]
        assert len(told) == 3 and {line["request_id"] for line in told} == {"r-1"}
        assert "ValueError: a bug" in " ".join(line.get("exception", "") for line in told)
        assert lines.of_access()[0]["status"] == 500
        logging.getLogger("app.outside").info("Outside")
        assert "request_id" not in json.loads(lines.texts[-1])


class TestAccessLine:
    def test_says_what_was_asked_by_whom(self, client: FlaskClient, ada, lines: Lines) -> None:
        by_ada = bearer(KeyKind.CUSTOMER, user_id="ada")
        client.get("/v1/billing/invoices/INV-17?secret=1", headers=by_ada)
        (line,) = lines.of_access()
        assert line["ms"] >= 0
        assert (line["method"], line["status"], line["level"]) == ("GET", 422, "INFO")
        assert line["route"] == "/v1/billing/invoices/<reference:reference>"
        assert line["key"] == by_ada["Authorization"].removeprefix("Bearer obl_sk_")[:8]
        assert "INV-17" not in lines.texts[-1] and "secret" not in lines.texts[-1]

    def test_names_nobody_without_a_key(self, client: FlaskClient, lines: Lines) -> None:
        client.get("/v1/billing/stats")
        client.open("/nobody@example.com", method="BREW")
        first, second = lines.of_access()
        assert first["key"] is None
        assert (second["method"], second["route"]) == ("other", "unmatched")

    @pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/static/css/base.css"])
    def test_is_for_debugging_where_machines_ask(
        self, client: FlaskClient, lines: Lines, path: str
    ) -> None:
        client.get(path)
        (line,) = lines.of_access()
        assert line["level"] == "DEBUG"


@pytest.mark.usefixtures("ada", "olga")
def test_a_day_of_requests_leaves_no_secret_in_the_log(
    app: Flask, client: FlaskClient, settings: Settings, lines: Lines
) -> None:
    app.config[GATEWAYS] = {"stripe": FakeGateway()}
    keys = {
        "customer": bearer(KeyKind.CUSTOMER, user_id="ada"),
        "gateway": bearer(KeyKind.GATEWAY),
        "operator": bearer(KeyKind.OPERATOR, user_id="olga"),
    }
    record = {"user_id": "ada", "request_id": "1", "model": "gpt-4",
              "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}  # fmt: skip
    signs_in = {"email": "ada@example.com", "password": "not hers at all"}
    wanted = {"billing_email": "bills@ada.example.com", "alert_threshold": 5}
    secret = settings.stripe_webhook_secrets[0]
    signature = stripe.WebhookSignature.generate_signature_header("{}", secret, 1)

    client.post("/v1/billing/usage", json=record, headers=keys["gateway"])
    client.post("/v1/billing/usage", json={**record, "prompt_tokens": -1}, headers=keys["gateway"])
    client.post("/v1/billing/usage/litellm", json=[{"id": "a@b.example"}], headers=keys["gateway"])
    client.put("/v1/billing/settings", json=wanted, headers=keys["customer"])
    client.get("/v1/billing/stats", headers=keys["customer"])
    client.post("/v1/billing/topups", json={"amount": 50}, headers=keys["customer"])
    client.get("/v1/billing/operator/customers?query=ada@example.com", headers=keys["operator"])
    client.post("/webhooks/stripe", data="{}", headers={"Stripe-Signature": signature})
    client.get("/v1/billing/stats", headers={"Authorization": "Bearer obl_sk_wrong0001234567"})
    client.get("/login")
    client.post("/login", data=signs_in)
    client.post("/forgot", data={"email": "ada@example.com"})
    client.post("/register", data={"email": "new@example.com", "password": "a long enough one"})
    client.get("/reset/a.secret.token")
    client.get("/?mail=ada@example.com", headers={"X-Request-Id": "ada@example.com"})

    text = "\n".join(lines.texts)
    assert len(lines.of_access()) == 15
    assert not MAIL_ADDRESS.search(text), MAIL_ADDRESS.search(text)
    assert not SECRETS.search(text), SECRETS.search(text)
    for header in keys.values():
        assert header["Authorization"][-20:] not in text
    for word in (secret, "a.secret.token", "not hers", "a long enough one", settings.secret_key):
        assert word not in text
