"""Calls that change something: one transaction, one effect per Idempotency-Key."""

import threading
from collections.abc import Callable

import pytest
from flask import Flask, Response
from sqlalchemy import func, select

from app.domain.accounts import callers, keys
from app.domain.accounts.key_rules import Overlap
from app.domain.accounts.models import Key
from app.entrypoints import problems
from app.entrypoints.api.answering import answer
from app.entrypoints.api.auth import for_customers, for_gateways
from app.entrypoints.api.changing import changes, changes_after
from app.entrypoints.api.reading_bodies import json_object
from app.foundation import clock, journal
from app.foundation.database import session, transaction
from app.foundation.errors import Kind, Refusal
from app.foundation.idempotency import IdempotencyKey
from app.foundation.journal import JournalEntry
from app.foundation.secret_keys import KeyKind
from tests.factories.bearers import bearer
from tests.threads import in_parallel

ADDRESS = "/v1/tests/notes"


def note() -> int:
    """Write something down and return how many notes there are."""
    journal.write("noted", actor="test", now=clock.now(), user_id=None)
    session.flush()
    return session.scalars(select(func.count()).select_from(JournalEntry)).one()


def notes() -> int:
    return session.scalars(select(func.count()).select_from(JournalEntry)).one()


@pytest.fixture(autouse=True)
def calls(app: Flask) -> None:
    """A call that notes something, then answers or fails as the body says."""

    def post():
        body = json_object()
        number = note()
        match body.get("then"):
            case "refuse":
                kind = Kind(body["kind"])
                raise Refusal("no_such_luck", f"Not now, after {number}.", kind=kind)
            case "answer_refusal":
                return problems.problem(body["status"], code="no", detail=f"After {number}.")
            case "break":
                raise ZeroDivisionError("a bug")
            case "say_nothing":
                silent = Response(status=204)
                del silent.headers["Content-Type"]
                return silent
        return answer({"number": number}, status=201)

    call = for_gateways(changes(post))
    app.add_url_rule(ADDRESS, "notes", call, methods=["POST", "PUT"])
    app.add_url_rule("/v1/tests/<path:rest>", "others", lambda rest: call(), methods=["POST"])


@pytest.fixture
def post(client, by_gateway) -> Callable:
    def post(body=None, *, key: str | None = None, address: str = ADDRESS, headers=by_gateway):
        given = headers if key is None else {**headers, "Idempotency-Key": key}
        return client.post(address, json=body or {}, headers=given)

    return post


class TestChanges:
    def test_keeps_what_was_answered_well(self, post) -> None:
        assert post().status_code == 201
        assert notes() == 1

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({"then": "refuse", "kind": "conflict"}, 409),
            ({"then": "refuse", "kind": "invalid"}, 422),
            ({"then": "refuse", "kind": "not_found"}, 404),
            ({"then": "answer_refusal", "status": 409}, 409),
        ],
    )
    def test_undoes_what_was_refused(self, post, body, status) -> None:
        response = post(body)
        assert response.status_code == status
        assert response.content_type == "application/problem+json"
        assert notes() == 0

    def test_undoes_what_broke(self, app, post) -> None:
        app.config["PROPAGATE_EXCEPTIONS"] = False
        assert post({"then": "break"}).status_code == 500
        assert notes() == 0

    def test_refuses_keys_that_may_only_read(self, post) -> None:
        reader = bearer(KeyKind.GATEWAY, scope="read")
        response = post(headers=reader)
        assert response.status_code == 403
        assert response.json["code"] == "key_is_read_only"
        assert notes() == 0


