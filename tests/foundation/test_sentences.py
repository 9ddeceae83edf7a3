"""Sentences are English texts that can be told again in another language."""

import copy
import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.foundation import languages
from app.foundation.sentences import (
    Day,
    Sentence,
    in_language,
    kept,
    say,
    say_about,
    say_count,
    together,
    told,
    told_again,
    wording_of,
)


class Catalog:
    """Stands for a catalog: it knows three messages."""

    def gettext(self, text: str) -> str:
        return {
            "A name has 1 to {most:,} characters.": "名称长度为 1 到 {most:,} 个字符。",
            "It ends on {day}: {why}": "{day} 结束：{why}",
            "Settings": "设置",
        }.get(text, text)

    def pgettext(self, about: str, text: str) -> str:
        return {("who sells", "From"): "销售方"}.get((about, text), text)

    def ngettext(self, one: str, many: str, number: int) -> str:
        return {"One token": "{number:,} 个 token"}.get(one, one if number == 1 else many)


@pytest.fixture(autouse=True)
def catalog(monkeypatch) -> None:
    monkeypatch.setattr(languages, "translations", lambda language: Catalog())


def test_a_sentence_is_its_english_text() -> None:
    said = say("A name has 1 to {most:,} characters.", {"most": 1_000})
    assert said == "A name has 1 to 1,000 characters."
    assert json.dumps(said) == '"A name has 1 to 1,000 characters."'
    assert type(str(said)) is str


def test_it_is_told_in_another_language_with_what_fills_its_places() -> None:
    said = say("A name has 1 to {most:,} characters.", {"most": 1_000})
    assert said.in_language("zh") == "名称长度为 1 到 1,000 个字符。"
    assert said.in_language("en") == "A name has 1 to 1,000 characters."


def test_days_and_sentences_in_it_are_told_alike() -> None:
    moment = datetime(2026, 11, 22, 18, tzinfo=UTC)
    said = say("It ends on {day}: {why}", {"day": Day(moment), "why": say("Settings")})
    assert said == "It ends on 22 Nov 2026: Settings"
    assert said.in_language("zh") == "2026年11月22日 结束：设置"


def test_days_are_local() -> None:
    moment = datetime(2026, 11, 22, 18, tzinfo=UTC)
    assert str(Day(moment, ZoneInfo("Asia/Shanghai"))) == "23 Nov 2026"


@pytest.mark.parametrize(
    ("number", "english", "chinese"),
    [
        (0, "0 tokens", "0 个 token"),
        (1, "One token", "1 个 token"),
        (2_000, "2,000 tokens", "2,000 个 token"),
    ],
)
def test_counts_take_the_form_that_suits(number: int, english: str, chinese: str) -> None:
    said = say_count("One token", "{number:,} tokens", number)
    assert (said, said.in_language("zh")) == (english, chinese)


def test_what_people_typed_is_never_read_as_a_template() -> None:
    typed = "{day} {0} %(x)s {settings.__class__}"
    assert say("It ends on {day}: {why}", {"day": typed, "why": typed}).count(typed) == 2
    assert say(typed.replace("{", "(")) == typed.replace("{", "(")


def test_several_are_one() -> None:
    both = together([say("Settings"), say("A name has 1 to {most:,} characters.", {"most": 8})])
    assert both == "Settings A name has 1 to 8 characters."
    assert both.in_language("zh") == "设置名称长度为 1 到 8 个字符。"


def test_everything_else_stays_as_it_is() -> None:
    assert in_language("Settings", "zh") == "Settings"
    assert in_language(5, "zh") == 5


def test_a_copy_remembers_what_it_is_made_of() -> None:
    assert copy.deepcopy(say("Settings")).in_language("zh") == "设置"
    assert isinstance(copy.copy(say("Settings")), Sentence)


def test_short_words_are_told_apart_by_what_they_are_about() -> None:
    assert say_about("who sells", "From") == "From"
    assert say_about("who sells", "From").in_language("zh") == "销售方"
    assert say("From").in_language("zh") == "From"


@pytest.mark.parametrize(
    "said",
    [
        say("Settings"),
        say("A name has 1 to {most:,} characters.", {"most": 1_000}),
        say("It ends on {day}: {why}", {"day": "today", "why": say("Settings")}),
        say_count("One token", "{number:,} tokens", 3),
        say_about("who sells", "From"),
    ],
)
def test_what_is_kept_is_told_again(said: Sentence) -> None:
    wording = json.loads(json.dumps(wording_of(said)))
    again = told(str(said), wording)
    assert again == said and in_language(again, "zh") == in_language(said, "zh")
    assert wording_of(again) == wording
    assert in_language(told_again(json.loads(json.dumps(kept(said)))), "zh") == said.in_language(
        "zh"
    )


def test_days_that_are_kept_are_said_in_every_language() -> None:
    west = ZoneInfo("America/Los_Angeles")
    day = json.loads(json.dumps(kept(Day(datetime(2026, 11, 26, 3, tzinfo=UTC), west))))
    assert day == {"day": "2026-11-25"}
    assert str(told_again(day)) == "25 Nov 2026"
    assert in_language(told_again(day), "zh") == "2026年11月25日"


def test_what_was_kept_stays_in_english_as_it_was() -> None:
    again = told("A name has up to 80 letters.", wording_of(say("Settings")))
    assert again == "A name has up to 80 letters." and in_language(again, "zh") == "设置"


@pytest.mark.parametrize("value", ["Settings", 5, None, {"text": "Settings"}, ["Settings"]])
def test_all_else_is_kept_as_it_is(value: object) -> None:
    assert kept(value) == value and told_again(value) == value


def test_plain_texts_are_made_of_nothing() -> None:
    assert wording_of("Settings") == {}
    assert type(told("Settings", {})) is str
