"""Plain calls of gateways go the short way, all others the long way; both answer alike."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from app.domain.accounts import callers, keys, standing
from app.domain.accounts.key_rules import NOTED_EVERY, Scope
from app.domain.accounts.models import Account, Key
from app.domain.usage.models import BillingRecord
from app.domain.usage.reports import Outcome, UsageReport
from app.entrypoints.api import short_way, usage_recording
from app.entrypoints.api.short_way import ENTITLEMENT_ROUTE, ENTITLEMENTS, USAGE, ShortWay
from app.entrypoints.counting import exposition
from app.entrypoints.whole_bodies import ENDS_BY_ITSELF
from app.foundation import clock
from app.foundation.database import db, session, transaction
from app.foundation.secret_keys import KeyKind
from app.workflows.record_usage import record_usage
from tests.books import check_books
from tests.factories.accounts import make_account
from tests.factories.bearers import bearer
from tests.factories.tokens import make_extra_tokens
from tests.moments import NOW
from tests.threads import in_parallel

Headers = dict[str, str]
OF = {"model": "gpt-4", "prompt_tokens": 500, "completion_tokens": 120}


@pytest.fixture(autouse=True)
def books(app: Flask, ada: Account, ben: Account) -> Iterator[None]:
    yield
    check_books()


@pytest.fixture
def went_long(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of all calls that were passed on to the framework."""
    paths: list[str] = []
    assert isinstance(app.wsgi_app, ShortWay)
    passed_on = app.wsgi_app._long_way

    def noted(environ: dict, start_response: Callable) -> object:
        paths.append(environ["PATH_INFO"])
        return passed_on(environ, start_response)

    monkeypatch.setattr(app.wsgi_app, "_long_way", noted)
    return paths


def known(client: FlaskClient, headers: Headers) -> Headers:
    """Let the key be looked up, its use be noted, and the key be remembered after that."""
    for _ in range(2):
        client.get(f"{ENTITLEMENTS}ada", headers=headers)
    return headers


@pytest.fixture
def by_known(client: FlaskClient, by_gateway: Headers, went_long: list[str]) -> Headers:
    headers = known(client, by_gateway)
    went_long.clear()
    return headers


