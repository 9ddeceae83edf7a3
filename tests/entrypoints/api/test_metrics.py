"""`GET /metrics`: who may read it, and that what it tells is true and cheap."""

import json
import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from app import create_app
from app.config import Settings
from app.domain.payments import inbox
from app.domain.payments.gateway import EventNotice
from app.domain.reporting.verification import BOOKS_VERIFIED
from app.foundation import clock, journal, outbox
from app.foundation.database import db, session, transaction
from app.foundation.secret_keys import KeyKind
from tests.databases import settings_for
from tests.factories.bearers import bearer
from tests.factories.payments import make_checkout, make_invoice
from tests.factories.usage import make_usage
from tests.fakes.payment_gateway import FakeGateway
from tests.gateways import captures
from tests.statements import statements

Samples = dict[str, float]
SAMPLE = re.compile(r"(\w+)(\{.*\})? (\S+)")
REMOTE = {"REMOTE_ADDR": "192.0.2.7"}


def told(client: FlaskClient) -> Samples:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    found = [SAMPLE.fullmatch(line) for line in lines]
    return {f"{name}{labels or ''}": float(value) for name, labels, value in
            (match.groups() for match in found)}  # fmt: skip


def grown(before: Samples, after: Samples, name: str) -> Samples:
    """Return the series of that name which have grown, and by how much."""
    return {
        series: value - before.get(series, 0)
        for series, value in after.items()
        if series.startswith(f"{name}{{") and value != before.get(series, 0)
    }


class TestWhoMayRead:
    @pytest.mark.parametrize("peer", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "[::1]:8000"])
    def test_this_machine(self, client: FlaskClient, peer: str, host: str) -> None:
        answer = client.get("/metrics", environ_base={"REMOTE_ADDR": peer}, headers={"Host": host})
        assert (answer.status_code, answer.mimetype) == (200, "text/plain")
        assert answer.headers["Cache-Control"] == "no-store"

    @pytest.mark.parametrize("peer", ["192.0.2.7", "10.0.0.1", "::ffff:10.0.0.1", "fe80::1", ""])
    def test_no_other_without_a_key(self, client: FlaskClient, peer: str) -> None:
        answer = client.get("/metrics", environ_base={"REMOTE_ADDR": peer})
        assert (answer.status_code, answer.json["code"]) == (401, "key_missing")

    @pytest.mark.parametrize(
        "headers",
        [
            {"X-Forwarded-For": "127.0.0.1"},
            {"X-Forwarded-For": ""},
            {"Forwarded": "for=127.0.0.1"},
            {"X-Forwarded-Proto": "https"},
            {"X-Forwarded-Host": "localhost"},
            {"X-Real-IP": "127.0.0.1"},
            {"Host": "billing.example.com"},
            {"Host": "127.0.0.1.example.com"},
        ],
    )
    def test_nobody_through_a_proxy_on_this_machine(
        self, client: FlaskClient, headers: dict[str, str]
    ) -> None:
        assert client.get("/metrics", headers=headers).status_code == 401

    @pytest.mark.parametrize("hops", ["1", "2"])
    @pytest.mark.parametrize("said", ["127.0.0.1", "192.0.2.7", "127.0.0.1, 127.0.0.1"])
    def test_nobody_whom_a_trusted_proxy_passes_on(
        self, settings: Settings, hops: str, said: str
    ) -> None:
        trusting = settings_for(settings.database_url, settings.instance_dir, TRUSTED_PROXIES=hops)
        app = create_app(trusting, TESTING=True)
        client = app.test_client()
        assert client.get("/metrics", headers={"X-Forwarded-For": said}).status_code == 401
        assert client.get("/metrics").status_code == 200
        with app.app_context():
            db.engine.dispose()

    def test_operators_from_anywhere(self, client: FlaskClient, by_olga: dict[str, str]) -> None:
        answer = client.get("/metrics", environ_base=REMOTE, headers=by_olga)
        assert (answer.status_code, answer.mimetype) == (200, "text/plain")

    def test_nobody_with_another_key(
        self, client: FlaskClient, by_ada: dict[str, str], by_gateway: dict[str, str]
    ) -> None:
        for headers in (by_ada, by_gateway):
            answer = client.get("/metrics", environ_base=REMOTE, headers=headers)
            assert (answer.status_code, answer.json["code"]) == (403, "wrong_kind_of_key")
        nobody = {"Authorization": "Bearer obl_op_nobody"}
        assert client.get("/metrics", environ_base=REMOTE, headers=nobody).status_code == 401


class TestRequests:
    def test_are_counted_by_template(self, client: FlaskClient, by_ada: dict[str, str]) -> None:
        before = told(client)
        client.get("/v1/billing/invoices/INV-secret", headers=by_ada)
        client.get("/v1/billing/plans")
        client.get("/v1/billing/plans")
        client.get("/no/such/place")
        client.open("/v1/billing/plans", method="BREW")
        after = told(client)
        counted = grown(before, after, "billing_http_requests_total")
        assert counted.pop(
            'billing_http_requests_total{method="GET",route="/metrics",status="200"}'
        )
        labels = {re.sub(r".*\{|\}", "", series): value for series, value in counted.items()}
        assert labels == {
            'method="GET",route="/v1/billing/invoices/<reference:reference>",status="404"': 1,
            'method="GET",route="/v1/billing/plans",status="200"': 2,
            'method="GET",route="unmatched",status="404"': 1,
            'method="other",route="unmatched",status="405"': 1,
        }
        assert "secret" not in str(after) and "/no/such" not in str(after)
        timed = grown(before, after, "billing_http_request_duration_seconds_count")
        plans = (
            'billing_http_request_duration_seconds_count{method="GET",route="/v1/billing/plans"}'
        )
        assert timed[plans] == 2


