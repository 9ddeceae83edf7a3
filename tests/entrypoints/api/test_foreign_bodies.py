"""Bodies of others: nothing that their callers wrote keeps us from the counts."""

import pytest

from app.entrypoints.api.foreign_bodies import BrokenLine, foreign_value, foreign_values
from app.foundation.errors import Kind, Refusal


class TestForeignValue:
    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            (b' {"a": 1, "a": 2}\n', {"a": 2}),
            (b'{"messages": NaN, "n": 1}', {"messages": None, "n": 1}),
            (b'{"a": -Infinity, "b": 1e999, "c": -1E999}', {"a": None, "b": None, "c": None}),
            (b'{"a": ' + b"9" * 5_000 + b"}", {"a": None}),
            (b'{"a": "\\ud800"}', {"a": "\ud800"}),
            (b'{"startTime": 1795341269.7}', {"startTime": 1795341269.7}),
            (b"[]", []),
        ],
    )
    def test_reads_what_python_programs_write(self, body, expected) -> None:
        assert foreign_value(body) == expected

    @pytest.mark.parametrize("body", [b"", b"{", b"{'a': 1}", b"\xff", b"[" * 100_000, b"{}{}"])
    def test_refuses_what_is_no_json(self, body) -> None:
        with pytest.raises(Refusal) as refusal:
            foreign_value(body)
        assert (refusal.value.kind, refusal.value.code) == (Kind.UNREADABLE, "body_not_json")


class TestForeignValues:
    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            (b'[{"id": 1}, null]', [{"id": 1}, None]),
            (b'{"id": 1}', [{"id": 1}]),
            (b'{"id": 1}\n{"id": 2}', [{"id": 1}, {"id": 2}]),
            (b'{"id": 1}\r\n\r\n{"id": 2}\r\n', [{"id": 1}, {"id": 2}]),
            # Written over several lines, it is still one document.
            (b'{\n "id": 1\n}', [{"id": 1}]),
            (b'[\n {"id": 1},\n {"id": 2}\n]', [{"id": 1}, {"id": 2}]),
        ],
    )
    def test_reads_arrays_objects_and_ndjson(self, body, expected) -> None:
        assert foreign_values(body) == expected

    @pytest.mark.parametrize("line", [b'{"id": ', b"7", b'{"id": "\xff"}', b'{"a":' * 100_000])
    def test_lets_a_broken_line_stand_for_itself(self, line) -> None:
        before, broken, after = foreign_values(b'{"id": 1}\n' + line + b'\n{"id": 3}')
        assert (before, after) == ({"id": 1}, {"id": 3})
        assert isinstance(broken, BrokenLine)

    @pytest.mark.parametrize("body", [b"{\n", b'{"a"\n{"b"\n', b'[{"id": 1},\n{"id": 2}'])
    def test_refuses_where_no_line_is_whole(self, body) -> None:
        with pytest.raises(Refusal):
            foreign_values(body)
