"""OpenMeter's and Lago's addresses: their clients find what they know, each event counts once."""

import json
import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from app import create_app
from app.domain.usage.models import BillingRecord
from app.entrypoints.api import usage_recording
from app.foundation.database import db, session
from app.foundation.secret_keys import KeyKind
from tests.books import check_books
from tests.factories.accounts import make_account
from tests.factories.bearers import bearer
from tests.gateways import captures

EVENTS, BATCH = "/api/v1/events", "/api/v1/events/batch"
CLOUDEVENT, CLOUDEVENTS = "application/cloudevents+json", "application/cloudevents-batch+json"
JSON = "application/json"
CAPTURED, SENT_TO_LAGO = captures.CLOUDEVENTS[2], captures.LAGO[2]
COUNTS = {"accepted", "duplicates", "conflicts", "rejected", "conflicting"}


@pytest.fixture(autouse=True)
def books(app: Flask, now: datetime) -> Iterator[None]:
    """After each test, every figure that is kept twice is the same twice."""
    make_account("user-123", now=now)
    make_account("user-456", now=now)
    yield
    check_books()


@pytest.fixture
def post(client):
    """Post a body with a key that believes what these clients say, and return the response."""
    by = bearer(KeyKind.GATEWAY, attributes_by=["subject", "external_subscription_id"])

    def posted(address: str, body: object, media_type: str = JSON, **headers: str):
        text = body if isinstance(body, str) else json.dumps(body)
        return client.post(address, data=text, content_type=media_type, headers={**by, **headers})

    return posted


@pytest.fixture
def cloudevent(now: datetime) -> Callable[..., dict]:
    """Make a captured CloudEvent of an hour ago."""

    def made(captured: dict = CAPTURED, **changes: object) -> dict:
        time = (now - timedelta(hours=1)).isoformat()
        return {**captured, "time": time, **changes}

    return made


def records() -> list[BillingRecord]:
    return session.query(BillingRecord).order_by(BillingRecord.id).all()


def agent_batch(now: datetime) -> dict:
    seconds = int(now.timestamp()) - 60
    return {"events": [{**event, "timestamp": seconds} for event in captures.LAGO_BATCH["events"]]}


class TestOpenMeter:
    def test_answers_204_without_a_body(self, post, cloudevent) -> None:
        response = post(EVENTS, cloudevent(), CLOUDEVENT)
        assert (response.status_code, response.data) == (204, b"")
        assert "Content-Type" not in response.headers and "Usage-Refused" not in response.headers
        (record,) = records()
        assert (record.user_id, record.model, record.cost_nanos) == (
            "user-123",
            "gpt-4o",
            8_015_000,
        )

    def test_takes_a_batch(self, post, cloudevent) -> None:
        batch = [cloudevent(captured) for captured in captures.CLOUDEVENT_BATCH]
        assert post(EVENTS, batch, CLOUDEVENTS).status_code == 204
        assert [record.completion_tokens for record in records()] == [123, 123]

    def test_takes_what_its_other_clients_call_json(self, post, cloudevent) -> None:
        for body in (cloudevent(), [cloudevent(id="another")]):
            assert post(EVENTS, body).status_code == 204
        assert len(records()) == 2

    def test_counts_an_event_once(self, post, cloudevent) -> None:
        batch = [cloudevent(captured) for captured in captures.CLOUDEVENTS[3:5]]
        for body in (batch, batch[::-1], batch[0], [*batch, *batch]):
            media_type = CLOUDEVENTS if isinstance(body, list) else CLOUDEVENT
            assert post(EVENTS, body, media_type).status_code == 204
        assert len(records()) == 2

    def test_counts_a_cache_hit_as_what_it_repeats(self, post, cloudevent, now, caplog) -> None:
        post(EVENTS, cloudevent(), CLOUDEVENT)
        data = {**CAPTURED["data"], "cost": 0.0}
        hit = cloudevent(time=now.isoformat(), data=data)
        with caplog.at_level(logging.INFO):
            assert post(EVENTS, hit, CLOUDEVENT).status_code == 204
        (line,) = [line for line in caplog.records if line.name != "app.access"]
        assert line.levelname == "INFO" and "conflict" in line.message
        assert len(records()) == 1

    def test_names_what_it_refused(self, post, cloudevent, caplog) -> None:
        bad = [cloudevent(subject="nobody"), cloudevent(id="b", subject=None), 7]
        with caplog.at_level(logging.WARNING):
            response = post(EVENTS, [*bad, cloudevent(id="good")], CLOUDEVENTS)
        assert response.status_code == 204
        assert response.headers["Usage-Refused"] == (
            "account_not_named=1, event_not_object=1, unknown_user=1"
        )
        assert "3 of 4 events were not recorded" in caplog.text
        assert len(records()) == 1

    def test_replays_its_answer(self, post, cloudevent) -> None:
        answers = [
            post(EVENTS, json.dumps(cloudevent()), CLOUDEVENT, **{"Idempotency-Key": "k"})
            for _ in range(2)
        ]
        assert [answer.status_code for answer in answers] == [204, 204]
        assert "Idempotent-Replayed" in answers[1].headers


