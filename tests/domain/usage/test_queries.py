"""Series, totals and lists of usage: exact, the account's own, and bounded."""

import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from app.domain.accounts.errors import TimezoneUnknown
from app.domain.usage import queries
from app.domain.usage.models import BillingRecord
from app.domain.usage.recording import APART_MAX
from app.domain.usage.series import SUMS
from app.domain.usage.views import Granularity, Grouping, Sums
from app.foundation.database import session
from app.foundation.errors import InvalidFields
from app.foundation.paging import Cursor
from app.foundation.periods import BillingMonth, Period
from tests.factories.accounts import make_account
from tests.factories.usage import make_report, make_usage, record
from tests.moments import NOW
from tests.statements import statements

BERLIN, KOLKATA = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")
MODELS = ("gpt-4", "gpt-4o", "deepseek-chat")
KEYS = ("prod", "staging", None)
PROVIDERS = ("openai", "azure", None)
# Berlin's clocks went forward on 29 March and back on 25 October 2026.
SPRING = Period(datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 4, 2, tzinfo=UTC))
AUTUMN = Period(datetime(2026, 10, 23, tzinfo=UTC), datetime(2026, 10, 29, tzinfo=UTC))


def make_random_usage(user_id: str, span: Period, *, number: int = 250) -> None:
    """Record requests all over the span, and some just before and after it."""
    dice = random.Random(7)
    seconds = span.seconds + 4 * 86_400
    record(
        [
            make_report(
                user_id,
                model=dice.choice(MODELS),
                provider=dice.choice(PROVIDERS),
                api_key_alias=dice.choice(KEYS),
                prompt_tokens=dice.randrange(2_000),
                completion_tokens=dice.randrange(500),
                occurred_at=span.starts_at + timedelta(seconds=dice.randrange(seconds) - 2 * 86400),
            )
            for _ in range(number)
        ]
    )


def expected(account, span, *, granularity, group_by, zone) -> dict[tuple[str, str], Sums]:
    """Add the account's records up one by one; keys are local starts as text, and groups."""
    found = defaultdict(lambda: [0] * len(SUMS))
    field = {"model": "model", "api_key": "api_key_alias", "provider": "provider"}[group_by]
    for row in session.query(BillingRecord).filter_by(user_id=account.id):
        if row.occurred_at not in span:
            continue
        local = row.occurred_at.astimezone(zone)
        start = local.replace(minute=0, second=0, microsecond=0)
        if granularity == "day":
            start = datetime(local.year, local.month, local.day, tzinfo=zone)
        if granularity == "month":
            start = datetime(local.year, local.month, 1, tzinfo=zone)
        sums = found[start.isoformat(), getattr(row, field) or ""]
        for place, name in enumerate(SUMS):
            counted = {"requests": 1, "unpriced_tokens": 0}
            sums[place] += counted[name] if name in counted else getattr(row, name)
    return {key: Sums(*sums) for key, sums in found.items()}


def found(series) -> dict[tuple[str, str], Sums]:
    return {(bucket.starts_at.isoformat(), bucket.group): bucket.sums for bucket in series.buckets}


def series_of(account, span, granularity=Granularity.DAY, group_by=Grouping.MODEL, **changes):
    return queries.usage_series(
        account, span=span, granularity=granularity, group_by=group_by, **changes
    )


