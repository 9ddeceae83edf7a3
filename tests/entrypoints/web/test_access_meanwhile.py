"""Signing in while the owner chooses another password, or switches a second factor on."""

import pytest

from app.domain.accounts import factors, operations, passwords, queries
from app.domain.accounts.access_models import SignInSession
from app.domain.accounts.models import Account
from app.foundation import clock
from app.foundation.database import session, transaction
from tests.entrypoints.web.conftest import PASSWORD
from tests.factories.factors import code_now, make_factor
from tests.threads import in_parallel

WRONG = "Mail address or password is wrong."


@pytest.fixture
def overtaken(app, ada, monkeypatch) -> None:
    real = passwords.matches

    def exchange() -> None:
        with transaction():
            account = operations.lock_in_use("ada")
            operations.set_password(account, "an entirely other one", now=clock.now())

    def matches(password: str, stored: str | None) -> bool:
        in_parallel(app, [exchange])
        return real(password, stored)

    monkeypatch.setattr(passwords, "matches", matches)


def test_the_old_one_opens_nothing(client, ada, overtaken) -> None:
    answer = client.post("/login", data={"email": ada.email, "password": PASSWORD})
    assert answer.status_code == 422 and WRONG in answer.text
    assert session.query(SignInSession).count() == 0
    assert client.get("/").status_code == 302


def test_the_old_one_waits_for_no_code(client, ada, overtaken) -> None:
    secret = make_factor(ada, now=clock.now())
    client.post("/login", data={"email": ada.email, "password": PASSWORD})
    code = code_now(secret, now=clock.now())
    assert client.post("/login/code", data={"code": code}).location == "/login"
    assert session.query(SignInSession).count() == 0


def test_whoever_switches_a_factor_on_is_asked_for_it(app, client, ada, monkeypatch) -> None:
    real = factors.is_on

    def is_on(account: Account) -> bool:
        was_on = real(account)
        if not was_on:
            in_parallel(app, [lambda: make_factor(queries.account("ada"), now=clock.now())])
        return was_on

    monkeypatch.setattr(factors, "is_on", is_on)
    answer = client.post("/login", data={"email": ada.email, "password": PASSWORD})
    assert answer.status_code == 422 and "Sign in once more." in answer.text
    assert session.query(SignInSession).count() == 0


def test_nor_does_it_where_a_code_is_shown_too(app, client, ada, monkeypatch) -> None:
    secret = make_factor(ada, now=clock.now())
    client.post("/login", data={"email": ada.email, "password": PASSWORD})
    real = factors.check_code

    def check_code(account, typed, **given):
        operations.set_password(account, "an entirely other one", now=clock.now())
        return real(account, typed, **given)

    monkeypatch.setattr(factors, "check_code", check_code)
    code = code_now(secret, now=clock.now())
    assert client.post("/login/code", data={"code": code}).status_code == 422
    assert session.query(SignInSession).count() == 0
