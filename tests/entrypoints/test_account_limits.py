"""What one account may ask and change in all, however many keys and browsers it has."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.domain.accounts import passwords
from app.domain.accounts.models import Account, Key
from app.domain.mails.models import Mail
from app.entrypoints import account_limits
from app.foundation.database import session
from app.foundation.idempotency import IdempotencyKey
from app.foundation.journal import JournalEntry
from app.foundation.secret_keys import KeyKind
from tests.entrypoints.web.conftest import PASSWORD, signed_in
from tests.factories.accounts import make_account
from tests.factories.bearers import bearer
from tests.threads import in_parallel

ALLOWED, CROWD = 3, 32
SETTINGS = "/v1/billing/settings"


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let only a few of one kind through, in a window that does not end meanwhile."""

    def few(name: str) -> None:
        limit = getattr(account_limits, name)
        monkeypatch.setattr(account_limits, name, replace(limit, times=ALLOWED, seconds=10**9))

    return few


@pytest.fixture
def ada(app: Flask, now: datetime) -> Account:
    """A customer who signs in, too."""
    return make_account("ada", now=now, password_hash=passwords.hash_password(PASSWORD))


@pytest.fixture
def adas(app: Flask, ada: Account) -> FlaskClient:
    """Ada's browser."""
    return signed_in(app, ada)


def count_of(model: type) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(model)) or 0


def test_keys_share_what_their_account_may_ask(
    app: Flask, client, ada: Account, ben: Account, few
) -> None:
    few("CALLS")
    keys = [bearer(KeyKind.CUSTOMER, user_id="ada") for _ in range(4)]
    calls = [
        lambda n=n: app.test_client().get("/v1/billing/stats", headers=keys[n % 4]).status_code
        for n in range(CROWD)
    ]
    assert Counter(in_parallel(app, calls)) == {200: ALLOWED, 429: CROWD - ALLOWED}
    refused = client.get("/v1/billing/stats", headers=keys[0])
    assert 1 <= int(refused.headers["Retry-After"]) <= account_limits.CALLS.seconds + 1
    others = bearer(KeyKind.CUSTOMER, user_id=ben.id)
    assert client.get("/v1/billing/stats", headers=others).status_code == 200


def test_nobody_fills_the_journal(app: Flask, ada: Account, adas: FlaskClient, few) -> None:
    few("CHANGES")
    headers = bearer(KeyKind.CUSTOMER, user_id="ada")
    before = count_of(JournalEntry)
    puts = [
        lambda n=n: (
            app.test_client().put(SETTINGS, headers=headers, json={"spend_limit": n}).status_code
        )
        for n in range(CROWD)
    ]
    assert Counter(in_parallel(app, puts)) == {200: ALLOWED, 429: CROWD - ALLOWED}
    # Pages have as many of their own.
    forms = [
        ("/settings", {"billing_address": "Here 1"}),
        ("/language", {"locale": "zh"}),
        ("/tokens", {"auto_topup_threshold": "5"}),
        ("/alerts", {"alert_threshold": "5"}),
        ("/language", {"locale": "en"}),
    ]
    answers = [adas.post(path, data=form).status_code for path, form in forms]
    assert answers == [303, 303, 303, 429, 429]
    assert count_of(JournalEntry) == before + 2 * ALLOWED
    assert adas.get("/settings").status_code == 200
    assert app.test_client().get(SETTINGS, headers=headers).status_code == 200


def test_nor_what_is_kept_of_refusals(client, ada: Account, few) -> None:
    few("CHANGES")
    headers = bearer(KeyKind.CUSTOMER, user_id="ada")
    answers = [
        client.post(
            "/v1/billing/topups",
            headers={**headers, "Idempotency-Key": str(number)},
            json={"amount": "x"},
        ).status_code
        for number in range(ALLOWED + 2)
    ]
    assert answers == [422] * ALLOWED + [429] * 2
    assert count_of(IdempotencyKey) == ALLOWED


def test_operators_and_gateways_change_as_much_as_they_have_to(client, ada, few, olga) -> None:
    few("CHANGES")
    void = {"request_id": "none", "reason": "wrong"}
    by_gateway, by_olga = bearer(KeyKind.GATEWAY), bearer(KeyKind.OPERATOR, user_id="olga")
    for _ in range(ALLOWED + 1):
        sent = client.post("/v1/billing/usage/void", headers=by_gateway, json=void)
        assert sent.status_code == 404
        coupon = client.post("/v1/billing/operator/coupons", headers=by_olga, json={})
        assert coupon.status_code == 422


def test_pages_share_what_their_account_may_ask(app: Flask, ada: Account, few) -> None:
    browsers = [signed_in(app, ada) for _ in range(4)]
    few("PAGES")
    pages = [lambda b=browsers[n % 4]: b.get("/settings").status_code for n in range(CROWD)]
    assert Counter(in_parallel(app, pages)) == {200: ALLOWED, 429: CROWD - ALLOWED}
    assert browsers[0].get("/login").status_code == 302


def test_nobody_buries_a_mail_to_the_owner_under_others(
    app: Flask, ada: Account, adas: FlaskClient, few
) -> None:
    browsers = [signed_in(app, ada) for _ in range(4)]
    told = count_of(Mail)
    few("TOLD")
    makes = [
        lambda b=browsers[n % 4], n=n: b.post("/keys", data={"name": f"Key {n}"}).status_code
        for n in range(CROWD)
    ]
    assert Counter(in_parallel(app, makes)) == {200: ALLOWED, 429: CROWD - ALLOWED}
    assert count_of(Key) == count_of(Mail) - told == ALLOWED
    key_id = session.scalars(select(Key.id).limit(1)).one()
    assert adas.post(f"/keys/{key_id}/replace", data={"overlap": "1h"}).status_code == 429
    leaving = adas.post("/settings/data/delete", data={"email": "ada@example.com"})
    assert leaving.status_code == 429
    # Another password, or a key that is revoked, is never too much.
    other = {"old_password": PASSWORD, "password": "an entirely other one"}
    assert adas.post("/settings/security/password", data=other).status_code == 303
    assert adas.post(f"/keys/{key_id}/revoke").status_code == 303


def test_who_has_stolen_a_session_uses_up_nothing_that_ends_it(
    app: Flask, adas: FlaskClient, ada: Account, few
) -> None:
    thief = signed_in(app, ada)
    assert adas.post("/keys", data={"name": "Reporting"}).status_code == 200
    key_id = session.scalars(select(Key.id)).one()
    few("PAGES")
    few("CHANGES")
    for path in ("/settings", "/settings/security", "/keys"):
        for _ in range(ALLOWED + 1):
            thief.post(path, data={"name": ""})
    assert thief.get("/settings").status_code == thief.get("/keys").status_code == 429
    assert adas.get("/settings").status_code == 429
    assert adas.post(f"/keys/{key_id}/revoke").status_code == 303
    assert adas.post("/settings/security/sessions/end-others").status_code == 303
    assert thief.get("/keys").status_code == 302
