"""LiteLLM's callback, pointed at us as it is: every event counts once, whatever its neighbours."""

import json
import logging
import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from app.domain.accounts.models import Account
from app.domain.usage.errors import UsageContended
from app.domain.usage.models import BillingRecord
from app.entrypoints.api import litellm, usage_recording
from app.foundation.database import session
from app.foundation.secret_keys import KeyKind
from tests.books import check_books
from tests.factories.accounts import make_account
from tests.factories.bearers import bearer
from tests.gateways.captures import LITELLM as CAPTURED
from tests.threads import in_parallel

LITELLM = "/v1/billing/usage/litellm"
JSON = "application/json"


@pytest.fixture(autouse=True)
def books(app: Flask) -> Iterator[None]:
    """After each test, every figure that is kept twice is the same twice."""
    yield
    check_books()


@pytest.fixture(autouse=True)
def alice(app: Flask, now: datetime) -> Account:
    """The customer whom most of the captured events name."""
    return make_account("user-123", now=now)


@pytest.fixture(autouse=True)
def bob(app: Flask, now: datetime) -> Account:
    """The customer who says that he is somebody else."""
    return make_account("user-456", now=now)


@pytest.fixture
def event(now: datetime) -> Callable[..., dict]:
    """Make a captured event of an hour ago."""

    def made(name: str = "success", **changes: object) -> dict:
        ago = (now - timedelta(hours=1)).timestamp() - CAPTURED["success"]["endTime"]
        times = {key: CAPTURED[name][key] + ago for key in ("startTime", "endTime")}
        return {**CAPTURED[name], **times, **changes}

    return made


@pytest.fixture
def post(client, by_gateway):
    """Post a body as LiteLLM does and return the response."""

    def posted(body: object, *, as_ndjson: bool = False, **headers: str):
        text = "\n".join(map(json.dumps, body)) if as_ndjson else json.dumps(body)
        return client.post(LITELLM, data=text, content_type=JSON, headers={**by_gateway, **headers})

    return posted


def records() -> dict[str, BillingRecord]:
    return {record.request_id: record for record in session.query(BillingRecord)}


class TestPostLitellmUsage:
    def test_records_everything_once_that_was_used(self, post, event) -> None:
        body = post([event(name) for name in CAPTURED]).json
        # Of sixteen events, three failed, two were answered by a cache, and one names nobody of
        # ours but LiteLLM's default; the aborted stream does so, too.
        assert (body["accepted"], body["ignored"]) == (9, 5)
        assert [refusal["code"] for refusal in body["rejected"]] == ["unknown_user"] * 2
        assert len(records()) == 9

    def test_prices_it_to_the_last_digit(self, post, event) -> None:
        body = post([event("success"), event("prompt_cache")]).json
        assert body["accepted"] == 2
        # 86 plain, 1920 cached, 300 out; 50 plain, 8000 read, 1200 written, 400 out.
        costs = sorted(record.cost_nanos for record in records().values())
        assert costs == [5_615_000, 13_050_000]

    def test_leaves_unknown_models_unpriced(self, post, event) -> None:
        assert post([event("custom_model")]).json["accepted"] == 1
        (record,) = records().values()
        assert (record.status, record.model, record.total_tokens) == (
            "unpriced",
            "priced-custom",
            2306,
        )

    def test_bills_the_key_s_user_and_not_the_one_whom_the_caller_names(self, post, event) -> None:
        make_account("spoofed-user-999")
        post([event("same_call_id")])
        assert [record.user_id for record in records().values()] == ["user-456"]

    def test_counts_requests_apart_whose_caller_gave_them_one_id(self, post, event) -> None:
        body = post([event("same_call_id"), event("same_call_id_again")]).json
        assert (body["accepted"], body["duplicates"], body["conflicts"]) == (2, 0, 0)

    def test_bills_a_fallback_though_its_first_try_failed(self, post, event) -> None:
        tries = [event("failure_before_fallback"), event("fallback")]
        assert (post(tries).json["accepted"], post(tries[::-1]).json["duplicates"]) == (1, 1)
        assert [record.model for record in records().values()] == ["backup"]

    def test_flags_the_estimate_of_a_broken_stream(self, client, post, event) -> None:
        of_alice = CAPTURED["success"]["metadata"]
        usage = CAPTURED["client_abort"]["metadata"]["usage_object"]
        post([event("client_abort", metadata={**of_alice, "usage_object": usage}), event()])
        by_alice = bearer(KeyKind.CUSTOMER, user_id="user-123")
        shown = client.get("/v1/billing/usage/records", headers=by_alice).json["records"]
        assert {record["total_tokens"]: record["estimated"] for record in shown} == {
            10: True,
            2306: False,
        }

    def test_keeps_neither_prompts_nor_answers(self, post, event) -> None:
        post([event(messages="my secret prompt", response="my secret answer")])
        (record,) = records().values()
        stored = [getattr(record, column.key) for column in BillingRecord.__table__.columns]
        assert not [value for value in stored if "secret" in str(value)]


