"""Arrays and lines for COPY: what PostgreSQL reads back is what was written."""

import gc
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import text

from app.foundation.database import session
from app.foundation.literals import COPY_OPTIONS, array_literal, copy_lines
from tests.databases import on_postgresql

MOMENT = datetime(2026, 11, 22, 12, 30, 0, 5, tzinfo=UTC)
COLUMNS = pytest.mark.parametrize(
    ("kind", "values"),
    [
        (
            "text",
            ["plain", "a,b{c}", '"quoted"', "back\\slash", " outer ", "", "NULL", "null", None],
        ),
        ("text", ["line\nbreak", "tab\t", "emoji 🙂", "中文", "{}", "'single'", "%s :name"]),
        (
            "text",
            ["\\n", "\\\n", '\\"', "]\n[", "],[", "\x01\x1f\x7f", "\r\b\f/", "\\u0041", "\\."],
        ),
        ("bigint", [0, -1, 2**63 - 1, None]),
        ("boolean", [True, False, None]),
        ("date", [date(2026, 11, 22), date(1, 1, 1)]),
        ("timestamptz", [MOMENT, MOMENT.replace(microsecond=0), None]),
        ("timestamptz", [datetime(1890, 1, 1, 12, tzinfo=ZoneInfo("Europe/Berlin"))]),
    ],
)


class TestArrayLiteral:
    @pytest.mark.parametrize(
        ("values", "literal"),
        [
            ([], "{}"),
            ([1, -2, 2**62], "{1,-2,4611686018427387904}"),
            ([1, None], "{1,null}"),
            ([True, False, None], "{true,false,null}"),
            (["a", "NULL", ""], '{"a","NULL",""}'),
            (['"\\'], '{"\\"\\\\"}'),
            ([date(2026, 1, 2)], '{"2026-01-02"}'),
            ([{"a": ['"']}], '{"{\\"a\\": [\\"\\\\\\"\\"]}"}'),
        ],
    )
    def test_writes(self, values: list[object], literal: str) -> None:
        assert array_literal(values) == literal

    @pytest.mark.parametrize("value", [1.5, b"bytes", object()])
    def test_refuses_what_no_array_holds(self, value: object) -> None:
        with pytest.raises(TypeError):
            array_literal([value])

    def test_refuses_it_beside_what_they_hold(self) -> None:
        with pytest.raises(TypeError):
            array_literal([MOMENT, 1.5])

    @on_postgresql
    @COLUMNS
    def test_is_read_back_as_it_was(self, app: Flask, kind: str, values: list[object]) -> None:
        given = {"literal": array_literal(values)}
        assert session.scalar(text(f"SELECT CAST(:literal AS {kind}[])"), given) == values


class TestCopyLines:
    @on_postgresql
    @COLUMNS
    def test_are_read_back_as_they_were(self, app: Flask, kind: str, values: list[object]) -> None:
        numbered = list(enumerate(values))
        session.execute(text(f"CREATE TEMPORARY TABLE copied (number bigint, value {kind})"))
        cursor = session.connection().connection.cursor()
        with cursor, cursor.copy(f"COPY copied FROM STDIN {COPY_OPTIONS}") as copy:
            copy.write(copy_lines(numbered))
        read = session.execute(text("SELECT number, value FROM copied ORDER BY number"))
        assert [tuple(row) for row in read] == numbered
        session.rollback()

    @pytest.mark.parametrize("value", [1.5, b"bytes", object()])
    def test_refuse_what_no_column_holds(self, value: object) -> None:
        with pytest.raises(TypeError):
            copy_lines([(1, value)])

    @pytest.mark.parametrize(
        ("write", "values"), [(copy_lines, [(1, "a"), (2, "b")]), (array_literal, ["a", "b"])]
    )
    def test_are_nobodys_once_they_are_written(self, write, values: list[object]) -> None:
        def kept() -> int:
            gc.collect()
            return len(gc.get_objects())

        write(iter(values))
        before = kept()
        for _ in range(200):
            write(iter(values))
        assert kept() - before < 200
