"""The three rollups: what is added up, and where it is written."""

from datetime import UTC, date, datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from app.domain.usage.models import UsageDaily, UsageHourly, UsageMonthly
from app.domain.usage.rollups import SUMS, Place, Rollups, sums_of
from app.foundation.database import session, transaction
from app.foundation.direct import on_postgresql
from tests.factories.accounts import make_account
from tests.statements import statements

# The last moment of November in UTC: already December in Kolkata.
MOMENT = datetime(2026, 11, 30, 23, 59, tzinfo=UTC)


def make_record(**changes: object) -> SimpleNamespace:
    numbers = {name: number for number, name in enumerate(SUMS, start=1)}
    # All of them differ, and both sums of the tokens are what they must be.
    numbers |= {"completion_tokens": 25, "total_tokens": 27}
    return SimpleNamespace(**{**numbers, "status": "completed", **changes})


def make_place(user_id: str = "ada", **changes: object) -> Place:
    given = {
        "zone": ZoneInfo("UTC"),
        "occurred_at": MOMENT,
        "billing_month": "2026-11",
        "model": "gpt-4",
        "api_key": "prod",
        "provider": "openai",
        **changes,
    }
    return Place(user_id, **given)


def write(*places: Place, sign: int = 1) -> None:
    rollups = Rollups()
    for place in places:
        rollups.add(place, sums_of(make_record(), sign=sign))
    with transaction():
        rollups.write()
    session.expire_all()


class TestSumsOf:
    def test_are_the_record_s_own_in_the_order_of_the_columns(self) -> None:
        sums = dict(zip(SUMS, sums_of(make_record(prompt_tokens=70)), strict=True))
        assert (sums["requests"], sums["prompt_tokens"], sums["cost_nanos"]) == (1, 70, 12)
        assert sums["unpriced_tokens"] == 0

    def test_count_unpriced_tokens(self) -> None:
        record = make_record(status="unpriced", total_tokens=9)
        assert dict(zip(SUMS, sums_of(record), strict=True))["unpriced_tokens"] == 9

    @pytest.mark.parametrize("status", ["completed", "unpriced"])
    def test_take_away_what_they_added(self, status: str) -> None:
        record = make_record(status=status)
        assert sums_of(record, sign=-1) == tuple(-each for each in sums_of(record))


@pytest.mark.usefixtures("app")
class TestRollups:
    def test_add_to_what_stands(self) -> None:
        make_account("ada")
        for _ in range(2):
            write(make_place(), make_place())
        for rollup in (UsageHourly, UsageDaily, UsageMonthly):
            [row] = session.query(rollup)
            assert (row.requests, row.prompt_tokens, row.final_nanos) == (4, 4 * 2, 4 * 13)

    def test_take_away_down_to_nothing(self) -> None:
        make_account("ada")
        write(make_place())
        write(make_place(), sign=-1)
        [row] = session.query(UsageHourly)
        assert {getattr(row, name) for name in SUMS} == {0}

    def test_place_by_local_hour_local_day_and_month_in_utc(self) -> None:
        make_account("ada")
        write(make_place(zone=ZoneInfo("Asia/Kolkata"), billing_month="2026-12"))
        assert session.query(UsageHourly).one().hour == datetime(2026, 11, 30, 23, 30, tzinfo=UTC)
        assert session.query(UsageDaily).one().day == date(2026, 12, 1)
        monthly = session.query(UsageMonthly).one()
        assert (monthly.billing_month, monthly.occurred_month) == ("2026-12", "2026-11")

    def test_keep_apart_what_each_tells_apart(self) -> None:
        for name in ("ada", "ben"):
            make_account(name)
        write(
            make_place(),
            make_place("ben"),
            make_place(model="gpt-4o"),
            make_place(api_key="staging"),
            make_place(provider="azure"),
            make_place(billing_month="2026-12"),
        )
        counted = [session.query(rollup).count() for rollup in (UsageHourly, UsageDaily)]
        assert [*counted, session.query(UsageMonthly).count()] == [5, 4, 4]

    def test_take_one_statement_or_one_a_table_however_much_was_counted(self) -> None:
        make_account("ada")
        with statements() as sent:
            write(*(make_place(model=f"m-{number}") for number in range(100)))
        assert len(sent) == (1 if on_postgresql() else 3)

    def test_write_nothing_where_nothing_was_counted(self) -> None:
        with statements() as sent:
            write()
        assert sent == []
