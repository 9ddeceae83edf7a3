"""What is typed becomes a number where it is one, and stays what it is where it is not."""

from decimal import Decimal

import pytest

from app.entrypoints.web.typed import number_typed, visible_lines


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
    ],
)
def test_numbers(text: str, typed: object) -> None:
    found = number_typed(text)
    assert found == typed and type(found) is type(typed)


@pytest.mark.parametrize(
    ("text", "lines"),
    [(None, None), ("", ""), ("a\r\nb", "a\r\nb"), ("a\0b\x1bc", "a b c"), ("a\tb", "a\tb")],
)
def test_lines_stay_lines(text: str | None, lines: str | None) -> None:
    assert visible_lines(text) == lines