class TestUsageSeries:
    @pytest.mark.parametrize("group_by", Grouping)
    @pytest.mark.parametrize("granularity", Granularity)
    def test_adds_up_to_the_records_of_any_zone(self, app, noise, granularity, group_by) -> None:
        berlin = make_account("berlin", timezone="Europe/Berlin")
        kolkata = make_account("kolkata", timezone="Asia/Kolkata")
        for account in (berlin, kolkata):
            make_random_usage(account.id, SPRING)
            make_random_usage(account.id, AUTUMN)
        make_random_usage("noise-pro", AUTUMN)
        for account, own in ((berlin, BERLIN), (kolkata, KOLKATA)):
            for span in (SPRING, AUTUMN):
                local = Period(span.starts_at.replace(tzinfo=own), span.ends_at.replace(tzinfo=own))
                series = series_of(account, local, granularity, group_by)
                assert found(series) == expected(
                    account, local, granularity=granularity, group_by=group_by, zone=own
                )
                assert not series.approximate
                assert series.timezone == own.key

    @pytest.mark.parametrize("granularity", Granularity)
    @pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Apia"])
    def test_is_exact_in_another_zone_by_whole_hours(self, app, granularity, zone) -> None:
        account = make_account("berlin", timezone="Europe/Berlin")
        make_random_usage(account.id, AUTUMN)
        series = series_of(account, AUTUMN, granularity, timezone=zone)
        assert not series.approximate
        assert found(series) == expected(
            account, AUTUMN, granularity=granularity, group_by="model", zone=ZoneInfo(zone)
        )

    @pytest.mark.parametrize("granularity", Granularity)
    def test_says_that_half_hours_are_approximate(self, app, granularity) -> None:
        account = make_account("berlin", timezone="Europe/Berlin")
        make_random_usage(account.id, AUTUMN)
        series = series_of(account, AUTUMN, granularity, timezone="Asia/Kolkata")
        assert series.approximate
        assert {bucket.starts_at.utcoffset() for bucket in series.buckets} == {
            timedelta(hours=5, minutes=30)
        }
        exact = series_of(account, AUTUMN, granularity)
        assert series.totals == exact.totals

    def test_has_days_of_23_and_25_hours(self, app) -> None:
        account = make_account("berlin", timezone="Europe/Berlin")
        hours = [AUTUMN.starts_at + timedelta(hours=hour) for hour in range(24 * 6)]
        hours += [SPRING.starts_at + timedelta(hours=hour) for hour in range(24 * 5)]
        record([make_report("berlin", occurred_at=hour) for hour in hours])
        for day, requests, offset in (
            (date(2026, 3, 29), 23, "+01:00"),
            (date(2026, 3, 30), 24, "+02:00"),
            (date(2026, 10, 25), 25, "+02:00"),
            (date(2026, 10, 26), 24, "+01:00"),
        ):
            begin = datetime(day.year, day.month, day.day, tzinfo=BERLIN)
            span = Period(begin, begin + timedelta(days=1))
            (bucket,) = series_of(account, span).buckets
            assert bucket.sums.requests == requests
            assert bucket.starts_at.isoformat() == f"{day}T00:00:00{offset}"
            by_hour = series_of(account, span, Granularity.HOUR).buckets
            assert [hour.sums.requests for hour in by_hour] == [1] * requests
            assert len({hour.starts_at.isoformat() for hour in by_hour}) == requests

    def test_takes_the_rest_of_cut_days_from_hours(self, ada) -> None:
        make_random_usage("ada", AUTUMN)
        for start, end in ((5, 7), (5, 24), (5, 53), (24, 31), (30, 100), (0, 48)):
            span = Period(
                AUTUMN.starts_at + timedelta(hours=start), AUTUMN.starts_at + timedelta(hours=end)
            )
            for granularity in (Granularity.DAY, Granularity.MONTH):
                series = series_of(ada, span, granularity)
                assert not series.approximate
                assert found(series) == expected(
                    ada, span, granularity=granularity, group_by="model", zone=UTC
                )

    def test_says_that_a_cut_hour_is_approximate(self, ada) -> None:
        make_usage(occurred_at=NOW - timedelta(minutes=50))
        make_usage(occurred_at=NOW - timedelta(minutes=10))
        cut = Period(NOW - timedelta(minutes=30), NOW)
        for granularity in Granularity:
            series = series_of(ada, cut, granularity)
            assert series.approximate
            # An hour goes whole to where it begins.
            assert series.totals.requests == 0
            before = Period(NOW - timedelta(hours=2), cut.starts_at)
            assert series_of(ada, before, granularity).totals.requests == 2

    def test_shows_strangers_nothing(self, ada, ben, noise) -> None:
        make_usage("ada")
        whole = Period(NOW - timedelta(days=1), NOW + timedelta(days=1))
        for granularity in Granularity:
            for group_by in Grouping:
                series = series_of(ben, whole, granularity, group_by)
                assert series.buckets == ()
                assert series.totals == Sums()

    def test_is_exact_to_the_nano(self, app) -> None:
        account = make_account("cleo", plan_id="plan-pro")
        session.execute(
            text("UPDATE subscription_periods SET quota_tokens_used = 999900, tokens_used = 999900")
        )
        session.commit()
        make_usage("cleo", prompt_tokens=500, completion_tokens=120)
        series = series_of(account, Period(NOW - timedelta(days=1), NOW + timedelta(days=1)))
        assert series.totals.cost_nanos == 22_200_000
        assert series.totals.final_nanos == 16_757_419

    @pytest.mark.parametrize(
        ("granularity", "days"),
        [(Granularity.HOUR, 93), (Granularity.DAY, 1_101), (Granularity.MONTH, 7_306)],
    )
    def test_refuses_ranges_nobody_could_look_at(self, ada, granularity, days) -> None:
        with pytest.raises(InvalidFields) as refusal:
            series_of(ada, Period(NOW - timedelta(days=days), NOW), granularity)
        assert [fault.code for fault in refusal.value.fields] == ["range_too_long"]
        shorter = Period(NOW - timedelta(days=days - 1), NOW)
        assert series_of(ada, shorter, granularity).totals == Sums()

    def test_refuses_more_rows_than_a_chart_takes(self, ada, monkeypatch) -> None:
        monkeypatch.setattr("app.domain.usage.series.ROWS_MAX", 2)
        span = Period(NOW - timedelta(days=3), NOW + timedelta(days=1))
        for day in range(2):
            make_usage(occurred_at=NOW - timedelta(days=day))
        assert len(series_of(ada, span).buckets) == 2
        make_usage(occurred_at=NOW - timedelta(days=2))
        with pytest.raises(InvalidFields):
            series_of(ada, span)

    def test_refuses_unknown_zones(self, ada) -> None:
        with pytest.raises(TimezoneUnknown):
            series_of(ada, AUTUMN, timezone="Europe/Atlantis")

    def test_starts_a_day_where_clocks_jump_over_midnight(self, app) -> None:
        account = make_account("beirut", timezone="Asia/Beirut")
        moment = datetime(2026, 3, 28, 22, 0, tzinfo=UTC)
        make_usage("beirut", occurred_at=moment)
        make_usage("beirut", occurred_at=moment - timedelta(seconds=1))
        span = Period(moment - timedelta(days=3), moment + timedelta(days=3))
        for timezone in (None, "Asia/Beirut"):
            series = series_of(account, span, timezone=timezone)
            assert [bucket.starts_at.isoformat() for bucket in series.buckets] == [
                "2026-03-28T00:00:00+02:00",
                "2026-03-29T01:00:00+03:00",
            ]

    def test_survives_a_day_that_a_zone_has_skipped(self, app) -> None:
        account = make_account("apia", timezone="Pacific/Apia")
        skipped = datetime(2011, 12, 30, 10, 0, tzinfo=UTC)
        make_usage("apia", occurred_at=skipped)
        span = Period(skipped - timedelta(days=3), skipped + timedelta(days=3))
        for group_by in Grouping:
            (bucket,) = series_of(account, span, group_by=group_by).buckets
            assert bucket.starts_at.date() == date(2011, 12, 31)


