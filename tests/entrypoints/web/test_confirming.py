"""The password or a code once more: a new token, and back to where it was asked for."""

import pytest

from app.domain.accounts.access_models import SignInSession
from app.foundation import clock
from app.foundation.database import session
from app.foundation.journal import JournalEntry
from tests.entrypoints.web.conftest import PASSWORD, let_the_password_age
from tests.factories.factors import code_now, make_factor, wrong_code


def test_wants_a_session(client) -> None:
    assert client.get("/confirm-password").status_code == 302


def test_goes_on_under_another_token(adas, ada) -> None:
    let_the_password_age(ada)
    before = session.query(SignInSession).one()
    digest, entered = before.digest, before.password_entered_at
    answer = adas.post("/confirm-password?next=/keys", data={"password": PASSWORD})
    assert (answer.status_code, answer.location) == (303, "/keys")
    after = session.query(SignInSession).one()
    assert after.digest != digest and after.password_entered_at > entered
    assert adas.get("/keys").status_code == 200


def test_says_that_it_is_wrong(adas, ada) -> None:
    let_the_password_age(ada)
    answer = adas.post("/confirm-password?next=/keys", data={"password": "not this one"})
    assert answer.status_code == 422 and "This is not your password." in answer.text
    assert adas.post("/keys", data={"name": "x"}).status_code == 303


@pytest.mark.parametrize("elsewhere", ["https://evil.example", "//evil.example", ""])
def test_never_goes_elsewhere(adas, elsewhere) -> None:
    sent = {"password": PASSWORD}
    answer = adas.post("/confirm-password", query_string={"next": elsewhere}, data=sent)
    assert answer.location == "/"
    page = adas.get("/confirm-password", query_string={"next": elsewhere})
    assert "evil" not in page.text


@pytest.mark.parametrize(("minutes", "status"), [(14, 200), (15, 303)])
def test_a_password_is_fresh_for_fifteen_minutes(adas, ada, minutes, status) -> None:
    let_the_password_age(ada, minutes=minutes)
    assert adas.post("/keys", data={"name": "x"}).status_code == status


class TestByCode:
    """Whoever has a second factor may show that instead of his password."""

    @pytest.fixture
    def secret(self, adas, ada) -> str:
        """What Ada's app knows; her password was entered a while ago."""
        let_the_password_age(ada)
        return make_factor(ada, now=clock.now())

    def test_is_not_offered_without_a_factor(self, adas) -> None:
        assert "Go on with the code" not in adas.get("/confirm-password").text

    def test_is_offered_beside_the_password(self, adas, secret) -> None:
        page = adas.get("/confirm-password?next=/keys").text
        assert "Go on with the code" in page and 'name="password"' in page
        assert 'action="/confirm-password/code?next=/keys"' in page

    def test_goes_on_under_another_token(self, adas, secret) -> None:
        before = session.query(SignInSession).one().digest
        sent = {"code": code_now(secret, now=clock.now())}
        answer = adas.post("/confirm-password/code?next=/keys", data=sent)
        assert (answer.status_code, answer.location) == (303, "/keys")
        assert session.query(SignInSession).one().digest != before
        assert adas.post("/keys", data={"name": "x"}).status_code == 200

    def test_takes_a_recovery_code_once(self, adas, ada, secret) -> None:
        sent = {"code": "2222-BCDE-FGHJ"}
        assert adas.post("/confirm-password/code", data=sent).status_code == 303
        assert session.query(JournalEntry).filter_by(action="recovery_code_used").count() == 1
        assert adas.post("/confirm-password/code", data=sent).status_code == 422

    def test_says_that_it_is_wrong(self, adas, secret) -> None:
        sent = {"code": wrong_code(secret, now=clock.now())}
        answer = adas.post("/confirm-password/code?next=/keys", data=sent)
        assert answer.status_code == 422 and "This code is wrong" in answer.text
        assert adas.post("/keys", data={"name": "x"}).status_code == 303
        assert session.query(JournalEntry).filter_by(action="second_factor_failed").count() == 1

    def test_takes_none_from_who_has_no_factor(self, adas, ada) -> None:
        let_the_password_age(ada)
        answer = adas.post("/confirm-password/code", data={"code": "123456"})
        assert answer.status_code == 422
        assert adas.post("/keys", data={"name": "x"}).status_code == 303

    def test_is_refused_after_a_few_tries(self, adas, secret) -> None:
        sent = {"code": wrong_code(secret, now=clock.now())}
        answers = [adas.post("/confirm-password/code", data=sent) for _ in range(11)]
        assert [answer.status_code for answer in answers] == [422] * 10 + [429]

    def test_wants_a_session(self, client) -> None:
        assert client.post("/confirm-password/code").location == "/login?next=/confirm-password"
