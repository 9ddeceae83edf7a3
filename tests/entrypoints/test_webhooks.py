"""The door of the providers: what is signed is kept once; nothing else leaves a trace."""

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import stripe
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.config import Settings
from app.domain.payments.models import ProviderEvent
from app.entrypoints import webhooks
from app.entrypoints.gateways import GATEWAYS
from app.entrypoints.queueing import queue_file
from app.foundation import clock
from app.foundation.database import db, session
from app.foundation.outbox import OutboxEntry
from app.sandbox.paypal.signing import signer
from app.sandbox.serving import running
from app.sandbox.settings import SandboxSettings
from tests.databases import settings_for
from tests.threads import in_parallel

EVENT = {
    "id": "evt_1",
    "object": "event",
    "type": "checkout.session.completed",
    "livemode": False,
    "data": {"object": {"id": "cs_1", "object": "checkout.session", "metadata": {}}},
}


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the app as it runs outside of tests: with the guard of its forms."""
    app.config["WTF_CSRF_ENABLED"] = True
    return app.test_client()


def body_of(**changes: object) -> bytes:
    return json.dumps({**EVENT, **changes}, indent=2).encode()


@pytest.fixture
def sign(settings: Settings, now: datetime):
    def sign(body: bytes, *, ahead: timedelta = timedelta()) -> dict[str, str]:
        (secret,) = settings.stripe_webhook_secrets
        header = stripe.WebhookSignature.generate_signature_header(
            body.decode(), secret, int((now + ahead).timestamp())
        )
        return {"Stripe-Signature": header}

    return sign


def kept() -> list[tuple[str, str]]:
    session.rollback()
    events = session.query(ProviderEvent).order_by(ProviderEvent.id)
    return [(event.event_id, event.status) for event in events]


class TestStripe:
    def test_keeps_what_is_signed_and_promises_to_look(self, client: FlaskClient, sign) -> None:
        body = body_of()
        answer = client.post(
            "/webhooks/stripe", data=body, headers=sign(body), content_type="application/json"
        )
        assert (answer.status_code, answer.json) == (200, {"received": True})
        assert kept() == [("evt_1", "waiting")]
        assert session.query(ProviderEvent).one().body == body
        assert session.query(OutboxEntry).one().kind == "follow_up_event"

    def test_answers_a_repeat_alike(self, client: FlaskClient, sign) -> None:
        body = body_of()
        answers = [client.post("/webhooks/stripe", data=body, headers=sign(body)) for _ in range(5)]
        assert {answer.status_code for answer in answers} == {200}
        assert kept() == [("evt_1", "waiting")]
        assert session.query(OutboxEntry).count() == 1

    def test_keeps_it_once_from_many_threads(self, app: Flask, sign) -> None:
        body = body_of()

        def post() -> int:
            headers = sign(body)
            return (
                app.test_client().post("/webhooks/stripe", data=body, headers=headers).status_code
            )

        assert set(in_parallel(app, [post] * 16)) == {200}
        assert kept() == [("evt_1", "waiting")]

    def test_reads_so_many_that_are_forged_and_any_number_that_are_signed(
        self, client: FlaskClient, sign, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(webhooks, "UNPROVEN", replace(webhooks.UNPROVEN, times=3))
        body, forged = body_of(), {"Stripe-Signature": "t=1,v1=00"}
        elsewhere = {"REMOTE_ADDR": "203.0.113.7"}

        def post(headers: dict[str, str], **place: object) -> int:
            return client.post("/webhooks/stripe", data=body, headers=headers, **place).status_code

        assert [post(sign(body)) for _ in range(5)] == [200] * 5
        assert [post(forged) for _ in range(4)] == [400, 400, 400, 429]
        refused = client.post("/webhooks/stripe", data=body, headers=forged)
        assert refused.json["code"] == "too_many_requests"
        assert 1 <= int(refused.headers["Retry-After"]) <= 61
        # The provider sends from elsewhere, and whoever forges cannot hold him up.
        assert post(sign(body), environ_overrides=elsewhere) == 200

    def test_counts_all_of_the_addresses_that_one_forger_has(
        self, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        few = replace(webhooks.UNPROVEN, times=3, seconds=10**9)
        monkeypatch.setattr(webhooks, "UNPROVEN", few)

        def forge(address: str) -> int:
            place = {"REMOTE_ADDR": address}
            sent = client.post("/webhooks/stripe", data=b"{}", environ_overrides=place)
            return sent.status_code

        assert [forge(f"2001:db8::{n}") for n in range(1, 5)] == [400, 400, 400, 429]
        assert forge("2001:db8:0:1::1") == 400

    @pytest.mark.parametrize("media_type", ["application/x-www-form-urlencoded", "text/plain", ""])
    def test_reads_the_raw_body_whatever_it_is_called(
        self, client: FlaskClient, sign, media_type: str
    ) -> None:
        body = body_of()
        answer = client.post(
            "/webhooks/stripe", data=body, headers=sign(body), content_type=media_type
        )
        assert answer.status_code == 200

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Stripe-Signature": ""},
            {"Stripe-Signature": "nonsense"},
            {"Stripe-Signature": "t=1,v1=\xe9"},
            {"Stripe-Signature": f"t={'9' * 5000},v1=a"},
        ],
    )
    def test_refuses_what_is_not_signed(self, client: FlaskClient, headers: dict[str, str]) -> None:
        answer = client.post("/webhooks/stripe", data=body_of(), headers=headers)
        assert answer.status_code == 400
        assert answer.json["code"] == "signature_invalid"
        assert kept() == []

    @pytest.mark.parametrize("minutes", [-6, 6, 60 * 24 * 365])
    def test_refuses_the_past_and_the_future(self, client: FlaskClient, sign, minutes: int) -> None:
        body = body_of()
        headers = sign(body, ahead=timedelta(minutes=minutes))
        assert client.post("/webhooks/stripe", data=body, headers=headers).status_code == 400
        assert kept() == []

    @pytest.mark.parametrize("body", [b"[]", b"{}", b"", b"7", body_of(livemode=True)])
    def test_refuses_signed_bodies_that_are_no_event_of_ours(
        self, client: FlaskClient, sign, body: bytes
    ) -> None:
        answer = client.post("/webhooks/stripe", data=body, headers=sign(body))
        assert answer.status_code == 400
        assert kept() == []

    def test_refuses_more_than_events_are_long(self, client: FlaskClient, sign) -> None:
        body = body_of(note="x" * 300_000)
        answer = client.post("/webhooks/stripe", data=body, headers=sign(body))
        assert answer.status_code == 413
        assert kept() == []

    def test_takes_nothing_but_posts(self, client: FlaskClient) -> None:
        answer = client.get("/webhooks/stripe")
        assert (answer.status_code, answer.json["code"]) == (405, "method_not_allowed")

    def test_does_not_fail_with_the_queue(
        self, client: FlaskClient, sign, settings: Settings
    ) -> None:
        settings.instance_dir.mkdir(exist_ok=True)
        queue_file(settings).write_bytes(b"this is no database")
        body = body_of()
        assert client.post("/webhooks/stripe", data=body, headers=sign(body)).status_code == 200
        assert kept() == [("evt_1", "waiting")]

    def test_comes_back_to_a_database_that_is_away(self, settings: Settings, sign) -> None:
        away = create_app(settings, SQLALCHEMY_DATABASE_URI="sqlite:////nowhere/at/all.sqlite3")
        body = body_of()
        answer = away.test_client().post("/webhooks/stripe", data=body, headers=sign(body))
        with away.app_context():
            db.engine.dispose()
        assert answer.status_code == 503


PAYPAL_EVENT = {"id": "WH-1", "event_type": "CHECKOUT.ORDER.APPROVED", "resource": {"id": "O-1"}}


@pytest.fixture
def sandbox(settings: Settings, tmp_path: Path) -> Iterator[str]:
    """Where PayPal's certificate stands."""
    port = settings.sandbox_port
    with running(SandboxSettings(database=tmp_path / "sandbox.sqlite3", port=port)) as url:
        yield url