class TestRepeats:
    def test_count_nothing_twice(self, post, event) -> None:
        batch = [event(name) for name in ("success", "stream", "prompt_cache", "embedding")]
        assert post(batch).json["accepted"] == 4
        again = post(batch)
        assert (again.status_code, again.json["duplicates"], again.json["accepted"]) == (200, 4, 0)
        assert len(records()) == 4

    def test_count_nothing_twice_in_any_order_or_form(self, post, event) -> None:
        batch = [event(name) for name in CAPTURED]
        post(batch)
        before = {name: record.final_nanos for name, record in records().items()}
        for seed in range(3):
            random.Random(seed).shuffle(batch)
            post(batch, as_ndjson=seed % 2 == 0)
        for one in batch:
            assert post(one).status_code == 200
        assert {name: record.final_nanos for name, record in records().items()} == before

    def test_count_nothing_twice_within_a_body(self, post, event) -> None:
        # With DEFAULT_BATCH_SIZE=1, LiteLLM sends each event up to seven times.
        body = post([event()] * 7).json
        assert (body["accepted"], body["duplicates"]) == (1, 6)

    def test_count_nothing_twice_at_the_same_moment(self, app, by_gateway, event) -> None:
        text = json.dumps([event(name) for name in CAPTURED])

        def posted() -> int:
            response = app.test_client().post(
                LITELLM, data=text, content_type=JSON, headers=by_gateway
            )
            assert response.status_code == 200
            return response.json["accepted"]

        assert sum(in_parallel(app, [posted] * 8)) == 9 == len(records())


class TestForms:
    def test_ndjson_comes_as_json(self, post, event) -> None:
        assert post([event(), event("stream")], as_ndjson=True).json["accepted"] == 2

    def test_a_single_event_is_no_array(self, post, event) -> None:
        assert post(event()).json["accepted"] == 1
        refused = post(event("without_keys"))
        assert (refused.status_code, len(refused.json["rejected"])) == (200, 1)

    @pytest.mark.parametrize("media_type", ["application/x-ndjson", "application/jsonl"])
    def test_other_names_of_ndjson_are_taken(self, client, by_gateway, event, media_type) -> None:
        text = "\n".join(json.dumps(event(name)) for name in ("success", "stream"))
        response = client.post(LITELLM, data=text, content_type=media_type, headers=by_gateway)
        assert response.json["accepted"] == 2

    def test_results_are_told_on_request(self, client, by_gateway, event) -> None:
        batch = [event(), event("cache_hit"), event("without_keys")]
        body = client.post(f"{LITELLM}?verbose=1", json=batch, headers=by_gateway).json
        assert [one["status"] for one in body["results"]] == ["accepted", "ignored", "rejected"]

    def test_an_empty_array_is_no_fault(self, post) -> None:
        assert post([]).json["accepted"] == 0


