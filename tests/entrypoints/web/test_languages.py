"""The switch between languages."""

import pytest

from app.domain.accounts import queries
from app.foundation.database import end_reading, transaction
from tests.entrypoints.test_languages import html_lang


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
