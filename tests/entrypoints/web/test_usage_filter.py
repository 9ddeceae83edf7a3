"""What the usage page's address may say, and what becomes of nonsense."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from app.domain.usage.views import EVERYTHING, Granularity, Grouping, Only
from app.entrypoints.web.usage_choices import Metric
from app.entrypoints.web.usage_filter import (
    Today,
    UsageFilter,
    parameters_of_month,
    read_filter,
)
from app.foundation.paging import Cursor
from app.foundation.periods import Period

BERLIN = ZoneInfo("Europe/Berlin")
PERIOD = Period(
    datetime(2026, 11, 12, 9, 30, tzinfo=UTC), datetime(2026, 12, 12, 9, 30, tzinfo=UTC)
)
TODAY = Today(date=date(2026, 11, 22), zone=BERLIN, period=PERIOD)


def read(**asked: str) -> UsageFilter:
    return read_filter({name.rstrip("_"): value for name, value in asked.items()}, TODAY)


def days_of(chosen: UsageFilter) -> tuple[str, str]:
    return chosen.first.isoformat(), chosen.last.isoformat()


class TestRange:
    @pytest.mark.parametrize(
        ("name", "first", "last"),
        [
            ("today", "2026-11-22", "2026-11-22"),
            ("yesterday", "2026-11-21", "2026-11-21"),
            ("7d", "2026-11-16", "2026-11-22"),
            ("30d", "2026-10-24", "2026-11-22"),
            ("month", "2026-11-01", "2026-11-22"),
            ("last-month", "2026-10-01", "2026-10-31"),
            ("period", "2026-11-12", "2026-11-22"),
            ("90d", "2026-08-25", "2026-11-22"),
        ],
    )
    def test_presets(self, name, first, last) -> None:
        chosen = read(range=name)
        assert chosen.range == name and chosen.notices == ()
        assert days_of(chosen) == (first, last)

    def test_goes_from_midnight_to_midnight_where_the_customer_is(self) -> None:
        # Summer time ended in between.
        span = read(range="30d").span
        assert span.starts_at == datetime(2026, 10, 23, 22, 0, tzinfo=UTC)
        assert span.ends_at == datetime(2026, 11, 22, 23, 0, tzinfo=UTC)

    def test_the_period_starts_at_its_own_moment(self) -> None:
        span = read(range="period").span
        assert span.starts_at == PERIOD.starts_at
        assert span.ends_at == datetime(2026, 11, 22, 23, 0, tzinfo=UTC)

    def test_a_period_that_ends_today_ends_in_time(self) -> None:
        today = Today(date=date(2026, 12, 12), zone=BERLIN, period=PERIOD)
        assert read_filter({"range": "period"}, today).span == PERIOD

    def test_custom_days_are_both_shown(self) -> None:
        chosen = read(range="custom", from_="2026-03-28", to="2026-03-29")
        assert days_of(chosen) == ("2026-03-28", "2026-03-29")
        # One of them has 23 hours.
        assert chosen.span.seconds == 47 * 3600

    def test_custom_needs_no_word_where_a_day_is_given(self) -> None:
        assert days_of(read(from_="2026-11-01")) == ("2026-11-01", "2026-11-22")

    def test_nothing_asked_is_thirty_days(self) -> None:
        assert read().range == "30d" and read().notices == ()

    @pytest.mark.parametrize(
        "asked",
        [
            {"range": "fortnight"},
            {"range": "custom"},
            {"range": "custom", "from_": "yesterday"},
            {"range": "custom", "from_": "2026-02-30"},
            {"range": "custom", "from_": "2026-11-20", "to": "x"},
            {"range": "custom", "from_": "2026-11-20", "to": "2026-11-19"},
            {"range": "custom", "from_": "1999-12-31", "to": "2000-01-02"},
            {"range": "custom", "from_": "2026-11-20", "to": "9999-12-31"},
            {"range": "custom", "from_": "0001-01-01", "to": "0001-01-01"},
            {"range": "custom", "from_": "2001-01-01", "to": "2026-01-01"},
            {"range": "'; DROP TABLE accounts; --"},
        ],
    )
    def test_falls_back_with_a_notice(self, asked) -> None:
        chosen = read(**asked)
        assert chosen.range == "30d"
        assert len(chosen.notices) == 1 and "30 days" in chosen.notices[0]


class TestGranularity:
    @pytest.mark.parametrize(
        ("asked", "granularity"),
        [
            ({"range": "today"}, "hour"),
            ({"range": "custom", "from_": "2026-11-21"}, "hour"),
            ({"range": "custom", "from_": "2026-11-20"}, "day"),
            ({"range": "90d"}, "day"),
            ({"range": "custom", "from_": "2026-08-22"}, "day"),
            ({"range": "custom", "from_": "2026-08-21"}, "month"),
            ({"range": "7d", "granularity": "hour"}, "hour"),
            ({"range": "90d", "granularity": "month"}, "month"),
        ],
    )
    def test_fits_the_range_unless_chosen(self, asked, granularity) -> None:
        chosen = read(**asked)
        assert chosen.granularity == granularity and chosen.notices == ()

    @pytest.mark.parametrize(
        ("asked", "granularity"),
        [
            ({"range": "90d", "granularity": "hour"}, Granularity.DAY),
            ({"range": "custom", "from_": "2020-01-01", "granularity": "day"}, Granularity.MONTH),
            ({"granularity": "minute"}, Granularity.DAY),
        ],
    )
    def test_falls_back_with_a_notice(self, asked, granularity) -> None:
        chosen = read(**asked)
        assert chosen.granularity is granularity
        assert chosen.chosen_granularity == "auto" and len(chosen.notices) == 1


@pytest.mark.parametrize(
    ("asked", "name", "default"),
    [
        ({"group_by": "colour"}, "group_by", Grouping.MODEL),
        ({"metric": "joy"}, "metric", Metric.COST),
        ({"model": "x" * 301}, "only", EVERYTHING),
        ({"model": "a\0b"}, "only", EVERYTHING),
        ({"api_key": "x" * 301}, "only", EVERYTHING),
        ({"provider": "a\nb"}, "only", EVERYTHING),
        ({"cursor": "§§"}, "cursor", None),
        ({"cursor": "9" * 400}, "cursor", None),
    ],
)
def test_nonsense_falls_back_with_a_notice(asked, name, default) -> None:
    chosen = read(**asked)
    assert getattr(chosen, name) == default and len(chosen.notices) == 1


class TestAddress:
    def test_says_nothing_that_goes_without_saying(self) -> None:
        assert read(range="30d", granularity="auto", metric="cost").parameters == {}

    def test_reads_back_what_it_says(self) -> None:
        cursor = Cursor(datetime(2026, 11, 20, tzinfo=UTC), 5)
        chosen = read(
            range="custom", from_="2026-11-02", to="2026-11-05", granularity="hour",
            group_by="provider", metric="tokens", model="gpt-4", api_key="", provider="openai",
            back="2026-10-01..2026-11-22", cursor=str(cursor),
        )  # fmt: skip
        said = chosen.parameters_here
        assert read_filter(said, TODAY) == chosen

    @pytest.mark.parametrize(
        ("granularity", "last"), [("day", "2026-11-01"), ("month", "2026-11-30")]
    )
    def test_leads_to_one_bucket(self, granularity, last) -> None:
        chosen = read(range="90d", granularity=granularity, metric="tokens")
        start = datetime(2026, 11, 1, tzinfo=BERLIN)
        assert chosen.parameters_of_bucket(start) == {
            "range": "custom", "from": "2026-11-01", "to": last, "metric": "tokens", "back": "90d",
        }  # fmt: skip

    @pytest.mark.parametrize(
        "asked",
        [
            {"range": "90d", "granularity": "day"},
            {"range": "90d", "granularity": "month"},
            {"range": "custom", "from_": "2026-11-20", "to": "2026-11-22"},
        ],
    )
    def test_leads_to_what_is_narrowed_and_back(self, asked) -> None:
        names = {"model": "gpt-4", "api_key": "", "provider": "openai"}
        chosen = read(**asked, **names)
        start = datetime(2026, 11, 1, tzinfo=BERLIN)
        behind = read_filter(chosen.parameters_of_bucket(start), TODAY)
        assert behind.only == chosen.only == Only(**names) and behind.notices == ()
        assert behind.is_one_bucket
        back = read_filter(behind.parameters_back, TODAY)
        assert (back.range, back.only) == (chosen.range, chosen.only)
        assert back.span == chosen.span

    @pytest.mark.parametrize("back", ["fortnight", "..", "2026-11-20..", "9999-01-01..9999-01-02"])
    def test_leads_back_to_nothing_that_is_no_range(self, back) -> None:
        chosen = read(range="custom", from_="2026-11-20", to="2026-11-20", back=back)
        assert chosen.notices == () and chosen.parameters_back == {}

    def test_narrows_and_widens_one_name_at_a_time(self) -> None:
        chosen = read(range="7d", group_by="api_key", model="gpt-4")
        narrow = chosen.parameters_of_group("prod")
        assert narrow == chosen.parameters | {"api_key": "prod"}
        without = read_filter(narrow, TODAY).parameters_without(Grouping.MODEL)
        assert without == {"range": "7d", "group_by": "api_key", "api_key": "prod"}

    def test_takes_an_empty_name_for_none_but_of_models(self) -> None:
        assert read(model="", api_key="", provider="").only == Only(api_key="", provider="")


@pytest.mark.parametrize(
    ("first", "last", "is_one"),
    [
        ("2026-11-21", "2026-11-21", True),
        ("2026-11-01", "2026-11-30", True),
        ("2026-11-01", "2026-11-29", False),
        ("2026-11-02", "2026-11-30", False),
        ("2026-10-01", "2026-11-30", False),
    ],
)
def test_a_day_and_a_month_are_known_as_one(first, last, is_one) -> None:
    assert read(range="custom", from_=first, to=last).is_one_bucket is is_one
    assert not read(range="today").is_one_bucket


@pytest.mark.parametrize(
    ("month", "last"), [("2026-11", "30"), ("2026-12", "31"), ("2028-02", "29")]
)
def test_leads_to_a_whole_billing_month(month, last) -> None:
    said = {"range": "custom", "from": f"{month}-01", "to": f"{month}-{last}"}
    assert parameters_of_month(month) == said


class TestHour:
    def test_narrows_the_requests_alone(self) -> None:
        chosen = read(range="today", hour="2026-11-22T09:00:00Z")
        assert chosen.notices == () and chosen.span == read(range="today").span
        assert chosen.records_span == Period(
            datetime(2026, 11, 22, 9, tzinfo=UTC), datetime(2026, 11, 22, 10, tzinfo=UTC)
        )
        assert chosen.parameters_here == {"range": "today", "hour": "2026-11-22T09:00:00Z"}
        assert chosen.parameters_of_all == {"range": "today"}

    @pytest.mark.parametrize(
        "hour",
        [
            "nine",
            "2026-11-22",
            "2026-11-22T23:00:00Z",
            "2026-11-21T22:59:59Z",
            "0001-01-01T00:00:00Z",
        ],
    )
    def test_beyond_the_range_is_none(self, hour) -> None:
        chosen = read(range="today", hour=hour)
        assert chosen.hour is None and len(chosen.notices) == 1
        assert chosen.records_span == chosen.span

    def test_is_what_a_bar_of_an_hour_leads_to(self) -> None:
        start = datetime(2026, 11, 22, 10, tzinfo=BERLIN)
        assert read(range="today").parameters_of_bucket(start) == {
            "range": "today",
            "hour": "2026-11-22T09:00:00Z",
        }
