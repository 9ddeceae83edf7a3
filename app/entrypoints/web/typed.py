"""Fields whose values are typed or ticked, read into what the settings' rules judge.

A field only tells a number from a text. What it may be is the domain's to say, and is said at it.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from wtforms import BooleanField, Field, StringField
from wtforms.form import BaseForm
from wtforms.validators import StopValidation
from wtforms.widgets import Input, TextInput

from app.entrypoints.languages import language, translated
from app.entrypoints.web.forms import SentForm, visible
from app.foundation.errors import InvalidFields
from app.foundation.languages import SENTENCE_GAPS
from app.foundation.money import usd_from_minor
from app.foundation.sentences import Sentence, say

# Thousands may be set apart, all of them alike; more digits are no amount of anything.
NUMBER = re.compile(
    r"-?(?:[0-9]{1,30}|[1-9][0-9]{0,2}([,\N{NO-BREAK SPACE}])[0-9]{3}(?:\1[0-9]{3}){0,8})"
    r"(?:\.[0-9]{0,30})?",
    re.ASCII,
)
# In many countries a comma stands before the cents: left out, it would make dollars of them.
COMMA_ELSEWHERE = re.compile(r"-?[0-9.]*,[0-9.,]*", re.ASCII)
POINT_WANTED = say(
    "Write decimals after a point, as in 12.50; a comma only sets thousands apart, as in 12,000."
)
WHOLE_WANTED = say("Write a whole number; a comma only sets thousands apart, as in 12,000.")
FULL_WIDTH_COMMA = "\N{FULLWIDTH COMMA}"
LIST_BREAKS = re.compile(r"[\s,;%\N{FULLWIDTH COMMA}\N{IDEOGRAPHIC COMMA}]+")
LIST_LENGTH_MAX = 50
# Everything that no keyboard types into a text of several lines.
UNTYPED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u2028\u2029\ud800-\udfff]")
OFF, ON = "off", "on"
DIGITS = {"inputmode": "numeric", "autocomplete": "off"}


class Switch(BooleanField):
    """A box to tick; a hidden field beside it tells one that is off from one that is not there."""

    false_values = (False, "", OFF, "false", "0")

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """Let the box win over the hidden field, which stands before it."""
        self.data = bool(valuelist) and valuelist[-1] not in self.false_values

    def _value(self) -> str:
        return ON


class Typed(StringField):
    """A number that is typed: its data is a number, None for nothing, or the text if it is none."""

    data: Any
    widget: Input = TextInput()
    # What is told of a comma that stands where none may.
    comma_told = POINT_WANTED

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """Read what was typed; a comma that stands elsewhere than before thousands is told."""
        if valuelist:
            self.data = visible(valuelist[0]) or ""
            self.data = number_typed(self.data, comma_told=self.comma_told)

    def pre_validate(self, form: BaseForm) -> None:
        """Judge no further what could not be read: one sentence is enough."""
        if self.process_errors:
            raise StopValidation()


class Amount(Typed):
    """An amount of USD."""

    def process_data(self, value: int | None) -> None:
        """Take cents, as settings keep them."""
        self.data = None if value is None else usd_from_minor(value)

    def _value(self) -> str:
        if self.raw_data:
            return visible(str(self.raw_data[0])) or ""
        if self.data is None:
            return ""
        return f"{self.data:f}" if self.data == int(self.data) else f"{self.data:.2f}"


class Whole(Typed):
    """A whole number."""

    comma_told = WHOLE_WANTED
    # Not the browser's own field for numbers: it shows nothing of what is none.
    widget = TextInput()


class Numbers(StringField):
    """Numbers in a row, between commas or spaces."""

    data: Any

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """Read each of them."""
        if valuelist:
            parts = filter(None, LIST_BREAKS.split(visible(valuelist[0]) or "", LIST_LENGTH_MAX))
            self.data = [number_typed(part) for part in parts]

    def _value(self) -> str:
        if self.raw_data:
            return visible(str(self.raw_data[0])) or ""
        return ", ".join(str(number) for number in self.data or ())


def number_typed(text: str, *, comma_told: Sentence = POINT_WANTED) -> int | Decimal | str | None:
    """Return the number that was typed, None for nothing, or the text if it is no number.

    Raises ValueError where a comma stands elsewhere than before three digits of the whole part.
    """
    bare = text.replace(FULL_WIDTH_COMMA, ",").strip().removeprefix("$").strip()
    if not bare:
        return None
    if not NUMBER.fullmatch(bare):
        if COMMA_ELSEWHERE.fullmatch(bare):
            raise ValueError(comma_told)
        return text
    plain = bare.replace(",", "").replace("\N{NO-BREAK SPACE}", "")
    return Decimal(plain) if "." in plain else int(plain)


def visible_lines(text: str | None) -> str | None:
    """Read what no keyboard types as spaces, and leave the lines as they are."""
    return UNTYPED.sub(" ", text) if text else text


def _in_words_of_the_page(detail: str, name: str, field: Field) -> object:
    """Return what is wrong with a field by its label: only programs know it by its name."""
    told = str(translated(detail))
    if not told.startswith(f"{name} "):
        return detail
    rest = told.removeprefix(name).lstrip()
    return f"“{field.label.text}”{SENTENCE_GAPS[language()]}{rest}"


@contextmanager
def wrong_fields_shown_on(form: SentForm) -> Iterator[None]:
    """Turn what is wrong with fields into messages at them; what is wrong elsewhere goes on."""
    try:
        yield
    except InvalidFields as refusal:
        # What is wrong with one of several is said at the field that holds them all.
        faults = [(fault.path.partition("[")[0], fault.detail) for fault in refusal.fields]
        if any(name not in form for name, _ in faults):
            raise
        for name, detail in faults:
            told = _in_words_of_the_page(detail, name, form[name])
            form[name].errors = [*form[name].errors, told]
