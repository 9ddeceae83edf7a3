"""A change of zone cuts hours and days anew, whatever was counted before, beside or between."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from app.domain.accounts import queries
from app.domain.accounts.models import Account
from app.domain.accounts.operations import change_settings
from app.domain.usage.models import BillingRecord, UsageDaily, UsageHourly, UsageLabel
from app.foundation import clock
from app.foundation.database import session, transaction
from app.workflows.rebuild_rollups import rebuild_rollups
from app.workflows.void_usage import void_usage
from tests.books import check_books
from tests.factories.usage import make_report, make_usage, record
from tests.moments import NOW
from tests.statements import statements
from tests.threads import in_parallel

ZONES = ["Asia/Kathmandu", "America/St_Johns", "Pacific/Apia", "Australia/Lord_Howe"]


def move(account: Account, zone: str) -> None:
    with transaction():
        change_settings(account, {"timezone": zone}, actor="customer:ada", now=NOW)


def rebuild(user_id: str = "ada") -> None:
    with transaction():
        rebuild_rollups(user_id, now=NOW)
    session.expire_all()


def make_history() -> None:
    """Record usage over months, on both sides of hours, quarters, midnights and clock changes."""
    begin = datetime(2026, 3, 27, 23, 44, 59, 999_999, tzinfo=UTC)
    record(
        [
            make_report(
                occurred_at=begin + timedelta(minutes=97 * number),
                model=f"model-{number % 3}",
                api_key_alias=("prod", "dev", None)[number % 3],
                provider=("openai", None)[number % 2],
            )
            for number in range(200)
        ]
    )
    make_usage(model="nobody-knows", occurred_at=NOW - timedelta(days=3))
    make_usage(occurred_at=NOW - timedelta(days=2), request_id="to-be-voided")


def records_count() -> int:
    session.rollback()
    return session.query(BillingRecord).count()


def requests_count(rollup: type[UsageHourly | UsageDaily]) -> int:
    session.rollback()
    return sum(row.requests for row in session.query(rollup))


class TestRebuildRollups:
    @pytest.mark.parametrize("zone", ZONES)
    def test_cuts_hours_and_days_in_the_new_zone(self, ada, ben, zone) -> None:
        make_history()
        make_usage("ben")
        with transaction():
            void_usage("to-be-voided", reason="", actor="gateway:x", now=NOW)
        move(ada, zone)
        rebuild()
        check_books()

    def test_cuts_a_day_where_the_customer_does(self, ada) -> None:
        make_usage(occurred_at=datetime(2026, 11, 20, 18, 15, tzinfo=UTC))
        move(ada, "Asia/Kathmandu")
        rebuild()
        (day,) = session.query(UsageDaily)
        (hour,) = session.query(UsageHourly)
        # 18:15 in UTC is midnight there.
        assert day.day.isoformat() == "2026-11-21"
        assert hour.hour == datetime(2026, 11, 20, 18, 15, tzinfo=UTC)

    def test_may_be_done_twice(self, ada) -> None:
        make_history()
        move(ada, "Asia/Kathmandu")
        rebuild()
        rebuild()
        check_books()

    def test_takes_along_what_came_before_it_was_done(self, ada) -> None:
        make_history()
        move(ada, "America/St_Johns")
        make_usage(occurred_at=NOW - timedelta(hours=1))
        with transaction():
            void_usage("to-be-voided", reason="", actor="gateway:x", now=NOW)
        rebuild()
        check_books()

    def test_leaves_labels_as_they_were_kept(self, ada) -> None:
        make_usage(model="known")
        make_usage(model="beyond")
        with transaction():
            session.query(UsageLabel).filter_by(label="beyond").delete()
        rebuild()
        assert {day.model for day in session.query(UsageDaily)} == {"known", "other"}

    def test_of_an_account_without_usage_is_nothing(self, ada) -> None:
        rebuild()
        assert session.query(UsageDaily).count() == 0

    def test_reads_weeks_not_records(self, ada) -> None:
        record([make_report(occurred_at=NOW - timedelta(seconds=n)) for n in range(100)])
        session.commit()
        with statements() as sent:
            rebuild()
        few = len(sent)
        record([make_report(occurred_at=NOW - timedelta(seconds=n)) for n in range(100, 900)])
        session.commit()
        with statements() as sent:
            rebuild()
        assert len(sent) == few <= 12, sent


def test_stands_beside_ingest(app: Flask, ada: Account) -> None:
    make_history()
    move(ada, "Asia/Kathmandu")

    def post() -> None:
        for number in range(5):
            moment = NOW - timedelta(days=number, minutes=7)
            record([make_report(occurred_at=moment) for _ in range(3)], now=clock.now())

    def work() -> None:
        for zone in ZONES:
            move(queries.account("ada"), zone)
            rebuild()

    before = records_count()
    in_parallel(app, [post, work, post, rebuild])
    rebuild()
    assert records_count() == before + 30
    assert requests_count(UsageHourly) == requests_count(UsageDaily) == records_count()
    check_books()
