"""Moments that come back as they were written."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from app.entrypoints.moments import in_utc, read_moment

MOMENT = datetime(2026, 11, 5, 10, 0, 0, 123456, tzinfo=UTC)


class TestReadMoment:
    @pytest.mark.parametrize(
        ("text", "moment"),
        [
            ("2026-11-05T10:00:00.123456Z", MOMENT),
            ("2026-11-05t10:00:00.123456z", MOMENT),
            ("2026-11-05T10:00:00.123456789Z", MOMENT),
            ("2026-11-05T11:30:00.123456+01:30", MOMENT),
            ("2026-11-05T10:00:00Z", MOMENT.replace(microsecond=0)),
            ("2026-11-05T10:00:00+00:00", MOMENT.replace(microsecond=0)),
        ],
    )
    def test_reads_what_has_a_zone(self, text: str, moment: datetime) -> None:
        assert read_moment(text) == moment
        assert read_moment(text).utcoffset() == timedelta(0)

    @pytest.mark.parametrize(
        "text",
        [
            *("", "now", "2026-11-05", "2026-11-05T10:00:00", "2026-11-05 10:00:00Z", "1762336800"),
            *("2026-13-05T10:00:00Z", "2026-11-05T25:00:00Z", "2026-11-05T10:00:00Z\n"),
            *("0001-01-01T00:00:00+01:00", "２０２６-11-05T10:00:00Z", "\x00"),
        ],
    )
    def test_refuses_everything_else(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"."):
            read_moment(text)


class TestInUtc:
    @pytest.mark.parametrize(
        ("typed", "moment"),
        [
            ("2026-11-05T10:00", "2026-11-05T10:00:00+00:00"),
            ("2026-11-05T10:00+02:00", "2026-11-05T08:00:00+00:00"),
            ("0002-01-01T00:00+14:00", "0001-12-31T10:00:00+00:00"),
            ("9998-12-31T23:59-14:00", "9999-01-01T13:59:00+00:00"),
        ],
    )
    def test_is_a_moment_that_every_zone_can_show(self, typed: str, moment: str) -> None:
        found = in_utc(datetime.fromisoformat(typed))
        assert found == datetime.fromisoformat(moment) and found.tzinfo is UTC
        for hours in (-14, 14):
            found.astimezone(timezone(timedelta(hours=hours)))

    @pytest.mark.parametrize("typed", ["0001-12-31T23:59", "9999-01-01T00:00", "0001-01-01T00:00Z"])
    def test_refuses_the_ends_of_the_calendar(self, typed: str) -> None:
        with pytest.raises(ValueError, match="calendar"):
            in_utc(datetime.fromisoformat(typed))
