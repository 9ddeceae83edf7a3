"""Tries are limited for whoever tries, and never for long for the owner."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.config import Settings
from app.domain.accounts import mail_tokens, sessions
from app.domain.accounts.mail_tokens import Purpose
from app.domain.accounts.models import Account
from app.entrypoints.web import tries
from app.foundation import clock
from app.foundation.database import db, transaction
from tests.databases import settings_for
from tests.entrypoints.web.conftest import PASSWORD
from tests.factories.factors import code_now, make_factor, wrong_code

HERE, ELSEWHERE = {"REMOTE_ADDR": "192.0.2.7"}, {"REMOTE_ADDR": "198.51.100.9"}


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, times in (
        ("OF_ACCOUNT_HERE", 3), ("OF_ACCOUNT", 5), ("FAILED_HERE", 7),
        ("PASSWORDS", 3), ("ACCOUNTS", 2), ("LINKS", 2), ("CODES", 5), ("PAPERS", 2),
    ):  # fmt: skip
        monkeypatch.setattr(tries, name, replace(getattr(tries, name), times=times))


def sign_in(
    client: FlaskClient, password: str = "wrong", *, email: str = "ada@example.com",
    at: dict[str, str] = HERE,
) -> int:  # fmt: skip
    form = {"email": email, "password": password}
    return client.post("/login", data=form, environ_overrides=at).status_code


class TestSigningIn:
    def test_is_refused_after_a_few_tries_even_with_the_right_password(
        self, client: FlaskClient, ada: Account
    ) -> None:
        assert [sign_in(client) for _ in range(4)] == [422, 422, 422, 429]
        refused = client.post(
            "/login",
            data={"email": "ADA@example.com ", "password": PASSWORD},
            environ_overrides=HERE,
        )
        assert refused.status_code == 429 and "choose a new password" in refused.text
        assert 1 <= int(refused.headers["Retry-After"]) <= 901

    def test_goes_on_elsewhere_and_for_others(
        self, client: FlaskClient, app: Flask, ada: Account, ben: Account
    ) -> None:
        for _ in range(4):
            sign_in(client)
        assert sign_in(client, PASSWORD, email="ben@example.com") == 302
        assert sign_in(app.test_client(), PASSWORD, at=ELSEWHERE) == 302

    def test_counts_anew_once_the_owner_is_there(self, app: Flask, ada: Account) -> None:
        for _ in range(3):
            visitor = app.test_client()
            assert [sign_in(visitor), sign_in(visitor)] == [422, 422]
            assert sign_in(visitor, PASSWORD) == 302

    def test_is_limited_from_all_networks_together(self, client: FlaskClient, ada: Account) -> None:
        networks = [{"REMOTE_ADDR": f"203.0.113.{number}"} for number in range(6)]
        assert [sign_in(client, at=each) for each in networks] == [422] * 5 + [429]

    def test_never_keeps_the_owners_own_browser_out(self, app: Flask, ada: Account) -> None:
        hers = app.test_client()
        assert sign_in(hers, PASSWORD) == 302
        hers.post("/logout")
        stranger = app.test_client()
        for number in range(6):
            sign_in(stranger, at={"REMOTE_ADDR": f"203.0.113.{number}"})
        assert sign_in(app.test_client(), PASSWORD, at=ELSEWHERE) == 429
        assert sign_in(hers, PASSWORD, at=ELSEWHERE) == 302

    def test_never_keeps_it_out_for_others_in_its_own_network(
        self, app: Flask, ada: Account
    ) -> None:
        hers, stranger = app.test_client(), app.test_client()
        assert sign_in(hers, PASSWORD) == 302
        hers.post("/logout")
        # As many as are counted for the account, and as many as the network may fail at all.
        for number in range(8):
            sign_in(stranger, email=f"nobody{number}@example.com")
        assert sign_in(stranger) == sign_in(app.test_client(), PASSWORD) == 429
        assert sign_in(hers, PASSWORD) == 302

    def test_counts_for_the_owners_own_browser_too(self, app: Flask, ada: Account) -> None:
        found = app.test_client()
        assert sign_in(found, PASSWORD) == 302
        found.post("/logout")
        # Whoever has found it guesses no more than anybody else, wherever he takes it.
        places = [{"REMOTE_ADDR": f"203.0.113.{number}"} for number in range(4)]
        assert [sign_in(found, at=place) for place in places] == [422, 422, 422, 429]

    def test_is_limited_for_a_network_that_tries_many_accounts(
        self, client: FlaskClient, ada: Account
    ) -> None:
        emails = [f"nobody{number}@example.com" for number in range(8)]
        assert [sign_in(client, email=each) for each in emails] == [422] * 7 + [429]
        assert sign_in(client, PASSWORD, at=ELSEWHERE) == 302

    def test_takes_an_ipv6_network_for_one_visitor(self, client: FlaskClient, ada: Account) -> None:
        same = [{"REMOTE_ADDR": f"2001:db8::{number}"} for number in range(4)]
        assert [sign_in(client, at=each) for each in same] == [422, 422, 422, 429]
        assert sign_in(client, at={"REMOTE_ADDR": "2001:db8:0:1::1"}) == 422


class TestBehindProxies:
    """Proxies are believed as far as they were configured, and no header buys tries."""

    @pytest.mark.parametrize("behind", [0, 1], indirect=True)
    def test_a_forged_header_buys_no_tries(self, behind: Flask, ada: Account) -> None:
        # A proxy that is believed writes whom it speaks for behind what came with the request.
        last = ", 198.51.100.9" if behind.config["SETTINGS"].trusted_proxies else ""
        forged = [f"203.0.113.{number}{last}" for number in range(4)]
        assert [_through_a_proxy(behind, each) for each in forged] == [422, 422, 422, 429]

    @pytest.mark.parametrize("behind", [1], indirect=True)
    def test_visitors_of_one_that_names_ports_are_told_apart(
        self, behind: Flask, ada: Account
    ) -> None:
        same = [f"203.0.113.7:{port}" for port in range(50_000, 50_004)]
        assert [_through_a_proxy(behind, each) for each in same] == [422, 422, 422, 429]
        assert _through_a_proxy(behind, "203.0.113.8:50000") == 422

    @pytest.mark.parametrize("behind", [1], indirect=True)
    def test_what_one_passes_on_unread_is_not_kept(self, behind: Flask, ada: Account) -> None:
        assert _through_a_proxy(behind, "<script>" * 1_000, PASSWORD) == 302
        assert [each.address for each in sessions.open_sessions(ada, now=clock.now())] == [""]


@pytest.fixture
def behind(request: pytest.FixtureRequest, settings: Settings, app: Flask) -> Iterator[Flask]:
    """An app that believes so many proxies."""
    hops = str(request.param)
    trusting = settings_for(settings.database_url, settings.instance_dir, TRUSTED_PROXIES=hops)
    other = create_app(trusting, TESTING=True, WTF_CSRF_ENABLED=False)
    yield other
    with other.app_context():
        db.engine.dispose()


def _through_a_proxy(app: Flask, forwarded: str, password: str = "wrong") -> int:
    return (
        app.test_client()
        .post(
            "/login",
            data={"email": "ada@example.com", "password": password},
            headers={"X-Forwarded-For": forwarded},
            environ_overrides={"REMOTE_ADDR": "10.0.0.1"},
        )
        .status_code
    )


def test_a_new_password_by_mail_lets_the_owner_in_at_once(
    client: FlaskClient, ada: Account
) -> None:
    for _ in range(4):
        sign_in(client)
    with transaction():
        link = mail_tokens.make(ada, Purpose.RESET_PASSWORD, email=ada.email, now=clock.now())
    new = "an entirely other password"
    reset = client.post(f"/reset/{link.text}", data={"password": new}, environ_overrides=HERE)
    assert reset.status_code == 303
    assert sign_in(client, new) == 302


def test_codes_are_never_used_up_for_the_owners_own_browser(app: Flask, ada: Account) -> None:
    hers = app.test_client()
    sign_in(hers, PASSWORD)
    hers.post("/logout")
    secret = make_factor(ada, now=clock.now())
    for number in range(6):
        stranger, at = app.test_client(), {"REMOTE_ADDR": f"203.0.113.{number}"}
        sign_in(stranger, PASSWORD, at=at)
        wrong = {"code": wrong_code(secret, now=clock.now())}
        status = stranger.post("/login/code", data=wrong, environ_overrides=at).status_code
        assert status == (429 if number == 5 else 422)
    sign_in(hers, PASSWORD, at=ELSEWHERE)
    right = {"code": code_now(secret, now=clock.now())}
    assert hers.post("/login/code", data=right, environ_overrides=ELSEWHERE).status_code == 302


def test_other_passwords_by_mail_buy_no_codes(app: Flask, ada: Account) -> None:
    secret = make_factor(ada, now=clock.now())
    wrong = {"code": wrong_code(secret, now=clock.now())}
    statuses = []
    for number in range(6):
        browser, password = app.test_client(), f"a fine password {number}"
        with transaction():
            link = mail_tokens.make(ada, Purpose.RESET_PASSWORD, email=ada.email, now=clock.now())
        browser.post(f"/reset/{link.text}", data={"password": password})
        sign_in(browser, password)
        statuses.append(browser.post("/login/code", data=wrong).status_code)
    assert statuses == [422] * 5 + [429]


def test_recovery_codes_are_hashed_so_many_times(client: FlaskClient, ada: Account) -> None:
    make_factor(ada, now=clock.now())
    sign_in(client, PASSWORD)
    client.post("/login/code", data={"code": "2222 bcde fghj"})
    page = "/settings/security/factor/codes"
    assert [client.post(page).status_code for _ in range(3)] == [200, 200, 429]


def test_a_password_once_more_is_limited(client: FlaskClient, ada: Account) -> None:
    sign_in(client, PASSWORD)
    wrong = {"password": "wrong"}
    statuses = [client.post("/confirm-password", data=wrong).status_code for _ in range(4)]
    assert statuses == [422, 422, 422, 429]
    change = {"old_password": PASSWORD, "password": "another fine password"}
    assert client.post("/settings/security/password", data=change).status_code == 429


def test_a_stolen_session_guesses_no_more_in_many_networks(app: Flask, ada: Account) -> None:
    stolen, hers = app.test_client(), app.test_client()
    for browser in (stolen, hers):
        sign_in(browser, PASSWORD)

    def confirm(browser: FlaskClient, number: int, password: str) -> int:
        at = {"REMOTE_ADDR": f"203.0.113.{number}"}
        form = {"password": password}
        return browser.post("/confirm-password", data=form, environ_overrides=at).status_code

    assert [confirm(stolen, number, "wrong") for number in range(4)] == [422, 422, 422, 429]
    # Her other sessions, or one that she begins anew, have tries of their own.
    assert confirm(hers, 9, PASSWORD) == 303


def test_accounts_are_opened_so_many_an_hour(app: Flask) -> None:
    def register(number: int, at: dict[str, str]) -> int:
        form = {"email": f"new{number}@example.com", "password": "a password of my own"}
        answer = app.test_client().post("/register", data=form, environ_overrides=at)
        return answer.status_code

    assert [register(number, HERE) for number in range(3)] == [302, 302, 429]
    assert register(3, ELSEWHERE) == 302


def test_links_are_mailed_so_many_an_hour(client: FlaskClient, ada: Account) -> None:
    form = {"email": "ada@example.com"}
    asked = [client.post("/forgot", data=form, environ_overrides=HERE) for _ in range(3)]
    assert [each.status_code for each in asked] == [200, 200, 429]
