"""The password once more: a new token, and back to where it was asked for."""

import pytest

from app.domain.accounts.access_models import SignInSession
from app.foundation.database import session
from tests.entrypoints.web.conftest import PASSWORD, let_the_password_age


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
