"""Hours and days must be those of the records by their whole key, in the account's own zone."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from app.domain.accounts.models import Account
from app.domain.accounts.operations import change_settings
from app.domain.usage import recording
from app.foundation.database import session, transaction
from app.workflows.rebuild_rollups import rebuild_rollups
from app.workflows.verify_books import verify_books, verify_books_in_full
from tests.factories.usage import make_report, make_usage, record
from tests.moments import NOW


def lines_in_full(tampering: str) -> list[str]:
    session.rollback()
    session.execute(sa.text(tampering))
    lines = verify_books_in_full()
    session.rollback()
    return lines


@pytest.fixture
def keyed(ada: Account, strangers: None) -> None:
    for alias in ("prod", "dev", None):
        make_usage("ada", api_key_alias=alias, occurred_at=NOW)


@pytest.mark.parametrize(
    ("tampering", "told"),
    [
        (
            "UPDATE usage_hourly SET provider = 'azure' WHERE api_key = 'prod'",
            "records less usage_hourly of ada, hour '2026-11-22T12:00:00+00:00', model 'gpt-4',"
            " api_key 'prod', provider 'azure' leave {'requests': -1,",
        ),
        (
            "UPDATE usage_hourly SET api_key = 'stage' WHERE api_key = 'prod'",
            "records less usage_hourly of ada, hour '2026-11-22T12:00:00+00:00', model 'gpt-4',"
            " api_key 'prod', provider 'openai' leave {'requests': 1,",
        ),
        (
            "UPDATE usage_hourly SET hour = '2026-11-22 13:00:00.000000' WHERE api_key = 'dev'",
            "records less usage_hourly of ada, hour '2026-11-22T13:00:00+00:00'",
        ),
        (
            "UPDATE usage_daily SET day = '2026-11-21' WHERE api_key = ''",
            "records less usage_daily of ada, day '2026-11-21', model 'gpt-4', api_key ''",
        ),
        (
            "UPDATE usage_daily SET api_key = 'stage' WHERE api_key = 'prod'",
            "records less usage_daily of ada, day '2026-11-22', model 'gpt-4', api_key 'stage'",
        ),
        (
            "UPDATE billing_records SET occurred_at = '2026-11-22 10:59:59.999999'"
            " WHERE api_key_alias = 'dev'",
            "records less usage_hourly of ada, hour '2026-11-22T10:00:00+00:00'",
        ),
    ],
)
def test_tells_what_stands_under_another_key(keyed: None, tampering: str, told: str) -> None:
    lines = lines_in_full(tampering)
    assert any(line.startswith(told) for line in lines), lines
    assert not any(" of noise" in line for line in lines)


@pytest.mark.parametrize(
    "zone",
    ["Asia/Kathmandu", "America/St_Johns", "Pacific/Apia", "Australia/Lord_Howe", "Europe/Berlin"],
)
def test_cuts_where_the_clocks_of_the_account_do(ada: Account, strangers: None, zone: str) -> None:
    with transaction():
        change_settings(ada, {"timezone": zone}, actor="customer:ada", now=NOW)
    session.execute(sa.text("DELETE FROM outbox_entries"))
    session.commit()
    begin = datetime(2026, 3, 27, 23, 44, 59, 999_999, tzinfo=UTC)
    moments = [begin + timedelta(minutes=97 * number) for number in range(120)]
    moments += [
        datetime(2026, 10, day, hour, 14, tzinfo=UTC) for day in (3, 25) for hour in (1, 15)
    ]
    record([make_report(occurred_at=moment) for moment in moments])
    assert verify_books_in_full() == []
    lines = lines_in_full("UPDATE accounts SET timezone = 'Asia/Tokyo' WHERE id = 'ada'")
    assert any(line.startswith("records less usage_daily of ada, day") for line in lines)


def test_leaves_out_whose_charts_are_still_cut_in_another_zone(
    ada: Account, strangers: None
) -> None:
    make_usage("ada", occurred_at=NOW - timedelta(hours=11, minutes=50))
    with transaction():
        change_settings(ada, {"timezone": "Asia/Kathmandu"}, actor="customer:ada", now=NOW)
    assert verify_books_in_full() == []
    # The work is forgotten: then it must have been done.
    lines = lines_in_full("DELETE FROM outbox_entries")
    assert any(line.startswith("records less usage_hourly of ada, hour") for line in lines)
    with transaction():
        rebuild_rollups("ada", now=NOW)
    assert lines_in_full("DELETE FROM outbox_entries") == []


def test_knows_what_is_not_kept_apart(
    ada: Account, strangers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(recording.APART_MAX, "api_key", 1)
    monkeypatch.setitem(recording.APART_MAX, "model", 1)
    for number in range(3):
        make_usage("ada", api_key_alias=f"key-{number}", model=f"model-{number}", provider=None)
    assert verify_books() == []
    assert verify_books_in_full() == []