class TestLagoEvent:
    def test_answers_like_lago(self, post) -> None:
        sent = SENT_TO_LAGO
        response = post(EVENTS, sent)
        assert (response.status_code, response.mimetype) == (200, JSON)
        event = response.json["event"]
        for name in ("transaction_id", "external_subscription_id", "code", "properties"):
            assert event[name] == sent["event"][name]
        assert event["timestamp"] and event["created_at"] and event["lago_id"]
        assert set(response.json) == {"event", *COUNTS}
        assert response.json["accepted"] == 1
        (record,) = records()
        assert (record.user_id, record.total_tokens) == ("user-123", 2306)

    def test_counts_a_transaction_once(self, post) -> None:
        first, again = (post(EVENTS, SENT_TO_LAGO).json for _ in range(2))
        assert (first["accepted"], again["duplicates"]) == (1, 1)
        assert first["event"]["lago_id"] == again["event"]["lago_id"]
        assert len(records()) == 1

    @pytest.mark.parametrize(
        ("event", "code"),
        [
            (None, "transaction_id_missing"),
            ("odd", "transaction_id_missing"),
            ({**SENT_TO_LAGO["event"], "external_subscription_id": "x"}, "unknown_user"),
            ({"transaction_id": "\ud800", "properties": {"model": "\ud800"}}, "account_not_named"),
        ],
    )
    def test_names_what_it_refused(self, post, event, code) -> None:
        response = post(EVENTS, {"event": event})
        assert response.status_code == 200
        assert [one["code"] for one in response.json["rejected"]] == [code]
        assert not records()

    def test_answers_whatever_is_nested_in_it(self, post) -> None:
        deep = "[" * 400 + "]" * 400
        fields = ("transaction_id", "external_subscription_id", "code", "timestamp")
        for name in (*fields, "properties"):
            own = json.dumps(SENT_TO_LAGO["event"])[:-1] + f', "{name}": {deep}}}'
            assert post(EVENTS, f'{{"event": {own}}}').status_code == 200
        own = json.dumps(SENT_TO_LAGO["event"])[:-1] + f', "properties": {{"a": {deep}}}}}'
        assert post(EVENTS, f'{{"event": {own}}}').json["event"]["properties"] == {"a": None}