class TestBadNeighbours:
    def test_harm_nobody_and_are_named(self, post, event, caplog) -> None:
        bad = [None, {}, event(prompt_tokens=-1, id="bad"), event(model_group="\ud800", id="odd")]
        with caplog.at_level(logging.WARNING):
            body = post([*bad, event()]).json
        assert body["accepted"] == 1
        assert [(one["index"], one["code"]) for one in body["rejected"]] == [
            (0, "event_unknown"),
            (1, "event_unknown"),
            (2, "negative_tokens"),
            (3, "text_invalid"),
        ]
        assert "Gateway 'a key': 4 of 5 events were not recorded" in caplog.text
        assert "negative_tokens" in caplog.text

    def test_are_lines_on_their_own(self, client, by_gateway, event) -> None:
        text = json.dumps(event()) + "\n{broken\n" + json.dumps(event("stream"))
        body = client.post(LITELLM, data=text, content_type=JSON, headers=by_gateway).json
        assert (body["accepted"], body["rejected"][0]["code"]) == (2, "line_not_json")

    def test_cannot_spoil_a_batch_with_what_is_no_json(self, client, by_gateway, event) -> None:
        # Python writes NaN, and a caller can have LiteLLM repeat it.
        text = json.dumps([event(messages=float("nan")), event("stream")])
        body = client.post(LITELLM, data=text, content_type=JSON, headers=by_gateway).json
        assert body["accepted"] == 2

    def test_may_nest_what_they_like(self, client, by_gateway, event) -> None:
        deep = "[" * 800 + "]" * 800
        odd = [
            json.dumps(event("stream"))[:-1] + f', "{name}": {deep}}}'
            for name in ("id", "litellm_call_id", "startTime", "endTime", "model", "metadata")
        ]
        text = f"[{','.join([*odd, json.dumps(event())])}]"
        response = client.post(LITELLM, data=text, content_type=JSON, headers=by_gateway)
        assert response.status_code == 200 and response.json["accepted"] >= 1


class TestAttribution:
    def post_as(self, client, event: dict, **settings: object):
        headers = bearer(KeyKind.GATEWAY, **settings)
        return client.post(LITELLM, json=[event], headers=headers)

    def test_bills_one_account_for_everyone(self, client, event) -> None:
        self.post_as(client, event("without_keys"), attributes_to="user-456")
        assert [record.user_id for record in records().values()] == ["user-456"]

    def test_bills_whom_the_caller_names_where_that_is_switched_on(self, client, event) -> None:
        self.post_as(client, event("without_keys"), attributes_by=["end_user"])
        assert [record.user_id for record in records().values()] == ["user-123"]

    def test_rejects_an_event_that_names_nobody(self, client, event) -> None:
        answered = self.post_as(client, event(), attributes_by=["end_user"])
        (refusal,) = answered.json["rejected"]
        assert refusal["code"] == "account_not_named" and "end_user" in refusal["detail"]
        assert not records()


class TestTransientTrouble:
    @pytest.mark.parametrize(
        ("trouble", "code"),
        [
            (OperationalError("SELECT", {}, Exception("no route to host")), "store_away"),
            (UsageContended("Send the batch again."), "usage_contended"),
        ],
    )
    def test_is_503_so_that_litellm_repeats_it(
        self, post, event, monkeypatch, trouble, code
    ) -> None:
        def troubled(*given: object, **named: object):
            raise trouble

        with monkeypatch.context() as patch:
            patch.setattr(usage_recording, "record_usage", troubled)
            response = post([event()])
        assert (response.status_code, response.json["code"]) == (503, code)
        assert post([event()]).json["accepted"] == 1


class TestRefusals:
    def test_of_bodies_that_nobody_can_read(self, client, by_gateway) -> None:
        for text in ("", "[{", "{'id': 1}", "nonsense"):
            response = client.post(LITELLM, data=text, content_type=JSON, headers=by_gateway)
            assert (response.status_code, response.json["code"]) == (400, "body_not_json")

    def test_of_other_media_types(self, client, by_gateway) -> None:
        response = client.post(LITELLM, data="a=1", content_type="text/plain", headers=by_gateway)
        assert response.status_code == 415

    def test_of_bodies_beyond_the_limit(self, client, by_gateway, event, monkeypatch) -> None:
        # Larger than other calls take: a batch of LiteLLM with its prompts must not be lost.
        large = json.dumps([event(messages="x" * 9 * 1024 * 1024)])
        response = client.post(LITELLM, data=large, content_type=JSON, headers=by_gateway)
        assert response.json["accepted"] == 1
        beyond = b" " * (litellm.BODY_MAX_BYTES + 1)
        response = client.post(LITELLM, data=beyond, content_type=JSON, headers=by_gateway)
        assert (response.status_code, response.json["code"]) == (413, "body_too_large")
        monkeypatch.setattr(litellm, "EVENTS_MAX", 2)
        response = client.post(LITELLM, json=[event()] * 3, headers=by_gateway)
        assert (response.status_code, response.json["code"]) == (413, "too_many_records")

    def test_of_other_keys(self, client, event) -> None:
        assert client.post(LITELLM, json=[event()]).status_code == 401
        by_alice = bearer(KeyKind.CUSTOMER, user_id="user-123")
        assert client.post(LITELLM, json=[event()], headers=by_alice).status_code == 403
