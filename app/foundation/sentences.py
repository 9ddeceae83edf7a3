"""Sentences that people are told, in English at first and in any of our languages later.

Whoever says a sentence knows no reader: `say` keeps what it was made of, and whoever shows it
asks for it in the reader's language. For everyone else it is its English text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Self, cast

from app.foundation import languages
from app.foundation.languages import ENGLISH


class Sentence(str):
    """An English sentence that remembers its template, and what fills its places."""

    __slots__ = ("about", "number", "plural", "template", "values")
    # What tells short words apart that are the same in English alone.
    about: str | None
    template: str
    plural: str | None
    number: int
    values: Mapping[str, object]

    @classmethod
    def of(
        cls, template: str, values: Mapping[str, object], plural: str | None = None, number: int = 1
    ) -> Self:
        """Return the sentence; of two forms, the one that suits the number."""
        form = template if plural is None or number == 1 else plural
        made = cls(form.format_map(values) if values else form)
        made.template, made.plural, made.number, made.values = template, plural, number, values
        made.about = None
        return made

    def in_language(self, language: str) -> str:
        """Return the sentence in the language; in English where it was never translated."""
        if language == ENGLISH:
            return str(self)
        catalog = languages.translations(language)
        if self.template == _side_by_side(len(self.values), ENGLISH):
            template = _side_by_side(len(self.values), language)
        elif self.about is not None:
            template = str(catalog.pgettext(self.about, self.template))
        elif self.plural is None:
            template = catalog.gettext(self.template)
        else:
            template = catalog.ngettext(self.template, self.plural, self.number)
        values = {name: in_language(value, language) for name, value in self.values.items()}
        return template.format_map(values) if values else template


@dataclass(frozen=True, slots=True)
class Day:
    """The local day of a moment, as a place in a sentence takes it."""

    moment: datetime
    local: tzinfo = UTC

    def in_language(self, language: str) -> str:
        """Return the day as it is written there."""
        return languages.day_in(language, self.moment.astimezone(self.local).date())

    def __str__(self) -> str:
        """Return the day in English."""
        return self.in_language(ENGLISH)


def say(template: str, values: Mapping[str, object] | None = None) -> Sentence:
    """Return the sentence: `say("A name has 1 to {most} characters.", {"most": 80})`.

    Values are numbers, texts, days or other sentences; only the template is looked up. What
    stands in it as a literal is what translators are given.
    """
    return Sentence.of(template, values or {})


def say_about(about: str, template: str) -> Sentence:
    """Return a word that reads differently where it is about something else: `From` of a seller."""
    made = say(template)
    made.about = about
    return made


def say_count(
    one: str, many: str, number: int, values: Mapping[str, object] | None = None
) -> Sentence:
    """Return the form that suits the number, which both forms may name as `{number:,}`."""
    return Sentence.of(one, {"number": number, **(values or {})}, many, number)


def together(parts: Sequence[object]) -> Sentence:
    """Return several sentences as one; what stands between them is the language's own."""
    places = {f"part{index}": part for index, part in enumerate(parts)}
    return Sentence.of(_side_by_side(len(places), ENGLISH), places)


def _side_by_side(number: int, language: str) -> str:
    """Return the template of so many sentences that follow each other."""
    return languages.SENTENCE_GAPS[language].join(f"{{part{index}}}" for index in range(number))


def wording_of(text: str) -> dict[str, object]:
    """Return what a sentence was made of, as JSON that is kept beside its English text.

    Nothing for a plain text. `told` makes the sentence of both again.
    """
    if not isinstance(text, Sentence):
        return {}
    values = {name: kept(value) for name, value in text.values.items()}
    wording: dict[str, object] = {"template": text.template, "values": values}
    if text.plural is not None:
        wording["plural"] = [text.plural, text.number]
    if text.about is not None:
        wording["about"] = text.about
    return wording


def told(text: str, wording: Mapping[str, object]) -> str:
    """Return a text that was kept as the sentence that it was; without a wording as it is."""
    if not wording:
        return text
    # What stands there in English stays, even where we would say it in other words by now.
    made = Sentence(text)
    plural, number = cast(tuple[str | None, int], wording.get("plural", (None, 1)))
    values = cast(Mapping[str, object], wording["values"])
    made.template, made.plural, made.number = cast(str, wording["template"]), plural, number
    made.values = {name: told_again(value) for name, value in values.items()}
    made.about = cast(str | None, wording.get("about"))
    return made


def kept(value: object) -> object:
    """Return a sentence or a day as JSON; all else as it is."""
    if isinstance(value, Sentence):
        return {"text": str(value), "wording": wording_of(value)}
    if isinstance(value, Day):
        return {"day": value.moment.astimezone(value.local).date().isoformat()}
    return value


def told_again(value: object) -> object:
    """Return what was kept as a sentence or a day as that; all else as it is."""
    if isinstance(value, Mapping) and value.keys() == {"text", "wording"}:
        return told(value["text"], value["wording"])
    if isinstance(value, Mapping) and value.keys() == {"day"}:
        return Day(datetime.fromisoformat(value["day"]).replace(tzinfo=UTC))
    return value


def in_language(value: object, language: str) -> object:
    """Return a sentence, or what stands in one, in the language; all else as it is."""
    return value.in_language(language) if isinstance(value, Sentence | Day) else value