class TestIdempotencyKey:
    def test_replays_the_answer_without_the_effect(self, post) -> None:
        first, second = post(key="k-1"), post(key="k-1")
        assert first.json == second.json == {"number": 1}
        assert first.status_code == second.status_code == 201
        assert "Idempotent-Replayed" not in first.headers
        assert second.headers["Idempotent-Replayed"] == "true"
        assert second.content_type == first.content_type
        assert notes() == 1

    def test_replays_an_answer_without_a_body_without_a_type(self, post) -> None:
        first, second = (post({"then": "say_nothing"}, key="k-1") for _ in range(2))
        assert second.headers["Idempotent-Replayed"] == "true"
        for answered in (first, second):
            assert (answered.status_code, answered.data) == (204, b"")
            assert "Content-Type" not in answered.headers
        assert notes() == 1

    def test_refuses_another_body(self, post) -> None:
        post(key="k-1")
        response = post({"other": 1}, key="k-1")
        assert response.status_code == 422
        assert response.json["code"] == "idempotency_key_reused"
        assert notes() == 1

    @pytest.mark.parametrize(
        "body",
        [
            {"then": "refuse", "kind": "conflict"},
            {"then": "refuse", "kind": "invalid"},
            {"then": "answer_refusal", "status": 422},
        ],
    )
    def test_keeps_refusals_that_would_come_again(self, post, body) -> None:
        first = post(body, key="k-1")
        note()
        session.commit()
        second = post(body, key="k-1")
        assert second.json == first.json
        assert second.status_code == first.status_code
        assert second.headers["Idempotent-Replayed"] == "true"
        assert second.content_type == "application/problem+json"
        assert notes() == 1

    @pytest.mark.parametrize("kind", ["not_found", "unavailable", "too_many"])
    def test_forgets_what_may_go_better_next_time(self, post, kind) -> None:
        body = {"then": "refuse", "kind": kind}
        assert post(body, key="k-1").json["detail"] == "Not now, after 1."
        note()
        session.commit()
        again = post(body, key="k-1")
        assert again.json["detail"] == "Not now, after 2."
        assert "Idempotent-Replayed" not in again.headers

    def test_forgets_what_broke(self, app, post) -> None:
        app.config["PROPAGATE_EXCEPTIONS"] = False
        assert post({"then": "break"}, key="k-1").status_code == 500
        assert session.scalars(select(IdempotencyKey)).all() == []

    def test_says_that_the_first_is_still_running(self, post) -> None:
        post(key="k-1")
        row = session.scalars(select(IdempotencyKey)).one()
        row.answer_status = row.answer_body = row.answer_media_type = None
        session.commit()
        response = post(key="k-1")
        assert response.status_code == 409
        assert response.json["code"] == "idempotency_key_in_use"

    def test_is_its_callers_own(self, post) -> None:
        other = bearer(KeyKind.GATEWAY)
        assert post(key="k-1").json != post(key="k-1", headers=other).json
        assert notes() == 2

    def test_belongs_to_one_address(self, post) -> None:
        post(key="k-1")
        response = post(key="k-1", address="/v1/tests/%00%ff-nul")
        assert response.status_code == 201
        assert notes() == 2

    @pytest.mark.parametrize("key", ["k", "x" * 255, "!~#\"'\\"])
    def test_may_be_any_visible_ascii(self, post, key) -> None:
        assert post(key=key).status_code == 201
        assert post(key=key).headers["Idempotent-Replayed"] == "true"

    @pytest.mark.parametrize("key", ["", "x" * 256, "a b", "tab\t", "clé", "\x7f", "\x00"])
    def test_is_refused_otherwise(self, client, by_gateway, key) -> None:
        environ = {"HTTP_IDEMPOTENCY_KEY": key}
        response = client.post(ADDRESS, json={}, headers=by_gateway, environ_overrides=environ)
        assert response.status_code == 422
        assert response.json["code"] == "idempotency_key_invalid"
        assert notes() == 0

    def test_has_one_effect_however_many_post_at_once(self, app, by_gateway) -> None:
        found: list[int] = []

        def post_once() -> None:
            client = app.test_client()
            headers = {**by_gateway, "Idempotency-Key": "at-once"}
            found.append(client.post(ADDRESS, json={}, headers=headers).status_code)

        app.test_client_class = None
        session.commit()
        threads = [threading.Thread(target=post_once) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert len(found) == 6
        assert set(found) <= {201, 409} and 201 in found
        assert notes() == 1


class TestChangesAfter:
    @pytest.fixture(autouse=True)
    def first(self, app: Flask) -> None:
        """A call that notes something for good before it notes something, or is refused."""

        def first() -> None:
            with transaction():
                note()
            if json_object().get("first") == "refuse":
                raise Refusal("not_even_begun", "Not even begun.", kind=Kind.TOO_MANY)

        def post():
            number = note()
            if json_object().get("then") == "refuse":
                raise Refusal("no_such_luck", "Not now.")
            return answer({"number": number})

        call = for_gateways(changes_after(first)(post))
        app.add_url_rule("/v1/tests-after/notes", "after", call, methods=["POST"])

    @pytest.fixture
    def post_after(self, post) -> Callable:
        return lambda body=None, **given: post(body, address="/v1/tests-after/notes", **given)

    @pytest.mark.parametrize(
        ("body", "status", "kept"),
        [({}, 200, 2), ({"then": "refuse"}, 422, 1), ({"first": "refuse"}, 429, 1)],
    )
    def test_keeps_what_came_first(self, post_after, body, status: int, kept: int) -> None:
        assert post_after(body).status_code == status
        assert notes() == kept

    def test_does_nothing_a_second_time(self, post_after) -> None:
        first, again = post_after(key="k1"), post_after(key="k1")
        assert again.json == first.json and again.headers["Idempotent-Replayed"] == "true"
        assert notes() == 2

    def test_tries_again_what_had_to_wait(self, post_after) -> None:
        assert post_after({"first": "refuse"}, key="k1").status_code == 429
        assert post_after({"first": "refuse"}, key="k1").status_code == 429
        assert notes() == 2


class TestHolders:
    """A repeat is known again though the secret key was replaced meanwhile."""

    def replaced(self, key_id: int) -> dict[str, str]:
        with transaction():
            _, _, made = keys.replace(key_id, overlap=Overlap.DAY, now=clock.now())
        return {"Authorization": f"Bearer {made.text}"}

    def test_knows_a_gateway_by_the_first_of_its_keys(self, post) -> None:
        first = bearer(KeyKind.GATEWAY)
        assert post(key="k-1", headers=first).status_code == 201
        second = self.replaced(session.query(Key).order_by(Key.id.desc()).first().id)
        third = self.replaced(session.query(Key).order_by(Key.id.desc()).first().id)
        for headers in (second, third, first):
            assert post(key="k-1", headers=headers).headers["Idempotent-Replayed"] == "true"
        assert notes() == 1

    def test_knows_an_account_by_any_of_its_keys(self, app, post, ada, ben) -> None:
        call = for_customers(changes(lambda: answer({"number": note()}, status=201)))
        app.add_url_rule("/v1/tests-own/notes", "own", call, methods=["POST"])
        adas = [bearer(KeyKind.CUSTOMER, user_id="ada") for _ in range(2)]
        bens = bearer(KeyKind.CUSTOMER, user_id="ben")
        asked = {"key": "k-1", "address": "/v1/tests-own/notes"}
        assert post(**asked, headers=adas[0]).json == post(**asked, headers=adas[1]).json
        assert "Idempotent-Replayed" not in post(**asked, headers=bens).headers

    def test_finds_what_was_kept_under_the_secret_key(self, app, post, ada) -> None:
        call = for_customers(changes(lambda: answer({"number": note()}, status=201)))
        app.add_url_rule("/v1/tests-own/notes", "own", call, methods=["POST"])
        adas = bearer(KeyKind.CUSTOMER, user_id="ada")
        asked = {"key": "k-1", "address": "/v1/tests-own/notes", "headers": adas}
        post(**asked)
        row, key = (
            session.query(IdempotencyKey).one(),
            session.query(Key).filter_by(user_id="ada").one(),
        )
        row.scope = row.scope.replace("account:ada", key.public_id)
        session.commit()
        assert post(**asked).headers["Idempotent-Replayed"] == "true"
        assert post({"other": 1}, **asked).json["code"] == "idempotency_key_reused"
        assert notes() == 1

    def test_takes_the_query_for_part_of_the_request(self, post) -> None:
        assert post(key="k-1", address=f"{ADDRESS}?verbose=1").status_code == 201
        again = post(key="k-1", address=f"{ADDRESS}?verbose=1")
        assert again.headers["Idempotent-Replayed"] == "true"
        for address in (ADDRESS, f"{ADDRESS}?verbose=0"):
            assert post(key="k-1", address=address).json["code"] == "idempotency_key_reused"
        assert notes() == 1


class TestKeysThatChangeMeanwhile:
    """While a call waits for what others hold, its key is revoked, or replaced."""

    @pytest.fixture
    def post(self, app: Flask, client, by_ada) -> Callable:
        def post(change: Callable[[Key], object], **headers: str):
            def change_it() -> None:
                with transaction():
                    change(session.scalars(select(Key)).one())

            waits_for = [change_it]

            def call_that_waits():
                # Before the call's own first statement, which would hold the database itself.
                if waits_for:
                    in_parallel(app, [waits_for.pop()])
                return answer({"number": note()}, status=201)

            call = for_customers(changes(call_that_waits))
            app.add_url_rule("/v1/tests/waits", "waits", call, methods=["POST"])
            return client.post("/v1/tests/waits", json={}, headers={**by_ada, **headers})

        return post

    @pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "once"}])
    def test_do_nothing_once_they_are_revoked(self, post, headers) -> None:
        refused = post(lambda key: keys.revoke(key.id, now=clock.now()), **headers)
        assert (refused.status_code, refused.json["code"]) == (401, "key_unknown")
        session.rollback()
        assert notes() == 0

    def test_go_on_where_they_still_work(self, post) -> None:
        replaced = post(lambda key: keys.replace(key.id, overlap=Overlap.DAY, now=clock.now()))
        assert replaced.status_code == 201
        session.rollback()
        assert notes() == 1

    def test_are_refused_where_they_never_stay(self, post, monkeypatch) -> None:
        monkeypatch.setattr(callers, "are_as_remembered", lambda *_, **__: False)
        assert post(lambda _: None).status_code == 401
        session.rollback()
        assert notes() == 0