@pytest.fixture
def tried(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> tuple[FlaskClient, list[str]]:
    """A client, and what of its posts was tried to be recorded, in that order."""
    request_ids: list[str] = []

    def recording(reports: Sequence[UsageReport], **given: object) -> list[Outcome]:
        request_ids.extend(report.request_id for report in reports)
        return record_usage(reports, **given)

    monkeypatch.setattr(usage_recording, "record_usage", recording)
    return client, request_ids


def record(request_id: str, user_id: str = "ada", **changes: object) -> dict[str, object]:
    return {"user_id": user_id, "request_id": request_id, **OF, **changes}


def told(answer: TestResponse) -> tuple[int, bytes, dict[str, str]]:
    """Return an answer without what differs from call to call."""
    headers = {name.lower(): text for name, text in answer.headers}
    assert len(headers) == len(list(answer.headers)), "a header stands twice"
    assert headers.pop("x-request-id")
    return answer.status_code, answer.data, headers


def stored() -> list[str]:
    session.expire_all()
    return sorted(row.request_id for row in session.query(BillingRecord))


class TestWhatIsPlain:
    """It never meets the framework, and is answered as the framework would."""

    def long(self, client: FlaskClient, *given: object, **more: object) -> TestResponse:
        """Make a call the long way: by a header that nobody else sends."""
        more["headers"] = {**more["headers"], "Expect": "100-continue"}
        return client.open(*given, **more)

    def test_asks(self, client, by_known, went_long) -> None:
        make_account("cleo+1@x", now=clock.now(), plan_id="plan-pro", email="cleo@example.com")
        session.commit()
        for user_id in ("ada", "cleo+1@x"):
            short = client.get(ENTITLEMENTS + user_id, headers=by_known)
            assert short.status_code == 200 and not went_long
            assert told(short) == told(self.long(client, ENTITLEMENTS + user_id, headers=by_known))
            assert went_long.pop() == ENTITLEMENTS + user_id

    @pytest.mark.parametrize(
        "body",
        [
            record("r"),
            record("r", model="nobody-knows"),
            {"records": [record("r"), record("r"), record("r", "nobody"), {"user_id": "ada"}]},
        ],
        ids=["single", "unpriced", "batch"],
    )
    def test_posts(self, client, by_known, went_long, body) -> None:
        first = client.post(USAGE, json=body, headers=by_known)
        assert first.json["accepted"] == 1 and stored() == ["r"]
        again = client.post(USAGE, json=body, headers=by_known)
        assert again.json["duplicates"] >= 1 and not went_long
        long = self.long(client, USAGE, method="POST", json=body, headers=by_known)
        assert told(again) == told(long) and went_long == [USAGE]

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            (record("r", prompt_tokens=501), 409),
            (record("s", "nobody"), 422),
            (record("s", total_tokens=7), 422),
        ],
    )
    def test_refuses_once(self, by_known, went_long, tried, body, status) -> None:
        """What was refused when it was to be recorded is not tried a second time for that."""
        client, request_ids = tried
        client.post(USAGE, json=record("r"), headers=by_known)
        request_ids.clear()
        short = client.post(USAGE, json=body, headers=by_known)
        assert short.status_code == status and not went_long
        assert request_ids == [body["request_id"]]
        long = self.long(client, USAGE, method="POST", json=body, headers=by_known)
        assert told(short) == told(long)

    def test_is_secure_where_the_long_way_is(self, client, by_known, went_long) -> None:
        address = {"base_url": "https://localhost", "headers": by_known}
        short = client.get(f"{ENTITLEMENTS}ada", **address)
        assert "Strict-Transport-Security" in short.headers and not went_long
        assert told(short) == told(self.long(client, f"{ENTITLEMENTS}ada", **address))

    def test_is_seen(self, client, by_known, went_long, caplog) -> None:
        line = (
            f'billing_http_requests_total{{method="GET",route="{ENTITLEMENT_ROUTE}",status="200"}}'
        )
        before = counted(line)
        with caplog.at_level("INFO", logger="app.access"):
            headers = {**by_known, "X-Request-Id": "of-the-gateway"}
            answer = client.get(f"{ENTITLEMENTS}ada", headers=headers)
        assert answer.headers["X-Request-Id"] == "of-the-gateway"
        [entry] = [each for each in caplog.records if each.name == "app.access"]
        assert entry.fields["route"] == ENTITLEMENT_ROUTE and entry.fields["status"] == 200
        assert by_known["Authorization"].startswith(f"Bearer obl_gw_{entry.fields['key']}")
        assert counted(line) == before + 1 and not went_long

    def test_is_counted_as_usage(self, client, by_known, went_long) -> None:
        line = 'billing_usage_records_total{format="native",result="accepted"}'
        before = counted(line)
        client.post(USAGE, json=record("r"), headers=by_known)
        assert counted(line) == before + 1 and not went_long

    def test_stands_under_the_names_of_the_framework(self, app: Flask) -> None:
        rules = {rule.rule for rule in app.url_map.iter_rules()}
        assert {USAGE, ENTITLEMENT_ROUTE} <= rules


def counted(line: str) -> float:
    found = [each for each in exposition([]).decode().splitlines() if each.startswith(line)]
    return float(found[0].rpartition(" ")[2]) if found else 0.0


