"""Array literals: what PostgreSQL reads back is what was written."""

from datetime import UTC, date, datetime

import pytest
from flask import Flask
from sqlalchemy import text

from app.foundation.arrays import array_literal
from app.foundation.database import session
from tests.databases import on_postgresql

MOMENT = datetime(2026, 11, 22, 12, 30, 0, 5, tzinfo=UTC)


class TestArrayLiteral:
    @pytest.mark.parametrize(
        ("values", "literal"),
        [
            ([], "{}"),
            ([1, -2, 2**62], "{1,-2,4611686018427387904}"),
            ([1, None], "{1,NULL}"),
            ([True, False, None], "{true,false,NULL}"),
            (["a", "NULL", ""], '{"a","NULL",""}'),
            (['"\\'], '{"\\"\\\\"}'),
            ([date(2026, 1, 2)], "{2026-01-02}"),
            ([{"a": ['"']}], '{"{\\"a\\": [\\"\\\\\\"\\"]}"}'),
        ],
    )
    def test_writes(self, values: list[object], literal: str) -> None:
        assert array_literal(values) == literal

    @pytest.mark.parametrize("value", [1.5, b"bytes", object()])
    def test_refuses_what_no_array_holds(self, value: object) -> None:
        with pytest.raises(TypeError):
            array_literal([value])

    @on_postgresql
    @pytest.mark.parametrize(
        ("kind", "values"),
        [
            ("text", ["plain", "a,b{c}", '"quoted"', "back\\slash", " outer ", "", "NULL", None]),
            ("text", ["line\nbreak", "tab\t", "emoji 🙂", "中文", "{}", "'single'", "%s :name"]),
            ("bigint", [0, -1, 2**63 - 1, None]),
            ("boolean", [True, False, None]),
            ("date", [date(2026, 11, 22), date(1, 1, 1)]),
            ("timestamptz", [MOMENT, MOMENT.replace(microsecond=0), None]),
        ],
    )
    def test_is_read_back_as_it_was(self, app: Flask, kind: str, values: list[object]) -> None:
        given = {"literal": array_literal(values)}
        assert session.scalar(text(f"SELECT CAST(:literal AS {kind}[])"), given) == values
