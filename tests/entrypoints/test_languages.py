"""Which language a page speaks: the account's, the switch's, the browser's, in this order."""

import pytest
from flask import render_template_string

from app.entrypoints.languages import (
    field_label,
    language,
    plan_called,
    plan_says,
    running_on,
    speaking,
)
from app.foundation.sentences import say


def html_lang(page: str) -> str:
    return page.partition('<html lang="')[2].partition('"')[0]


@pytest.mark.parametrize(
    ("headers", "spoken"),
    [
        ({}, "en"),
        ({"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}, "zh-Hans"),
        ({"Accept-Language": "en;q=0.5,zh;q=0.7"}, "zh-Hans"),
        ({"Accept-Language": "fr"}, "en"),
        ({"Accept-Language": "zh;q=x, \x7f"}, "en"),
    ],
)
def test_visitors_are_spoken_to_as_their_browser_asks(client, headers, spoken) -> None:
    assert html_lang(client.get("/login", headers=headers).text) == spoken


def test_the_switch_wins_over_the_browser(client) -> None:
    client.set_cookie("language", "en")
    page = client.get("/login", headers={"Accept-Language": "zh"}).text
    assert html_lang(page) == "en"


def test_a_cookie_that_is_none_of_ours_is_passed_over(client) -> None:
    client.set_cookie("language", "../../etc")
    assert html_lang(client.get("/login", headers={"Accept-Language": "zh"}).text) == "zh-Hans"


def test_refusals_that_hang_nowhere_are_told_in_it(client) -> None:
    client.set_cookie("language", "zh")
    assert "这里什么也没有" in client.get("/nowhere").text


class TestSpeaking:
    def test_templates_labels_and_sentences_follow(self, app) -> None:
        source = '{{ _("Settings") }} {{ said }} {{ label }}'
        words = {"said": say("Security"), "label": field_label("Plans")}
        with app.app_context(), speaking("zh"):
            assert render_template_string(source, **words) == "设置 安全 套餐"
        with app.app_context(), speaking("en"):
            assert render_template_string(source, **words) == "Settings Security Plans"

    def test_it_ends(self, app) -> None:
        with app.app_context():
            with speaking("zh"):
                assert language() == "zh"
            assert language() == "en"


def test_what_is_left_open_in_a_template_stays_open(app) -> None:
    with app.app_context(), speaking("zh"):
        assert render_template_string('{{ "x" if false }}') == ""


def test_what_is_said_of_the_api_is_english_and_says_so(client) -> None:
    page = client.get("/v1/docs", headers={"Accept-Language": "zh-CN"}).text
    assert '<html lang="en">' in page


def test_sentences_run_on_as_the_language_has_it_and_stay_escaped(app) -> None:
    source = "{% filter running_on %}<b>一。</b> 二。 {{ typed }}{% endfilter %}"
    with app.app_context(), speaking("zh"):
        assert running_on("一。 二。") == "一。二。"
        assert running_on("<i>一。 二。") == "&lt;i&gt;一。二。"
        told = app.jinja_env.from_string(source).render(typed="<i>")
    assert told == "<b>一。</b> 二。&lt;i&gt;"


@pytest.mark.parametrize(
    ("name", "english", "chinese"),
    [
        ("Pay as you go", "Pay as you go", "按量付费"),
        # What operators have called a plan is its name in every language.
        ("Pro", "Pro", "Pro"),
        ("pay as you go", "pay as you go", "pay as you go"),
        ("", "", ""),
    ],
)
def test_the_plan_of_who_chose_none_has_a_name_in_each(app, name, english, chinese) -> None:
    template = "{{ name | plan_called }}"
    with app.app_context(), speaking("en"):
        assert plan_called(name) == english == render_template_string(template, name=name)
    with app.app_context(), speaking("zh"):
        assert plan_called(name) == chinese == render_template_string(template, name=name)


@pytest.mark.parametrize(
    ("words", "chinese"),
    [
        ("24/7 phone support", "全天候电话支持"),
        ("10% discount on overage", "超额用量减免 10%"),
        ("Our very own words", "Our very own words"),
        ("", ""),
    ],
)
def test_a_plan_says_what_came_with_us_in_each(app, words, chinese) -> None:
    template = "{{ words | plan_says }}"
    with app.app_context(), speaking("en"):
        assert plan_says(words) == words == render_template_string(template, words=words)
    with app.app_context(), speaking("zh"):
        assert plan_says(words) == chinese == render_template_string(template, words=words)