class TestStatements:
    @pytest.mark.parametrize(
        ("granularity", "group_by", "zone", "most"),
        [
            ("hour", "model", None, 1),
            ("day", "model", None, 2),
            ("day", "provider", None, 1),
            ("month", "api_key", None, 2),
            ("day", "model", "America/New_York", 1),
        ],
    )
    def test_stay_the_same_however_much_there_is(
        self, ada, granularity, group_by, zone, most
    ) -> None:
        make_random_usage("ada", Period(NOW - timedelta(days=80), NOW - timedelta(days=2)))
        span = Period(NOW - timedelta(days=90), NOW)
        session.refresh(ada)
        with statements() as sent:
            series_of(ada, span, Granularity(granularity), Grouping(group_by), timezone=zone)
        assert len([statement for statement in sent if "SELECT" in statement]) <= most


class TestMonthToDate:
    def test_counts_by_occurrence(self, ada, noise) -> None:
        make_usage(occurred_at=datetime(2026, 10, 31, 23, 59, 59, tzinfo=UTC))
        make_usage(occurred_at=datetime(2026, 11, 1, tzinfo=UTC), prompt_tokens=1)
        make_usage("noise-payg")
        sums = queries.month_to_date(ada, month=BillingMonth(2026, 11))
        assert sums.requests == 1 and sums.prompt_tokens == 1
        assert queries.month_to_date(ada, month=BillingMonth(2026, 10)).prompt_tokens == 500

    def test_counts_late_usage_in_the_month_it_occurred(self, ada) -> None:
        session.execute(
            text("INSERT INTO month_closes (billing_month, closed_at) VALUES ('2026-10', :now)"),
            {"now": NOW},
        )
        session.commit()
        make_usage(occurred_at=datetime(2026, 10, 5, tzinfo=UTC))
        row = session.query(BillingRecord).one()
        assert row.billing_month == "2026-11"
        assert queries.month_to_date(ada, month=BillingMonth(2026, 10)).requests == 1
        assert queries.month_to_date(ada, month=BillingMonth(2026, 11)).requests == 0

    def test_is_nothing_for_strangers(self, ada, ben) -> None:
        make_usage("ada")
        assert queries.month_to_date(ben, month=BillingMonth.of(NOW)) == Sums()


