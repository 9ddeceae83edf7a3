"""Moments that come back as they were written."""

from datetime import UTC, datetime, timedelta

import pytest

from app.entrypoints.moments import read_moment

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
