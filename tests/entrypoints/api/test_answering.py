"""How answers are written."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from app.entrypoints.api.answering import answer, moment_text
from app.foundation.money import usd_from_nanos
from app.foundation.sentences import say


def text_of(value: object) -> str:
    """Return the value as it stands in an answer."""
    body = answer({"value": value}).get_data(as_text=True)
    return body.removeprefix('{"value":').removesuffix("}")


class TestAnswer:
    @pytest.mark.parametrize(
        ("nanos", "written"),
        [
            (16_757_419, "0.016757419"),
            (22_200_000, "0.0222"),
            (100_000_000_000, "100"),
            (0, "0"),
            (9_223_372_036_854_775_807, "9223372036.854775807"),
            (-1_500_000_000, "-1.5"),
        ],
    )
    def test_writes_money_exactly(self, nanos, written) -> None:
        assert text_of(usd_from_nanos(nanos)) == written

    def test_writes_the_smallest_amount_as_a_number(self) -> None:
        assert Decimal(text_of(usd_from_nanos(1))) == Decimal("1e-9")

    def test_writes_sentences_in_english(self) -> None:
        assert text_of(say("{tokens:,} extra tokens", {"tokens": 5_000})) == '"5,000 extra tokens"'
        with pytest.raises(TypeError):
            text_of(object())

    def test_writes_moments_in_utc(self) -> None:
        moment = datetime(2026, 11, 5, 10, 0, tzinfo=UTC)
        fraction = moment + timedelta(microseconds=1_500)
        assert text_of(moment) == '"2026-11-05T10:00:00Z"'
        assert text_of(fraction) == '"2026-11-05T10:00:00.001500Z"'

    def test_is_kept_by_no_cache(self) -> None:
        response = answer({}, status=201)
        assert response.status_code == 201
        assert response.headers["Cache-Control"] == "no-store"
        assert response.content_type == "application/json"


class TestMomentText:
    @pytest.mark.parametrize(
        ("moment", "text"),
        [
            (datetime(2026, 11, 5, 10, 0, tzinfo=UTC), "2026-11-05T10:00:00Z"),
            (datetime(2026, 11, 5, 10, 0, 0, 5, tzinfo=UTC), "2026-11-05T10:00:00.000005Z"),
            (datetime(2026, 7, 1, tzinfo=ZoneInfo("Europe/Berlin")), "2026-06-30T22:00:00Z"),
            (
                datetime(2026, 11, 5, 10, 0, tzinfo=timezone(timedelta(hours=-5))),
                "2026-11-05T15:00:00Z",
            ),
        ],
    )
    def test_is_rfc_3339_with_a_z(self, moment, text) -> None:
        assert moment_text(moment) == text