class TestPayPal:
    @pytest.fixture
    def settings(self, database_url: str, tmp_path: Path) -> Settings:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port = str(listener.getsockname()[1])
        return settings_for(database_url, tmp_path / "instance", SANDBOX_PORT=port)

    @pytest.fixture
    def post(self, client: FlaskClient, sandbox: str):
        def post(body: bytes, **changes: str):
            at = clock.now().timestamp()
            headers = signer().headers(body, webhook_id="paypal_sandbox", base_url=sandbox, now=at)
            return client.post("/webhooks/paypal", data=body, headers={**headers, **changes})

        return post

    def body_of(self, **changes: object) -> bytes:
        return json.dumps({**PAYPAL_EVENT, **changes}).encode()

    def test_keeps_what_is_signed_once_and_promises_to_look(self, post) -> None:
        body = self.body_of()
        answers = [post(body) for _ in range(3)]
        assert {(each.status_code, each.json["received"]) for each in answers} == {(200, True)}
        assert kept() == [("WH-1", "waiting")]
        event = session.query(ProviderEvent).one()
        assert (event.provider, event.body) == ("paypal", body)
        assert session.query(OutboxEntry).one().kind == "follow_up_event"

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("PAYPAL-TRANSMISSION-SIG", ""),
            ("PAYPAL-TRANSMISSION-SIG", "\xe9"),
            ("PAYPAL-TRANSMISSION-ID", "another"),
            ("PAYPAL-TRANSMISSION-TIME", "2015-05-18T15:45:13Z"),
            ("PAYPAL-TRANSMISSION-TIME", "2999-05-18T15:45:13Z"),
            ("PAYPAL-CERT-URL", "https://evil.example/v1/notifications/certs/CERT-1"),
            ("PAYPAL-AUTH-ALGO", "none"),
        ],
    )
    def test_refuses_what_is_not_signed(self, post, name: str, value: str) -> None:
        answer = post(self.body_of(), **{name: value})
        assert (answer.status_code, answer.json["code"]) == (400, "signature_invalid")
        assert kept() == []

    @pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"7", b"\xff"])
    def test_refuses_signed_bodies_that_are_no_event(self, post, body: bytes) -> None:
        assert post(body).status_code == 400
        assert kept() == []

    def test_asks_to_come_back_while_the_certificate_cannot_be_had(
        self, client: FlaskClient, settings: Settings
    ) -> None:
        body = self.body_of()
        away = settings.paypal.api_base
        at = clock.now().timestamp()
        headers = signer().headers(body, webhook_id="paypal_sandbox", base_url=away, now=at)
        assert client.post("/webhooks/paypal", data=body, headers=headers).status_code == 503
        assert kept() == []

    def test_is_closed_where_paypal_is_not_offered(self, client: FlaskClient, app: Flask) -> None:
        app.config[GATEWAYS] = {}
        answer = client.post("/webhooks/paypal", data=self.body_of())
        assert answer.json["code"] == "unknown_provider"
        assert kept() == []
