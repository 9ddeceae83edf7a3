"""Cursors: what is handed out is read back; anything else is refused by name."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from app.foundation.errors import InvalidFields
from app.foundation.paging import Cursor, Stretch, stretch
from tests.moments import NOW


def written(plain: str) -> str:
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


class TestCursor:
    @pytest.mark.parametrize(
        "cursor",
        [
            Cursor(NOW, 1),
            Cursor(NOW + timedelta(microseconds=1), 2**63 - 1),
            Cursor(datetime(1970, 1, 1, tzinfo=UTC), 0),
            Cursor(datetime.max.replace(tzinfo=UTC), 7),
        ],
    )
    def test_is_read_back_exactly(self, cursor: Cursor) -> None:
        assert Cursor.parse(str(cursor)) == cursor

    def test_can_stand_in_a_url(self) -> None:
        for row in range(300):
            assert str(Cursor(NOW, row)).replace("-", "").replace("_", "").isalnum()

    @pytest.mark.parametrize(
        "text",
        [
            "", "x", "a.b", "é", "%%%", "a" * 10_000, written(""), written("1"), written("1.2.3"),
            written("a.1"), written("1.a"), written("-1.1"), written("1.-1"),
            written(f"{10**18}.1"), written(f"1.{2**63}"), written("9" * 5_000 + ".1"),
            written("."), written("+1.1"), written("1. 1"), written("1_0.1"), written("01.1"),
            str(Cursor(NOW, 1)) + "=" * 9,
        ],
    )  # fmt: skip
    def test_refuses_what_was_not_handed_out(self, text: str) -> None:
        with pytest.raises(InvalidFields) as refused:
            Cursor.parse(text)
        (field,) = refused.value.fields
        assert (field.path, field.code) == ("cursor", "cursor_invalid")
        assert field.detail == refused.value.message


class TestStretch:
    @pytest.mark.parametrize(
        ("rows", "expected"),
        [
            ([], Stretch((), None)),
            ([3, 2], Stretch((3, 2), None)),
            # The one that is too many is not shown, and tells that there are more.
            ([3, 2, 1], Stretch((3, 2), 2)),
        ],
    )
    def test_tells_where_the_older_ones_lie(self, rows: list[int], expected: Stretch[int]) -> None:
        assert stretch(rows, limit=2, number=int) == expected