class TestAllTime:
    def test_adds_up_every_month(self, ada, ben, noise) -> None:
        make_usage(occurred_at=datetime(2024, 1, 1, tzinfo=UTC))
        make_usage()
        make_usage("noise-pro")
        assert queries.all_time(ada).final_nanos == 2 * 22_200_000
        assert queries.all_time(ben) == Sums()


def pages_of(account, *, limit: int, **changes) -> list[list[str]]:
    """Walk through all pages; the request ids of each."""
    asked = {"span": None, "model": None, **changes}
    pages, cursor = [], None
    while True:
        page = queries.records_page(account, cursor=cursor, limit=limit, **asked)
        pages.append([view.request_id for view in page.records])
        cursor = page.next_cursor
        if cursor is None:
            return pages
        # Clients carry it as text.
        cursor = Cursor.parse(str(cursor))


class TestRecordsPage:
    @pytest.fixture
    def same_moment(self, ada, noise) -> list[str]:
        """Records of which many share a moment, oldest first."""
        reports = [
            make_report("ada", occurred_at=NOW - timedelta(seconds=5 - number // 5, microseconds=3))
            for number in range(17)
        ]
        record([*reports, make_report("noise-pro")])
        return [report.request_id for report in reports]

    @pytest.mark.parametrize("limit", [1, 2, 5, 16, 17, 18])
    def test_shows_each_record_once_newest_first(self, ada, same_moment, limit) -> None:
        pages = pages_of(ada, limit=limit)
        by_moment = (
            session.query(BillingRecord)
            .filter_by(user_id="ada")
            .order_by(BillingRecord.occurred_at.desc(), BillingRecord.id.desc())
        )
        assert [name for page in pages for name in page] == [row.request_id for row in by_moment]
        assert all(0 < len(page) <= limit for page in pages)

    def test_shows_strangers_nothing(self, ben, same_moment) -> None:
        assert pages_of(ben, limit=10) == [[]]
        assert pages_of(ben, limit=10, model="gpt-4") == [[]]

    def test_keeps_to_the_span(self, ada, same_moment) -> None:
        fours = NOW - timedelta(seconds=4, microseconds=3)
        span = Period(fours, fours + timedelta(seconds=1))
        assert sorted(name for page in pages_of(ada, limit=3, span=span) for name in page) == (
            sorted(same_moment[5:10])
        )

    def test_keeps_to_the_model(self, ada, same_moment) -> None:
        other = make_usage("ada", model="gpt-4o", occurred_at=NOW - timedelta(days=40))
        late = make_usage("ada", model="gpt-4o")
        wanted = [late.request_id, other.request_id]
        assert pages_of(ada, limit=5, model="gpt-4o") == [wanted]
        this_month = Period(NOW - timedelta(days=3), NOW + timedelta(days=3))
        assert pages_of(ada, limit=5, model="gpt-4o", span=this_month) == [[late.request_id]]
        assert pages_of(ada, limit=5, model="never-used") == [[]]

    def test_finds_models_that_rollups_keep_together(self, ada, monkeypatch) -> None:
        monkeypatch.setitem(APART_MAX, "model", 1)
        make_usage("ada", model="gpt-4")
        other = make_usage("ada", model="gpt-4o")
        assert pages_of(ada, limit=5, model="gpt-4o") == [[other.request_id]]

    def test_walks_the_index(self, ada, request) -> None:
        statement = queries._records_of(ada, span=None, model=None)
        page = queries._page
        with statements() as sent:
            page(statement, cursor=Cursor(NOW, 7), limit=10)
        assert len(sent) <= 2
        if session.get_bind().dialect.name == "sqlite":
            select = next(found for found in sent if "SELECT" in found)
            plan = session.connection().exec_driver_sql(
                f"EXPLAIN QUERY PLAN {select}", ("ada", "2026-11-22 12:00:00.000000", 7, 11, 0)
            )
            steps = " ".join(row[3] for row in plan)
            assert "ix_billing_records_user_id_occurred_at_id" in steps
            assert "TEMP B-TREE" not in steps


class TestEachRecord:
    def test_walks_through_all_pages_and_holds_nothing(self, ada, noise, monkeypatch) -> None:
        monkeypatch.setattr(queries, "EXPORT_PAGE", 4)
        reports = [make_report("ada") for _ in range(10)]
        record([*reports, make_report("noise-payg")])
        walked = []
        for view in queries.each_record(ada, span=None, model=None):
            walked.append(view.request_id)
            assert not session().in_transaction()
        assert walked == [report.request_id for report in reversed(reports)]

    def test_is_empty_for_strangers(self, ada, ben) -> None:
        make_usage("ada")
        assert list(queries.each_record(ben, span=None, model=None)) == []
