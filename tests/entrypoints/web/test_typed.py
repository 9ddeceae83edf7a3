"""What is typed becomes a number where it is one, and stays what it is where it is not."""

from decimal import Decimal

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from app.entrypoints.web.forms import SentForm
from app.entrypoints.web.operator.fields import WholeNumber
from app.entrypoints.web.typed import WHOLE_WANTED, Typed, Whole, number_typed, visible_lines


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("", None),
        ("  ", None),
        ("0", 0),
        ("50000", 50_000),
        (" 50,000 ", 50_000),
        ("$1,250.50", Decimal("1250.50")),
        ("-1", -1),
        ("5.", Decimal(5)),
        ("0.001", Decimal("0.001")),
        ("1e9", "1e9"),
        ("NaN", "NaN"),
        ("１００", "１００"),
        ("a lot", "a lot"),
        ("1.2.3", "1.2.3"),
        ("9" * 31, "9" * 31),
        ("1,000", 1_000),
        ("1,500", 1_500),
        ("-12,000", -12_000),
        ("999,999", 999_999),
        ("12,345.67", Decimal("12345.67")),
        ("$1,000,000", 1_000_000),
        ("1\N{FULLWIDTH COMMA}000", 1_000),
        ("1\N{NO-BREAK SPACE}000", 1_000),
        ("1\N{NO-BREAK SPACE}5", "1\N{NO-BREAK SPACE}5"),
        ("1,000\N{NO-BREAK SPACE}000", "1,000\N{NO-BREAK SPACE}000"),
        ("1 000", "1 000"),
        ("one, two", "one, two"),
    ],
)
def test_numbers(text: str, typed: object) -> None:
    found = number_typed(text)
    assert found == typed and type(found) is type(typed)


@pytest.mark.parametrize(
    "text",
    [
        *("1,5", "12,50", "7,5", "0,015", "109,99", "1,00", "1,0000", ",5", "5,", ",", ",000"),
        *("1.5,0", "1.234,50", "1,234,5", "12,34,567", "1234,567", "0,500", "1,,000", "1,000,"),
        *("-1,5", "$1,5", " 1,5 ", "1\N{FULLWIDTH COMMA}5", "1,000.5,0"),
    ],
)
def test_commas_stand_before_thousands_alone(text: str) -> None:
    with pytest.raises(ValueError, match="Write decimals after a point"):
        number_typed(text)


@pytest.mark.parametrize("kind", [Whole, WholeNumber])
@pytest.mark.parametrize("text", ["1,5", "12,50", "1,0000"])
def test_whole_numbers_are_told_of_no_decimals(app: Flask, kind: type[Typed], text: str) -> None:
    class TokensForm(SentForm):
        tokens = kind("Tokens")

    with app.test_request_context():
        form = TokensForm(formdata=MultiDict({"tokens": text}), meta={"csrf": False})
        assert not form.validate()
        assert form.errors == {"tokens": [WHOLE_WANTED]}


@pytest.mark.parametrize(
    ("text", "lines"),
    [(None, None), ("", ""), ("a\r\nb", "a\r\nb"), ("a\0b\x1bc", "a b c"), ("a\tb", "a\tb")],
)
def test_lines_stay_lines(text: str | None, lines: str | None) -> None:
    assert visible_lines(text) == lines