class TestWhatIsOdd:
    """It goes the long way, where it is answered as ever."""

    @pytest.mark.parametrize(
        ("asked", "status"),
        [
            ((f"{ENTITLEMENTS}ada?x=1", {}), 422),
            ((f"{ENTITLEMENTS}nobody", {}), 404),
            ((f"{ENTITLEMENTS}a%20b", {}), 404),
            ((f"{ENTITLEMENTS}ada/x", {}), 404),
            ((f"{ENTITLEMENTS}ada", {"data": b"{}"}), 200),
            ((f"{ENTITLEMENTS}ada", {"method": "HEAD"}), 200),
            ((f"{ENTITLEMENTS}ada", {"method": "DELETE"}), 405),
            ((USAGE, {"method": "POST", "json": record("r"), "query_string": "verbose=1"}), 200),
            ((USAGE, {"method": "POST", "data": b"{}", "content_type": "text/plain"}), 415),
            ((USAGE, {"method": "POST", "data": b"{", "content_type": "application/json"}), 400),
            ((USAGE, {"method": "POST", "json": {"records": []}}), 422),
            ((USAGE, {"method": "POST", "json": {"records": [record("r")] * 1_001}}), 413),
            ((USAGE, {"method": "POST", "json": record("r", prompt_tokens=-1)}), 422),
            ((USAGE, {"method": "POST"}), 415),
        ],
    )
    def test_is_answered_there(self, client, by_known, went_long, asked, status) -> None:
        address, given = asked
        answer = client.open(address, headers=by_known, **given)
        assert answer.status_code == status
        assert len(went_long) == 1

    @pytest.mark.parametrize("name", ["Idempotency-Key", "Content-Encoding", "Expect"])
    def test_says_more_than_what_is_posted(self, client, by_known, went_long, name) -> None:
        client.post(USAGE, json=record("r"), headers={**by_known, name: "identity"})
        assert went_long == [USAGE]
        assert stored() == ["r"]

    @pytest.mark.parametrize("name", short_way.ODD)
    def test_says_more_also_where_it_is_empty(self, client, by_known, went_long, name) -> None:
        client.post(USAGE, json=record("r"), headers=by_known, environ_overrides={name: ""})
        assert went_long == [USAGE]

    def test_has_an_empty_idempotency_key(self, client, by_known, went_long) -> None:
        headers = {**by_known, "Idempotency-Key": ""}
        assert client.post(USAGE, json=record("r"), headers=headers).status_code == 422
        assert stored() == []

    def test_is_cut_short(self, client, by_known, went_long) -> None:
        environ = {ENDS_BY_ITSELF: True, "CONTENT_LENGTH": "5000"}
        given = {"content_type": "application/json", "environ_overrides": environ}
        answer = client.post(USAGE, input_stream=BytesIO(b"{"), headers=by_known, **given)
        assert (answer.status_code, answer.json["code"]) == (400, "body_incomplete")
        assert went_long == [USAGE]

    @pytest.mark.parametrize(
        "host",
        ["evil.example", "", "a b", ".example.com", "a..example.com", "x" * 64 + ".example.com"],
    )
    def test_is_for_another_host(self, settings, by_known, host) -> None:
        strict = create_app(replace(settings, trusted_hosts=("localhost", ".example.com")))
        client, address = strict.test_client(), f"{ENTITLEMENTS}ada"
        assert client.get(address, headers=by_known).status_code == 200
        answer = client.get(address, headers={**by_known, "Host": host})
        assert answer.status_code == 400
        with strict.app_context():
            db.engine.dispose()

    def test_fails_in_the_end(self, client, by_known, went_long, monkeypatch) -> None:
        def broken(_environ: dict) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(short_way, "_ASK", short_way._ASK._replace(answer=broken))
        assert client.get(f"{ENTITLEMENTS}ada", headers=by_known).status_code == 200
        assert went_long == [f"{ENTITLEMENTS}ada"]


