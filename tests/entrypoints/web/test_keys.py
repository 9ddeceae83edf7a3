"""The customer's own keys: made once, revoked by nobody else."""

import re

import pytest

from app.domain.accounts import queries, security_journal
from app.domain.accounts.errors import KeyUnknown
from app.domain.accounts.models import Account, Key
from app.foundation import clock
from app.foundation.database import session
from app.foundation.secret_keys import KeyKind
from tests.entrypoints.web.conftest import HTMX, PASSWORD, let_the_password_age
from tests.factories.accounts import make_key
from tests.statements import statements

KEY = re.compile(r"obl_sk_[0-9A-Za-z]{46}")
STATEMENTS_MAX = 10


def key_owner(key: Key) -> Account:
    return queries.account(key.user_id)


@pytest.fixture
def adas_key(ada) -> Key:
    make_key(KeyKind.CUSTOMER, user_id="ada", name="Ada's script")
    return session.query(Key).filter_by(user_id="ada").one()


def test_an_empty_list_says_what_keys_are_for(adas) -> None:
    assert "No keys yet" in adas.get("/keys").text


class TestMake:
    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_shows_the_key_this_once(self, adas, headers) -> None:
        answer = adas.post("/keys", data={"name": "Reporting"}, headers=headers)
        assert answer.status_code == 200
        shown = set(KEY.findall(answer.text))
        assert len(shown) == 1
        key = queries.key_by_text(shown.pop(), now=clock.now())
        assert (key.user_id, key.name) == ("ada", "Reporting")
        later = adas.get("/keys").text
        assert "Reporting" in later and not KEY.search(later)

    @pytest.mark.parametrize("name", ["", "   ", "x" * 81])
    def test_says_at_the_field_why_not(self, adas, name) -> None:
        answer = adas.post("/keys", data={"name": name}, headers=HTMX)
        assert answer.status_code == 422
        assert re.search(r'id="name-errors"[^>]*role="alert"[^>]*><span>', answer.text)
        assert session.query(Key).count() == 0

    def test_a_name_has_spaces_where_nobody_could_see_anything(self, adas) -> None:
        assert "a b" in adas.post("/keys", data={"name": "a\0b"}).text

    def test_a_name_is_text_not_html(self, adas) -> None:
        answer = adas.post("/keys", data={"name": "<script>alert(1)</script>"})
        assert "<script>alert" not in answer.text and "&lt;script&gt;alert" in answer.text

    def test_asks_for_the_password_if_that_was_long_ago(self, adas, ada) -> None:
        let_the_password_age(ada)
        asked = adas.post("/keys", data={"name": "My script"})
        assert (asked.status_code, asked.location) == (
            303,
            "/confirm-password?next=/keys?name%3DMy%2Bscript",
        )
        assert session.query(Key).count() == 0
        back = adas.post(asked.location, data={"password": PASSWORD})
        assert back.location == "/keys?name=My+script"
        assert 'value="My script"' in adas.get(back.location).text
        assert adas.post("/keys", data={"name": "My script"}).status_code == 200
        assert session.query(Key).count() == 1

    def test_leads_htmx_to_the_whole_page_that_asks(self, adas, ada) -> None:
        let_the_password_age(ada)
        asked = adas.post("/keys", data={"name": "x"}, headers=HTMX)
        assert asked.status_code == 403 and asked.text == ""
        assert asked.headers["HX-Redirect"] == "/confirm-password?next=/keys?name%3Dx"

    def test_stands_in_the_journal(self, adas, ada) -> None:
        adas.post("/keys", data={"name": " Reporting "})
        event = security_journal.events_of(ada)[0]
        assert (event.action, event.details["key"]) == ("key_made", "Reporting")


class TestRevoke:
    def test_ends_the_key(self, adas, adas_key) -> None:
        text = make_key(KeyKind.CUSTOMER, user_id="ada").text
        key = queries.key_by_text(text, now=clock.now())
        answer = adas.post(f"/keys/{key.id}/revoke", headers=HTMX)
        assert answer.status_code == 200 and "revoked" in answer.text
        with pytest.raises(KeyUnknown):
            queries.key_by_text(text, now=clock.now())
        assert security_journal.events_of(key_owner(key))[0].action == "key_revoked"

    def test_asks_for_no_password(self, adas, ada, adas_key) -> None:
        let_the_password_age(ada)
        assert adas.post(f"/keys/{adas_key.id}/revoke").location == "/keys"

    def test_goes_back_to_the_page_without_scripts(self, adas, adas_key) -> None:
        assert adas.post(f"/keys/{adas_key.id}/revoke").location == "/keys"

    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_bens_hand_does_not_reach_adas_key(self, bens, adas_key, headers) -> None:
        answer = bens.post(f"/keys/{adas_key.id}/revoke", headers=headers)
        assert answer.status_code == 404
        assert "Ada's script" not in answer.text
        session.refresh(adas_key)
        assert adas_key.revoked_at is None

    @pytest.mark.parametrize("number", ["0", "999", str(2**63 - 1), str(2**63), "x", "-1"])
    def test_answers_404_for_what_is_not_there(self, adas, number) -> None:
        assert adas.post(f"/keys/{number}/revoke").status_code == 404


def test_ben_sees_nothing_of_adas(bens, adas_key) -> None:
    page = bens.get("/keys").text
    assert "Ada" not in page and adas_key.public_id not in page


def test_takes_few_statements(adas, adas_key) -> None:
    with statements() as sent:
        adas.get("/keys")
    assert len(sent) <= STATEMENTS_MAX, sent
