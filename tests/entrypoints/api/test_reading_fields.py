"""Fields are read strictly, and everything that is wrong with them is said at once."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from app.entrypoints.api.reading_fields import (
    MOMENT_WITH_ZONE,
    NAME,
    NUMBER,
    TEXT,
    TEXTS,
    TRUTH,
    WHOLE,
    Body,
    Shape,
    ShortBody,
    read_fields,
)
from app.foundation.errors import InvalidFields, Refusal

MOMENT = datetime(2026, 12, 1, tzinfo=UTC)


class TestShapes:
    @pytest.mark.parametrize(
        ("shape", "value", "read"),
        [
            (TEXT, "", ""),
            (TEXT, "é" * 2_000, "é" * 2_000),
            (WHOLE, -5, -5),
            (WHOLE, Decimal("100.0"), 100),
            (WHOLE, 2**63 - 1, 2**63 - 1),
            (NUMBER, 5, 5),
            (NUMBER, Decimal("0.5"), Decimal("0.5")),
            (TRUTH, False, False),
            (MOMENT_WITH_ZONE, "2026-12-01T00:00:00Z", MOMENT),
            (MOMENT_WITH_ZONE, "2026-12-01t01:00:00.000+01:00", MOMENT),
            (TEXTS, [], ()),
            (TEXTS, ["a", "b"], ("a", "b")),
            (TEXTS.or_null(), None, None),
            (NUMBER.or_null(), 1, 1),
        ],
    )
    def test_take(self, shape: Shape, value: object, read: object) -> None:
        assert read_fields({"field": value}, {"field": shape}) == {"field": read}

    @pytest.mark.parametrize(
        ("shape", "value"),
        [
            *((TEXT, value) for value in (5, None, "x" * 2_001, "a\x00", "\ud800", [])),
            *(
                (WHOLE, value)
                for value in (True, "5", Decimal("1.5"), None, 2**63, Decimal("1E99"))
            ),
            *((NUMBER, value) for value in (True, "5", None, [], {})),
            *((TRUTH, value) for value in (1, "true", None)),
            *(
                (MOMENT_WITH_ZONE, value)
                for value in ("2026-12-01", "2026-12-01T00:00:00", "2026-13-01T00:00:00Z", 5)
            ),
            (MOMENT_WITH_ZONE, "9999-12-31T23:59:59-14:00"),
            (MOMENT_WITH_ZONE, "9999-12-31T23:59:59Z"),
            (MOMENT_WITH_ZONE, "9999-01-01T00:00:00Z"),
            (MOMENT_WITH_ZONE, "0001-12-31T23:59:59Z"),
            (MOMENT_WITH_ZONE, "0001-01-01T00:00:00+14:00"),
            *((TEXTS, value) for value in ("a", [1], [None], ["a"] * 101, None, {})),
            (TEXTS.or_null(), "a"),
        ],
    )
    def test_refuse_others_in_words(self, shape: Shape, value: object) -> None:
        with pytest.raises(InvalidFields) as refused:
            read_fields({"field": value}, {"field": shape})
        (fault,) = refused.value.fields
        assert (fault.path, fault.code) == ("field", "field_invalid")
        assert fault.detail == f"field must be {shape.wanted}."


class TestReadFields:
    def test_leaves_out_what_is_not_named(self) -> None:
        assert read_fields({"a": "x"}, {"a": TEXT, "b": TEXT}) == {"a": "x"}

    def test_says_everything_at_once(self) -> None:
        body = {"a": 1, "c" * 500: 2}
        with pytest.raises(InvalidFields) as refused:
            read_fields(body, {"a": TEXT, "b": TEXT}, required=("a", "b"))
        told = [(fault.path, fault.code) for fault in refused.value.fields]
        assert told == [
            ("a", "a_invalid"),
            ("c" * 255, "field_unknown"),
            ("b", "field_missing"),
        ]


class TestBody:
    CREWED = Body("A ship.", {"name": TEXT.within(1, 80), "crew": WHOLE}, required=("name",))

    def test_is_read_as_it_is_described(self) -> None:
        assert self.CREWED.read({"name": "Argo"}) == {"name": "Argo"}
        described = self.CREWED.schema
        assert (described["required"], list(described["properties"])) == (
            ["name"],
            ["name", "crew"],
        )
        assert described["additionalProperties"] is False
        assert described["properties"]["name"]["maxLength"] == 80

    def test_says_everything_at_once(self) -> None:
        with pytest.raises(InvalidFields) as refused:
            self.CREWED.read({"crew": "many", "sails": 2})
        told = [(fault.path, fault.code) for fault in refused.value.fields]
        assert told == [
            ("crew", "crew_invalid"),
            ("sails", "field_unknown"),
            ("name", "field_missing"),
        ]


class TestShortBody:
    SAILING = ShortBody("A voyage.", {"to": NAME}, {"by": NAME.one_of(("oar", "sail"))})

    def test_takes_null_for_nothing(self) -> None:
        assert self.SAILING.read({"to": "Colchis", "by": None}) == {"to": "Colchis"}
        assert self.SAILING.schema["properties"]["by"]["enum"] == ["oar", "sail", None]
        assert self.SAILING.schema["properties"]["to"]["type"] == "string"

    @pytest.mark.parametrize(
        ("body", "path", "code"),
        [
            ({}, "to", "field_missing"),
            ({"to": None}, "to", "field_missing"),
            ({"to": 5}, "to", "field_invalid"),
            ({"to": "Colchis", "by": 5}, "by", "field_invalid"),
            ({"to": 5, "with": "Medea"}, "with", "field_unknown"),
        ],
    )
    def test_is_refused_for_its_first_fault(self, body, path, code) -> None:
        with pytest.raises(Refusal) as refused:
            self.SAILING.read(body)
        assert [(fault.path, fault.code) for fault in refused.value.fields] == [(path, code)]
        assert refused.value.code == code