class TestWhoCalls:
    @pytest.mark.parametrize(
        ("kind", "owner"), [(KeyKind.CUSTOMER, "ada"), (KeyKind.OPERATOR, "olga")]
    )
    def test_is_a_gateway(self, client, olga, went_long, kind, owner) -> None:
        headers = known(client, bearer(kind, user_id=owner))
        went_long.clear()
        assert client.get(f"{ENTITLEMENTS}ada", headers=headers).status_code == 403
        assert client.post(USAGE, json=record("r"), headers=headers).status_code == 403
        assert len(went_long) == 2

    @pytest.mark.parametrize("sent", ["", "Basic x", "Bearer obl_gw_x", "Bearer " + "x" * 300])
    def test_has_a_key(self, client, by_known, went_long, sent) -> None:
        headers = {"Authorization": sent} if sent else {}
        assert client.get(f"{ENTITLEMENTS}ada", headers=headers).status_code == 401
        assert len(went_long) == 1

    def test_may_only_read(self, client, went_long) -> None:
        headers = known(client, bearer(KeyKind.GATEWAY, scope=Scope.READ))
        went_long.clear()
        assert client.get(f"{ENTITLEMENTS}ada", headers=headers).status_code == 200
        assert not went_long
        answer = client.post(USAGE, json=record("r"), headers=headers)
        assert (answer.status_code, stored()) == (403, [])

    def test_speaks_of_few(self, client, went_long) -> None:
        headers = known(client, bearer(KeyKind.GATEWAY, limited_to=["ada"]))
        went_long.clear()
        assert client.get(f"{ENTITLEMENTS}ada", headers=headers).status_code == 200
        assert not went_long
        assert client.get(f"{ENTITLEMENTS}ben", headers=headers).status_code == 403
        answer = client.post(USAGE, json=record("r", "ben"), headers=headers)
        assert (answer.status_code, stored()) == (422, [])

    def test_has_lost_the_key_meanwhile(self, client, by_known, went_long) -> None:
        """In another process, which tells this one nothing."""
        with transaction():
            keys.revoke(session.query(Key).one().id, now=clock.now())
        assert client.get(f"{ENTITLEMENTS}ada", headers=by_known).status_code == 401
        assert client.post(USAGE, json=record("r"), headers=by_known).status_code == 401
        assert stored() == []

    @pytest.mark.parametrize("faulty", [{"records": [{}]}, {"records": [record("r", "ben")]}, {}])
    @pytest.mark.parametrize(
        ("changes", "status"),
        [
            ({"revoked_at": NOW}, 401),
            ({"expires_at": NOW}, 401),
            ({"scope": Scope.READ}, 403),
            (None, 401),
        ],
        ids=["revoked", "expired", "read-only", "deleted"],
    )
    def test_is_told_nothing_of_what_is_faulty(
        self, client, went_long, changes, status, faulty
    ) -> None:
        headers = known(client, bearer(KeyKind.GATEWAY, limited_to=["ada"]))
        keys_there = session.query(Key)
        with transaction():
            keys_there.delete() if changes is None else keys_there.update(changes)
        went_long.clear()
        for _ in range(2):
            assert client.post(USAGE, json=faulty, headers=headers).status_code == status
        assert went_long == [USAGE] * 2

    def test_is_told_by_what_the_key_is_limited_to_now(self, client, by_known) -> None:
        of_ben = {"records": [record("r", "ben", prompt_tokens=-1)]}
        with transaction():
            session.query(Key).one().limited_to = ["ada"]
        answer = client.post(USAGE, json=of_ben, headers=by_known)
        assert len(answer.json["rejected"]) == 1
        (key,) = callers._remembered_here().values()
        assert key.limited_to == ["ada"]

    def test_is_limited_meanwhile(self, client, by_known) -> None:
        with transaction():
            session.query(Key).one().limited_to = ["ben"]
        assert client.get(f"{ENTITLEMENTS}ada", headers=by_known).status_code == 403

    def test_is_noted_now_and_then(self, client, by_known, went_long) -> None:
        long_ago = clock.now() - NOTED_EVERY
        with transaction():
            session.query(Key).one().last_used_at = long_ago
        # It is remembered as it was; where it is looked up anew, the use is noted.
        callers._remembered_here().clear()
        for _ in range(3):
            client.get(f"{ENTITLEMENTS}ada", headers=by_known)
        session.expire_all()
        assert session.query(Key).one().last_used_at > long_ago
        assert len(went_long) == 2


class TestAnswers:
    def test_know_what_was_posted_before(self, client, by_known, went_long) -> None:
        make_account("cleo", now=clock.now(), plan_id="plan-basic")
        session.commit()
        left = 100_000
        for number in range(5):
            client.post(USAGE, json=record(f"r{number}", "cleo"), headers=by_known)
            left -= 620
            body = client.get(f"{ENTITLEMENTS}cleo", headers=by_known).json
            assert body["token_balance"] == left
        with transaction():
            locked = standing.lock_customer("cleo")
            standing.suspend(locked, reason="Asked for.", actor="olga", now=clock.now())
        body = client.get(f"{ENTITLEMENTS}cleo", headers=by_known).json
        assert (body["allowed"], body["reason"]) == (False, "suspended")
        assert not went_long

    def test_reach_who_has_asked(self, app: Flask, client, by_known, went_long) -> None:
        """However many ask at the same moment, also for accounts that are not there."""
        wanted = {f"user-{number}": number + 1 for number in range(12)}
        for user_id, number in wanted.items():
            make_account(user_id, now=clock.now(), plan_id="plan-basic")
            make_extra_tokens(user_id, bought=number)
        session.commit()
        asked = [*wanted, "nobody"] * 3

        def ask(user_id: str) -> TestResponse:
            return app.test_client().get(ENTITLEMENTS + user_id, headers=by_known)

        answers = in_parallel(app, [lambda user_id=user_id: ask(user_id) for user_id in asked])
        for user_id, answer in zip(asked, answers, strict=True):
            assert answer.status_code == (200 if user_id in wanted else 404)
            if user_id in wanted:
                assert answer.json["extra_tokens"] == wanted[user_id]
        assert went_long == [f"{ENTITLEMENTS}nobody"] * 3
