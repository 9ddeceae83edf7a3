"""The step after the password, for whoever has a second factor."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from app.domain.accounts import operations, security_journal
from app.domain.accounts.access_models import SignInSession
from app.entrypoints.web import tries
from app.foundation import clock
from app.foundation.database import session, transaction
from tests.entrypoints.web.conftest import PASSWORD
from tests.factories.factors import code_now, make_factor, wrong_code


class TestCode:
    @pytest.fixture
    def secret(self, ada) -> str:
        """What Ada's app knows."""
        return make_factor(ada, now=clock.now())

    @pytest.fixture
    def waiting(self, client, ada, secret) -> FlaskClient:
        """A browser in which Ada's password was entered."""
        answer = client.post("/login?next=/keys", data={"email": ada.email, "password": PASSWORD})
        assert (answer.status_code, answer.location) == (302, "/login/code?next=/keys")
        return client

    def test_the_password_alone_opens_nothing(self, waiting) -> None:
        assert waiting.get("/").status_code == 302
        assert session.query(SignInSession).count() == 0
        assert waiting.get("/login/code").status_code == 200

    def test_ends_what_was_open_in_this_browser(self, adas, ada) -> None:
        make_factor(ada, now=clock.now())
        adas.post("/login", data={"email": ada.email, "password": PASSWORD})
        assert session.query(SignInSession).one().ended_at is not None

    def test_a_code_of_the_app_begins_the_session(self, waiting, secret) -> None:
        sent = {"code": code_now(secret, now=clock.now())}
        assert waiting.post("/login/code?next=/keys", data=sent).location == "/keys"
        assert waiting.get("/keys").status_code == 200
        # Once is once, even for whoever has looked over her shoulder with the password in hand.
        waiting.post("/logout")
        waiting.post("/login", data={"email": "ada@example.com", "password": PASSWORD})
        assert waiting.post("/login/code", data=sent).status_code == 422

    def test_a_recovery_code_does_once(self, waiting, ada) -> None:
        sent = {"code": "2222 bcde fghj"}
        assert waiting.post("/login/code", data=sent).status_code == 302
        actions = [event.action for event in security_journal.events_of(ada)]
        assert actions == ["signed_in", "recovery_code_used"]
        waiting.post("/logout")
        waiting.post("/login", data={"email": "ada@example.com", "password": PASSWORD})
        assert waiting.post("/login/code", data=sent).status_code == 422

    def test_is_refused_after_a_few_tries(self, waiting, secret, monkeypatch) -> None:
        monkeypatch.setattr(tries, "CODES_HERE", replace(tries.CODES_HERE, times=3))
        wrong = {"code": wrong_code(secret, now=clock.now())}
        statuses = [waiting.post("/login/code", data=wrong).status_code for _ in range(4)]
        assert statuses == [422, 422, 422, 429]
        right = {"code": code_now(secret, now=clock.now())}
        assert waiting.post("/login/code", data=right).status_code == 429

    @pytest.mark.parametrize("code", ["", "2222-BCDE-FGHK", "x" * 41, "<b>"])
    def test_says_that_it_is_wrong(self, waiting, ada, code) -> None:
        answer = waiting.post("/login/code", data={"code": code})
        assert answer.status_code == 422
        assert 'id="code-errors" class="field-errors" role="alert"' in answer.text
        assert waiting.get("/").status_code == 302

    def test_failures_stand_in_the_journal(self, waiting, ada, secret) -> None:
        waiting.post("/login/code", data={"code": wrong_code(secret, now=clock.now())})
        event = security_journal.events_of(ada)[0]
        assert (event.action, event.by) == ("second_factor_failed", "visitor")

    @pytest.mark.parametrize(("minutes", "waits"), [(9, True), (10, False)])
    def test_is_waited_for_ten_minutes(self, waiting, monkeypatch, minutes, waits) -> None:
        late = clock.now() + timedelta(minutes=minutes)
        monkeypatch.setattr(clock, "now", lambda: late)
        answer = waiting.get("/login/code?next=/keys")
        assert answer.location == (None if waits else "/login?next=/keys")

    def test_a_changed_password_is_asked_for_again(self, waiting, ada, secret) -> None:
        with transaction():
            operations.set_password(ada, "another battery staple", now=clock.now())
        sent = {"code": code_now(secret, now=clock.now())}
        assert waiting.post("/login/code", data=sent).location == "/login"
        assert waiting.get("/").status_code == 302

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_nobody_comes_without_the_password(self, client, secret, method) -> None:
        sent = {"code": code_now(secret, now=clock.now())}
        assert getattr(client, method)("/login/code", data=sent).location == "/login"
