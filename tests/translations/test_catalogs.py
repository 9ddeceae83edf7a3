"""Nothing is told in English alone: every message of the source has its translations."""

import re
import string
from collections import Counter

import pytest
from babel.messages.pofile import read_po

from app.foundation.languages import ENGLISH, LANGUAGES
from tests.translations.__main__ import key_of, text_of, translated
from tests.translations.messages import CATALOGS, Said, messages

OTHERS = [language for language in LANGUAGES if language != ENGLISH]
# One word for one thing: these were second words for extra tokens, list prices and operators.
SECOND_WORDS = {"zh": ("加购", "标准价", "运维", "运营者")}
PERCENT_PLACES = re.compile(r"%\((\w+)\)s")


def test_every_apostrophe_is_the_printers() -> None:
    typed = [form for message in messages() for form in message.forms if "'" in form]
    assert not typed, f"write \N{RIGHT SINGLE QUOTATION MARK} in what people read: {typed}"


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_is_translated(language: str) -> None:
    known = translated(CATALOGS / language)
    missing = [message.key for message in messages() if message.key not in known]
    assert not missing, f"run `make translations` and translate: {missing}"


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_is_translated_that_nobody_says(language: str) -> None:
    needed = {message.key for message in messages()}
    assert set(translated(CATALOGS / language)) <= needed


@pytest.mark.parametrize("language", OTHERS)
def test_no_message_stands_in_two_catalogs(language: str) -> None:
    keys: Counter[tuple[str, ...]] = Counter()
    for path in (CATALOGS / language).glob("*.po"):
        with path.open("rb") as file:
            keys.update(key_of(message) for message in read_po(file, locale=language) if message.id)
    assert [key for key, times in keys.items() if times > 1] == []


@pytest.mark.parametrize("language", OTHERS)
def test_one_thing_has_one_word(language: str) -> None:
    told = translated(CATALOGS / language).values()
    second = [text for text in told for word in SECOND_WORDS[language] if word in text]
    assert not second, f"say it by the word that stands elsewhere: {second}"


@pytest.mark.parametrize("language", OTHERS)
def test_translations_fill_the_same_places(language: str) -> None:
    known = translated(CATALOGS / language)
    wrong = [
        (message.forms, known[message.key])
        for message in messages()
        if message.key in known and not _fill_alike(message, known[message.key])
    ]
    assert not wrong, wrong


def _fill_alike(message: Said, told: str) -> bool:
    wanted = set().union(*map(_places, message.forms))
    # A language without a plural may leave the number of "one token" out, never add a place.
    needed = set.intersection(*map(_places, message.forms))
    return needed <= _places(told) <= wanted


def _places(text: str) -> set[str]:
    """Return the names of the places, for either way to write them; broken ones fail."""
    if PERCENT_PLACES.search(text):
        return set(PERCENT_PLACES.findall(text))
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_a_place_that_is_missing_is_found() -> None:
    said = Said(("%(day)s: %(amount)s are due.",), None, ())
    assert _fill_alike(said, "%(amount)s 将于 %(day)s 到期。")
    assert not _fill_alike(said, "%(amount)s 到期。")
    assert not _fill_alike(said, "%(amount)s 将于 %(day)s %(hour)s 到期。")


def test_both_ways_to_name_places_are_read() -> None:
    assert _places("{number:,} tokens and {plan}") == {"number", "plan"}
    assert _places("%(number)s tokens and %(plan)s") == {"number", "plan"}


def test_texts_of_either_shape_are_read() -> None:
    assert text_of(type("Message", (), {"string": "一"})()) == "一"
    assert text_of(type("Message", (), {"string": ("一",)})()) == "一"
