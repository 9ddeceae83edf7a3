"""How a stretch of time is cut into local days and months."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from app.domain.usage.buckets import (
    buckets,
    check_span,
    clock_shifts,
    cuts_an_hour,
    day_starts_at,
    whole_days,
)
from app.domain.usage.views import Granularity
from app.foundation.errors import InvalidFields
from app.foundation.periods import Period

BERLIN, KOLKATA = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")


def utc(*figures: int) -> datetime:
    return datetime(*figures, tzinfo=UTC)


class TestDayStartsAt:
    @pytest.mark.parametrize(
        ("day", "zone", "moment"),
        [
            (date(2026, 7, 1), "UTC", utc(2026, 7, 1)),
            (date(2026, 7, 1), "Europe/Berlin", utc(2026, 6, 30, 22)),
            (date(2026, 10, 26), "Europe/Berlin", utc(2026, 10, 25, 23)),
            (date(2026, 7, 1), "Asia/Kolkata", utc(2026, 6, 30, 18, 30)),
            # Clocks jump from midnight to one.
            (date(2026, 3, 29), "Asia/Beirut", utc(2026, 3, 28, 22)),
            # Midnight comes twice; the day begins with the first.
            (date(2026, 11, 1), "America/Havana", utc(2026, 11, 1, 4)),
        ],
    )
    def test_is_the_first_moment_of_the_local_day(self, day, zone, moment) -> None:
        local = ZoneInfo(zone)
        assert day_starts_at(day, local) == moment
        assert moment.astimezone(local).date() == day
        assert (moment - timedelta(microseconds=1)).astimezone(local).date() < day


class TestBuckets:
    def test_cover_the_span_without_gap_or_overlap(self) -> None:
        span = Period(utc(2026, 1, 15, 3, 20), utc(2027, 2, 1, 7))
        for zone in (BERLIN, KOLKATA, ZoneInfo("Pacific/Apia")):
            for granularity in (Granularity.DAY, Granularity.MONTH):
                cut = list(buckets(span, granularity=granularity, zone=zone))
                assert cut[0].part.starts_at == span.starts_at
                assert cut[-1].part.ends_at == span.ends_at
                for before, after in pairwise(cut):
                    assert before.part.ends_at == after.part.starts_at == after.starts_at

    def test_begin_before_the_span_if_it_cuts_them(self) -> None:
        span = Period(utc(2026, 7, 14, 12), utc(2026, 7, 14, 13))
        (month,) = buckets(span, granularity=Granularity.MONTH, zone=BERLIN)
        assert month.starts_at == utc(2026, 6, 30, 22)
        assert month.part == span

    def test_cross_the_years_end(self) -> None:
        span = Period(utc(2026, 11, 30), utc(2027, 2, 2))
        starts = [
            bucket.starts_at
            for bucket in buckets(span, granularity=Granularity.MONTH, zone=ZoneInfo("UTC"))
        ]
        assert starts == [utc(2026, 11, 1), utc(2026, 12, 1), utc(2027, 1, 1), utc(2027, 2, 1)]


class TestWholeDays:
    @pytest.mark.parametrize(
        ("begin", "end", "first", "after"),
        [
            (utc(2026, 7, 1), utc(2026, 7, 3), date(2026, 7, 1), date(2026, 7, 3)),
            (utc(2026, 7, 1, 0, 0, 1), utc(2026, 7, 3), date(2026, 7, 2), date(2026, 7, 3)),
            (utc(2026, 7, 1, 8), utc(2026, 7, 3, 8), date(2026, 7, 2), date(2026, 7, 3)),
            (utc(2026, 7, 1, 8), utc(2026, 7, 2, 8), date(2026, 7, 2), date(2026, 7, 2)),
            (utc(2026, 7, 1, 8), utc(2026, 7, 1, 9), date(2026, 7, 2), date(2026, 7, 2)),
        ],
    )
    def test_lie_within_the_span(self, begin, end, first, after) -> None:
        assert whole_days(Period(begin, end), ZoneInfo("UTC")) == (first, after)


class TestCutsAnHour:
    @pytest.mark.parametrize(
        ("moment", "zone", "cuts"),
        [
            (utc(2026, 7, 1, 10), BERLIN, False),
            (utc(2026, 7, 1, 10, 0, 0, 1), BERLIN, True),
            (utc(2026, 7, 1, 10, 30), BERLIN, True),
            (utc(2026, 7, 1, 10, 30), KOLKATA, False),
            (utc(2026, 7, 1, 10), KOLKATA, True),
        ],
    )
    def test_goes_by_the_zones_own_hours(self, moment, zone, cuts) -> None:
        assert cuts_an_hour(moment, zone) is cuts


class TestCheckSpan:
    @pytest.mark.parametrize(
        ("granularity", "days"),
        [(Granularity.HOUR, 92), (Granularity.DAY, 1_100), (Granularity.MONTH, 7_305)],
    )
    def test_allows_what_it_says_and_no_more(self, granularity, days) -> None:
        begin = datetime(2026, 10, 1, tzinfo=BERLIN)
        # 92 days in which clocks go back are an hour longer than 92 times 24.
        allowed = Period(begin, begin + timedelta(days=days))
        check_span(allowed, granularity=granularity)
        with pytest.raises(InvalidFields, match="at most"):
            check_span(Period(begin, begin + timedelta(days=days + 1)), granularity=granularity)


@pytest.mark.parametrize(
    ("zone", "first", "last", "changes"),
    [
        ("UTC", "2026-01-01T00:00Z", "2026-12-31T00:00Z", [("2026-01-01T00:00Z", 0)]),
        (
            "Europe/Berlin",
            "2026-03-01T00:00Z",
            "2026-12-31T00:00Z",
            [("2026-03-01T00:00Z", 4), ("2026-03-29T01:00Z", 8), ("2026-10-25T01:00Z", 4)],
        ),
        (
            "Australia/Lord_Howe",
            "2026-03-01T00:00Z",
            "2026-06-01T00:00Z",
            [("2026-03-01T00:00Z", 44), ("2026-04-04T15:00Z", 42)],
        ),
        # The last quarter is the first of the new time; one before, it is not told yet.
        (
            "Europe/Berlin",
            "2026-03-28T00:00Z",
            "2026-03-29T01:00Z",
            [("2026-03-28T00:00Z", 4), ("2026-03-29T01:00Z", 8)],
        ),
        ("Europe/Berlin", "2026-03-28T00:00Z", "2026-03-29T00:45Z", [("2026-03-28T00:00Z", 4)]),
        ("Asia/Kathmandu", "2026-03-28T00:00Z", "2026-03-28T00:00Z", [("2026-03-28T00:00Z", 23)]),
    ],
)
def test_tells_when_the_clocks_of_a_zone_change(
    zone: str, first: str, last: str, changes: list[tuple[str, int]]
) -> None:
    def quarter(moment: str) -> int:
        return int(datetime.fromisoformat(moment).timestamp()) // 900

    found = clock_shifts(ZoneInfo(zone), first=quarter(first), last=quarter(last))
    assert found == [(quarter(moment), ahead) for moment, ahead in changes]
