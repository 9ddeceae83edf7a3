"""Who may call what: keys of the right kind, and nothing else, ever."""

from datetime import timedelta
from io import BytesIO

import pytest
from flask import Flask, g
from sqlalchemy import update

from app.domain.accounts import operations
from app.domain.accounts.models import Account, BillingSettings, Key
from app.domain.payments.models import Payment
from app.entrypoints.api import auth
from app.entrypoints.api.answering import answer
from app.entrypoints.whole_bodies import ENDS_BY_ITSELF
from app.foundation import clock
from app.foundation.database import session
from app.foundation.secret_keys import ALPHABET, KeyKind
from app.foundation.secret_keys import _checksum as checksum
from tests.factories.bearers import bearer

DOORS = ("for_customers", "for_gateways", "for_operators", "for_customers_and_gateways")


@pytest.fixture(autouse=True)
def calls(app: Flask) -> None:
    """One call per decorator, which says whom it sees."""

    def whoami():
        account = g.get("account")
        return answer({"kind": g.key.kind, "account": account.id if account else None})

    for door in DOORS:
        app.add_url_rule(f"/v1/tests/{door}", door, getattr(auth, door)(whoami))


class TestRightKinds:
    @pytest.mark.parametrize(
        ("door", "welcome"),
        [
            ("for_customers", {"by_ada"}),
            ("for_gateways", {"by_gateway"}),
            ("for_operators", {"by_olga"}),
            ("for_customers_and_gateways", {"by_ada", "by_gateway"}),
        ],
    )
    def test_are_let_in_and_others_told(self, client, request, door, welcome) -> None:
        for caller in ("by_ada", "by_gateway", "by_olga"):
            headers = request.getfixturevalue(caller)
            response = client.get(f"/v1/tests/{door}", headers=headers)
            if caller in welcome:
                assert response.status_code == 200
                assert response.json["account"] == {"by_ada": "ada", "by_olga": "olga"}.get(caller)
            else:
                assert response.status_code == 403
                assert response.json["code"] == "wrong_kind_of_key"
                assert "obl_" in response.json["detail"]

    def test_let_suspended_customers_read(self, client, by_ada, now) -> None:
        account = session.get(Account, "ada")
        account.suspended_at, account.suspended_because = now, "operator"
        session.commit()
        assert client.get("/v1/tests/for_customers", headers=by_ada).status_code == 200

    def test_do_not_survive_the_role(self, client, by_olga) -> None:
        session.get(Account, "olga").role = "customer"
        session.commit()
        assert client.get("/v1/tests/for_operators", headers=by_olga).status_code == 403

    @pytest.mark.parametrize("spelling", ["bearer {}", "BEARER {}", "Bearer  {} "])
    def test_come_in_any_case_of_the_scheme(self, client, by_gateway, spelling) -> None:
        key = by_gateway["Authorization"].removeprefix("Bearer ")
        headers = {"Authorization": spelling.format(key)}
        assert client.get("/v1/tests/for_gateways", headers=headers).status_code == 200


def key_with_id(public_id: str) -> str:
    """Return a key that has the form of ours, checksum included, around any id."""
    body = KeyKind.GATEWAY.value + public_id + ALPHABET[:32]
    return body + checksum(body)


class TestWrongKeys:
    @pytest.mark.parametrize(
        "header",
        [
            None,
            "",
            "Bearer",
            "Bearer ",
            "Basic dXNlcjpwYXNz",
            "Bearer obl_gw_short",
            "Bearer " + "obl_gw_" + "x" * 46,
            "Bearer sk_live_abc",
            "Bearer clé",
            "Bearer \u2603".encode().decode("latin-1"),
            "Bearer " + "x" * 10_000,
            "x" * 10_000,
            "Bearer " + key_with_id("00000000"),
            "Bearer " + key_with_id("\x00\x00\x00\x00\x00\x00\x00\x00"),
            "Bearer " + key_with_id("'; DROP "),
        ],
    )
    def test_are_unauthenticated(self, client, header) -> None:
        environ = {} if header is None else {"HTTP_AUTHORIZATION": header}
        response = client.get("/v1/tests/for_gateways", environ_overrides=environ)
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert response.content_type == "application/problem+json"

    def test_are_not_helped_by_a_second_header(self, client, by_gateway) -> None:
        twice = [("Authorization", by_gateway["Authorization"])] * 2
        assert client.get("/v1/tests/for_gateways", headers=twice).status_code == 401

    @pytest.mark.parametrize("change", ["revoked_at", "expires_at"])
    def test_no_longer_work(self, client, by_gateway, now, change) -> None:
        setattr(session.query(Key).one(), change, now - timedelta(seconds=1))
        session.commit()
        response = client.get("/v1/tests/for_gateways", headers=by_gateway)
        assert response.status_code == 401
        assert response.json["code"] == "key_unknown"

    def test_are_not_known_by_their_id_alone(self, client, by_gateway) -> None:
        right = by_gateway["Authorization"].removeprefix("Bearer ")
        forged = key_with_id(right[7:15])
        headers = {"Authorization": f"Bearer {forged}"}
        response = client.get("/v1/tests/for_gateways", headers=headers)
        assert response.status_code == 401

    def test_expire_at_their_moment(self, client, now) -> None:
        later = bearer(KeyKind.GATEWAY, expires_at=now + timedelta(minutes=5))
        assert client.get("/v1/tests/for_gateways", headers=later).status_code == 200


