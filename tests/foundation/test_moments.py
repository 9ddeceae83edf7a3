"""Both databases read the same off a moment, on either side of what cuts it."""

from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa
from flask import Flask

from app.foundation import moments
from app.foundation.database import UTCDateTime, session


def read(expression: sa.ColumnElement) -> object:
    return session.scalar(sa.select(expression))


def of(moment: datetime) -> sa.ColumnElement:
    return sa.cast(sa.literal(moment, UTCDateTime()), sa.Text) if on_sqlite() else literal(moment)


def literal(moment: datetime) -> sa.ColumnElement:
    return sa.cast(sa.literal(moment), sa.DateTime(timezone=True))


def on_sqlite() -> bool:
    return session.get_bind().dialect.name == "sqlite"


@pytest.mark.parametrize(
    ("moment", "month"),
    [
        (datetime(2026, 10, 31, 23, 59, 59, 999_999, UTC), "2026-10"),
        (datetime(2026, 11, 1, tzinfo=UTC), "2026-11"),
        (datetime(2026, 12, 31, 23, 59, 59, 999_999, UTC), "2026-12"),
    ],
)
def test_month_of(app: Flask, moment: datetime, month: str) -> None:
    assert read(moments.month_of(of(moment))) == month


@pytest.mark.parametrize(
    ("moment", "after"),
    [
        (datetime(2026, 11, 14, 11, 59, 59, 999_999, UTC), -1),
        (datetime(2026, 11, 14, 12, tzinfo=UTC), 0),
        (datetime(2026, 11, 14, 12, 14, 59, 999_999, UTC), 0),
        (datetime(2026, 11, 14, 12, 15, tzinfo=UTC), 1),
    ],
)
def test_quarter_of(app: Flask, moment: datetime, after: int) -> None:
    noon = int(datetime(2026, 11, 14, 12, tzinfo=UTC).timestamp()) // 900
    assert read(moments.quarter_of(of(moment))) == noon + after


def test_month_of_quarter(app: Flask) -> None:
    november = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp()) // 900
    assert read(moments.month_of_quarter(sa.literal(november - 1))) == "2026-10"
    assert read(moments.month_of_quarter(sa.literal(november))) == "2026-11"


def test_day_number(app: Flask) -> None:
    for day in (date(2000, 1, 1), date(2026, 11, 22), date(2028, 2, 29)):
        given = sa.literal(day.isoformat()) if on_sqlite() else sa.cast(sa.literal(day), sa.Date)
        assert read(moments.day_number(given)) == (day - date(1970, 1, 1)).days