class TestLagoBatch:
    def test_takes_the_agent_sdk_s(self, post, now) -> None:
        response = post(BATCH, agent_batch(now))
        assert response.status_code == 200
        assert len(response.json["events"]) == 8
        assert response.json["accepted"] == 4
        sums = [(r.prompt_tokens, r.cached_tokens, r.completion_tokens) for r in records()]
        assert sums == [(2006, 1920, 0), (0, 0, 300)] * 2

    def test_counts_it_once_however_it_is_cut(self, post, now) -> None:
        batch = agent_batch(now)
        post(BATCH, {"events": batch["events"][:5]})
        post(BATCH, batch)
        for event in batch["events"]:
            post(BATCH, {"events": [event]})
        assert sum(record.total_tokens for record in records()) == 2 * 2306

    def test_lets_no_bad_event_harm_its_neighbours(self, post, now) -> None:
        events = agent_batch(now)["events"]
        bad = {**events[0], "transaction_id": "bad", "external_subscription_id": "nobody"}
        body = post(BATCH, {"events": [bad, None, *events]}).json
        assert (body["accepted"], len(body["events"])) == (4, 8)
        assert [(one["index"], one["code"]) for one in body["rejected"]] == [
            (0, "unknown_user"),
            (1, "transaction_id_missing"),
        ]

    @pytest.mark.parametrize("body", [{}, {"events": {}}, [], {"event": {}}])
    def test_refuses_what_is_no_batch(self, post, body) -> None:
        response = post(BATCH, body)
        assert (response.status_code, response.json["code"]) == (422, "events_not_list")


class TestAttribution:
    @pytest.mark.parametrize(
        ("body", "media_type", "field"),
        [
            (CAPTURED, CLOUDEVENT, "subject"),
            ([CAPTURED], CLOUDEVENTS, "subject"),
            (SENT_TO_LAGO, JSON, "external_subscription_id"),
        ],
    )
    def test_must_be_told(self, client, by_gateway, body, media_type, field) -> None:
        response = client.post(
            EVENTS, data=json.dumps(body), content_type=media_type, headers=by_gateway
        )
        assert (response.status_code, response.json["code"]) == (403, "attribution_missing")
        assert field in response.json["detail"]
        assert not records()

    def test_may_be_one_account_for_all(self, client, cloudevent) -> None:
        by = bearer(KeyKind.GATEWAY, attributes_to="user-456")
        client.post(EVENTS, json=cloudevent(), headers=by)
        client.post(EVENTS, json=SENT_TO_LAGO, headers=by)
        assert {record.user_id for record in records()} == {"user-456"}
        assert len(records()) == 2


class TestRefusals:
    def test_of_bodies_that_nobody_can_read(self, post) -> None:
        for address in (EVENTS, BATCH):
            response = post(address, "{")
            assert response.status_code == 400
            assert response.content_type == "application/problem+json"

    def test_of_what_neither_sends(self, post) -> None:
        response = post(EVENTS, {"user_id": "user-123"})
        assert (response.status_code, response.json["code"]) == (422, "event_unknown")
        assert post(EVENTS, {"events": []}).status_code == 422
        assert post(EVENTS, "a=1", "application/x-www-form-urlencoded").status_code == 415

    def test_of_more_than_one_transaction_takes(self, post, cloudevent, now) -> None:
        assert post(EVENTS, [cloudevent()] * 1_001, CLOUDEVENTS).status_code == 413
        assert post(BATCH, {"events": [None] * 1_001}).status_code == 413
        assert post(BATCH, "x" * (8 * 1024 * 1024 + 1)).status_code == 413

    def test_of_other_keys(self, client, cloudevent) -> None:
        for address in (EVENTS, BATCH):
            assert client.post(address, json=cloudevent()).status_code == 401
            by = bearer(KeyKind.CUSTOMER, user_id="user-123")
            assert client.post(address, json=cloudevent(), headers=by).status_code == 403

    def test_need_no_form_token(self, settings, cloudevent) -> None:
        guarded = create_app(settings, TESTING=True)
        with guarded.app_context():
            response = guarded.test_client().post(EVENTS, json=cloudevent())
            assert (response.status_code, response.json["code"]) == (401, "key_missing")
            db.session.remove()
            db.engine.dispose()


def test_transient_trouble_is_503(post, cloudevent, monkeypatch) -> None:
    def away(*given: object, **named: object):
        raise OperationalError("SELECT", {}, Exception("no route to host"))

    monkeypatch.setattr(usage_recording, "record_usage", away)
    for address, body in (
        (EVENTS, cloudevent()),
        (EVENTS, SENT_TO_LAGO),
        (BATCH, {"events": [SENT_TO_LAGO["event"]]}),
    ):
        response = post(address, body)
        assert (response.status_code, response.json["code"]) == (503, "store_away")
        assert "Retry-After" in response.headers