class TestUsage:
    def test_is_counted_by_result_and_format(
        self, client: FlaskClient, ada, by_gateway: dict[str, str]
    ) -> None:
        def record(request_id: str, **changes: object) -> dict[str, object]:
            counts = {"prompt_tokens": 5, "completion_tokens": 1}
            given = {"user_id": "ada", "request_id": request_id, "model": "gpt-4", **counts}
            return {**given, **changes}

        def post(body: object, path: str = "/v1/billing/usage", **more: str) -> int:
            headers = {**by_gateway, **more}
            return client.post(path, json=body, headers=headers).status_code

        before = told(client)
        batch = [record("1"), record("1"), record("2", model="odd"), record("3", user_id="nobody")]
        assert post({"records": batch}) == 200
        assert post(record("1", prompt_tokens=6)) == 409
        assert post(record("4"), **{"Idempotency-Key": "k"}) == 200
        assert post(record("4"), **{"Idempotency-Key": "k"}) == 200
        event = {"status": "failure", "id": "5"}
        assert post([event], "/v1/billing/usage/litellm") == 200
        counted = grown(before, told(client), "billing_usage_records_total")
        labels = {re.sub(r".*\{|\}", "", series): value for series, value in counted.items()}
        assert labels == {
            'format="native",result="accepted"': 2,
            'format="native",result="duplicate"': 1,
            'format="native",result="unpriced"': 1,
            'format="native",result="rejected"': 1,
            'format="native",result="conflict"': 1,
            'format="litellm",result="ignored"': 1,
        }

    def test_is_counted_of_the_formats_of_others(self, client: FlaskClient, ada, now) -> None:
        by = bearer(KeyKind.GATEWAY, attributes_by=["subject", "external_subscription_id"])
        cloudevent, (lago, *_) = captures.CLOUDEVENTS[0], captures.LAGO_BATCH["events"]
        lago = {**lago, "timestamp": int(now.timestamp()) - 60}
        before = told(client)
        for media_type, body in (
            ("application/cloudevents+json", {**cloudevent, "time": now.isoformat()}),
            ("application/json", {"event": lago}),
        ):
            given = {"data": json.dumps(body), "content_type": media_type}
            assert client.post("/api/v1/events", headers=by, **given).status_code < 300
        counted = grown(before, told(client), "billing_usage_records_total")
        formats = {re.search(r'format="(\w+)"', series)[1] for series in counted}
        assert formats == {"cloudevents", "lago"} and set(counted.values()) == {1}


class TestWhatWaits:
    def test_is_looked_up(self, client: FlaskClient, ada) -> None:
        earlier = clock.now() - timedelta(minutes=10)
        quiet = told(client)
        assert quiet["billing_outbox_waiting"] == quiet["billing_outbox_oldest_due_seconds"] == 0
        assert "billing_books_broken_lines" not in quiet
        make_usage("ada", model="odd", now=earlier)
        invoice = make_invoice(ada, now=earlier)
        make_checkout(ada, invoice, gateway=FakeGateway(), now=earlier)
        with transaction():
            inbox.receive(EventNotice("stripe", "evt_1", "any", b"{}"), now=earlier)
            outbox.add("unknown", {}, now=earlier)
            details = {"broken": 2, "lines": ["…"]}
            journal.write(BOOKS_VERIFIED, actor="system", now=earlier, details=details)
        with transaction():
            failing = outbox.claim(now=earlier, limit=1)[0]
            outbox.postpone(failing, reason="no connection", now=earlier)
        found = told(client)
        assert found["billing_outbox_waiting"] >= 2
        assert found["billing_outbox_failed"] == 1
        assert found["billing_provider_events_waiting"] == found["billing_payments_undecided"] == 1
        assert (found["billing_unpriced_records"], found["billing_unpriced_tokens"]) == (1, 620)
        assert found["billing_books_broken_lines"] == 2
        ages = [found[name] for name in found if re.search(r"_(oldest|age)\w*_seconds$", name)]
        assert len(ages) == 4 and all(590 < age < 700 for age in ages)

    def test_takes_as_many_statements_however_much_it_is(self, client: FlaskClient, ada) -> None:
        told(client)
        with statements() as few:
            told(client)
        for number in range(30):
            make_usage("ada", model=f"odd-{number}")
            with transaction():
                outbox.add("unknown", {}, now=clock.now())
        with statements() as many:
            told(client)
        session.rollback()
        assert len(few) == len(many) <= 6

    def test_is_no_answer_where_the_database_is_away(self, tmp_path) -> None:
        app = create_app(settings_for("postgresql://nobody@127.0.0.1:1/nothing", tmp_path))
        answer = app.test_client().get("/metrics")
        assert (answer.status_code, answer.json["code"]) == (503, "store_away")
        with app.app_context():
            db.engine.dispose()
