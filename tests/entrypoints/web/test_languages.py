"""The switch between languages."""

import pytest

from app.domain.accounts import queries
from app.foundation import clock
from app.foundation.database import end_reading, transaction
from tests.entrypoints.test_languages import html_lang
from tests.entrypoints.web.conftest import PASSWORD
from tests.factories.factors import code_now, make_factor


def locale_of(account) -> str:
    found = queries.account(account.id).locale
    end_reading()
    return found


def test_a_visitor_switches_and_comes_back_to_the_page(client) -> None:
    answer = client.post("/language?next=/register%3Fnext%3D/plans", data={"locale": "zh"})
    assert (answer.status_code, answer.location) == (303, "/register?next=/plans")
    assert html_lang(client.get("/register").text) == "zh-Hans"
    client.post("/language", data={"locale": "en"})
    assert html_lang(client.get("/register").text) == "en"


def test_an_account_keeps_what_was_chosen(adas, ada) -> None:
    adas.post("/language?next=/settings", data={"locale": "zh"})
    assert locale_of(ada) == "zh"
    assert "设置" in adas.get("/settings").text


def test_whoever_registers_keeps_the_language_of_the_page(client) -> None:
    client.set_cookie("language", "zh")
    data = {"email": "lin@example.com", "password": "correct horse 7", "timezone": "UTC"}
    client.post("/register", data=data)
    assert queries.find_account_by_email("lin@example.com").locale == "zh"
    end_reading()


class TestSigningIn:
    def sign_in(self, client, ada) -> None:
        data = {"email": ada.email, "password": PASSWORD}
        assert client.post("/login", data=data).status_code == 302

    def test_keeps_what_was_chosen_before(self, client, ada) -> None:
        client.post("/language?next=/login", data={"locale": "zh"})
        self.sign_in(client, ada)
        assert locale_of(ada) == "zh"
        assert html_lang(client.get("/").text) == "zh-Hans"

    def test_keeps_it_once(self, client, ada) -> None:
        client.post("/language?next=/login", data={"locale": "zh"})
        self.sign_in(client, ada)
        client.post("/language", data={"locale": "en"})
        client.post("/logout")
        client.set_cookie("language", "zh")
        self.sign_in(client, ada)
        assert locale_of(ada) == "en"

    def test_leaves_the_accounts_language_where_none_was_chosen(self, client, ada) -> None:
        client.set_cookie("language", "zh")
        client.get("/login", headers={"Accept-Language": "zh"})
        self.sign_in(client, ada)
        assert locale_of(ada) == "en"

    def test_keeps_it_while_a_code_is_waited_for(self, client, ada) -> None:
        secret = make_factor(ada, now=clock.now())
        client.post("/language?next=/login", data={"locale": "zh"})
        self.sign_in(client, ada)
        assert locale_of(ada) == "en"
        client.post("/login/code", data={"code": code_now(secret, now=clock.now())})
        assert locale_of(ada) == "zh"


@pytest.mark.parametrize("wanted", ["", "fr", "../zh", "zh\x00", "z" * 50_000])
def test_what_is_none_of_ours_is_english(client, wanted: str) -> None:
    assert client.post("/language", data={"locale": wanted}).status_code == 303
    assert client.get_cookie("language").value == "en"


@pytest.mark.parametrize("elsewhere", ["https://elsewhere.example", "//elsewhere.example", "/\\x"])
def test_it_leads_to_no_other_site(client, elsewhere: str) -> None:
    answer = client.post("/language", query_string={"next": elsewhere}, data={"locale": "zh"})
    assert answer.location == "/"


def test_the_account_wins_over_switch_and_browser(adas, ada) -> None:
    adas.set_cookie("language", "zh")
    assert html_lang(adas.get("/", headers={"Accept-Language": "zh"}).text) == "en"
    with transaction():
        queries.account(ada.id).locale = "zh"
    assert html_lang(adas.get("/", headers={"Accept-Language": "en"}).text) == "zh-Hans"