class EndsAKey(BytesIO):
    """A body that comes slowly: before it is there, whoever sent it has lost his key."""

    def readinto(self, buffer) -> int:
        """Have the key revoked, and give the body."""
        session.execute(update(Key).values(revoked_at=clock.now()))
        session.commit()
        return super().readinto(buffer)

    def read(self, size: int | None = -1) -> bytes:
        """Have the key revoked, and give the body."""
        session.execute(update(Key).values(revoked_at=clock.now()))
        session.commit()
        return super().read(size)


def test_a_key_is_looked_at_once_the_body_is_there(client, by_ada) -> None:
    body = b'{"spend_limit": 77}'
    answer = client.put(
        "/v1/billing/settings",
        headers=by_ada,
        input_stream=EndsAKey(body),
        content_type="application/json",
        content_length=len(body),
    )
    assert (answer.status_code, answer.json["code"]) == (401, "key_unknown")
    chosen = session.query(BillingSettings).filter_by(user_id="ada").populate_existing().one()
    assert chosen.spend_limit_minor is None


class NeverRead(BytesIO):
    """A body that nobody should have begun to take in."""

    def readinto(self, buffer) -> int:
        """Fail."""
        raise AssertionError("the body was read")

    def read(self, size: int | None = -1) -> bytes:
        """Fail."""
        raise AssertionError("the body was read")


@pytest.mark.parametrize(
    "announced",
    [
        {"CONTENT_LENGTH": str(auth.BODY_MAX_BYTES + 1)},
        {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked", ENDS_BY_ITSELF: True},
        # As HTTP/2 does.
        {"CONTENT_LENGTH": "", ENDS_BY_ITSELF: True},
    ],
)
def test_nobody_unknown_has_us_take_in_much(client, announced) -> None:
    answer = client.post(
        "/v1/billing/usage",
        headers={"Authorization": f"Bearer {key_with_id('00000000')}"},
        input_stream=NeverRead(b"{}"),
        content_type="application/json",
        environ_overrides=announced,
    )
    assert (answer.status_code, answer.json["code"]) == (401, "key_unknown")


def test_only_gateways_have_much_to_say(client, by_ada, by_gateway) -> None:
    much = {f"k{number}": 1 for number in range(40_000)}
    answer = client.put("/v1/billing/settings", headers=by_ada, json=much)
    assert (answer.status_code, answer.json["code"]) == (413, "body_too_large")
    assert client.post("/v1/billing/usage", headers=by_gateway, json=much).status_code == 422
    # Not even where gateways have.
    for path in ("/usage", "/usage/litellm", "/estimate"):
        answer = client.post(f"/v1/billing{path}", headers=by_ada, json=much)
        assert (answer.status_code, answer.json["code"]) == (413, "body_too_large")


def test_calls_that_are_for_others_count(client, by_ada, by_olga) -> None:
    for headers in (by_ada, by_olga):
        left = [
            int(
                client.post("/v1/billing/usage", headers=headers, json={}).headers[
                    "RateLimit-Remaining"
                ]
            )
            for _ in range(2)
        ]
        assert left[1] == left[0] - 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/invoices/inv-1/checkout", {"provider": "stripe"}),
        ("/subscription", {"plan_id": "plan-pro"}),
        ("/topups", {"amount": 5}),
    ],
)
def test_and_once_the_account_is_held(client, by_ada, monkeypatch, path, body) -> None:
    real = operations.lock_in_use

    def lock_in_use(user_id: str) -> Account:
        # Whoever held the account before has revoked it.
        account = real(user_id)
        session.execute(update(Key).values(revoked_at=clock.now()))
        return account

    keys = session.query(Key)
    monkeypatch.setattr(operations, "lock_in_use", lock_in_use)
    answer = client.post(f"/v1/billing{path}", headers=by_ada, json=body)
    # Here it is revoked in the transaction that is refused, and so it works the next time.
    assert answer.status_code == 401 and keys.one().revoked_at is None
    assert session.query(Payment).count() == 0
