"""How amounts grow and go on; no database."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.domain.reporting.courses import course
from app.domain.reporting.rules import Pace
from app.foundation.periods import Period

LONDON = ZoneInfo("UTC")
SPAN = Period(datetime(2026, 11, 20, 12, tzinfo=UTC), datetime(2026, 11, 24, 12, tzinfo=UTC))
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY_SECONDS = 86_400
A_HUNDRED_A_DAY = Pace((100, 100, 100), 3 * DAY_SECONDS)
UNKNOWN = Pace((), 0)


def of_november(**amounts: int) -> dict[date, int]:
    return {date(2026, 11, int(name[1:])): amount for name, amount in amounts.items()}


def test_days_are_those_that_the_span_touches() -> None:
    found = course(0, {}, UNKNOWN, span=SPAN, local=LONDON, now=NOON)
    assert [day.day for day in found.days] == [20, 21, 22, 23, 24]


def test_a_span_that_ends_at_midnight_touches_no_day_more() -> None:
    month = Period(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
    found = course(0, {}, UNKNOWN, span=month, local=LONDON, now=NOON)
    assert (found.days[0].day, found.days[-1].day, len(found.days)) == (1, 30, 30)


def test_grows_to_what_it_is_now() -> None:
    daily = of_november(d20=900, d21=20, d22=5)
    found = course(75, daily, UNKNOWN, span=SPAN, local=LONDON, now=NOON)
    # Of the first day only what the span has counts: 50.
    assert found.grown == (50, 70, 75) and found.now == 75


def test_never_falls_below_nothing() -> None:
    # Usage of an earlier day that was voided, or billed to another month.
    daily = of_november(d21=20, d22=5)
    assert course(3, daily, UNKNOWN, span=SPAN, local=LONDON, now=NOON).grown == (0, 0, 3)


def test_goes_on_at_the_pace_until_the_span_ends() -> None:
    found = course(75, {}, A_HUNDRED_A_DAY, span=SPAN, local=LONDON, now=NOON)
    # Half of today, all of tomorrow, half of the last day.
    assert found.ahead == (125, 225, 275) and found.end == 275
    assert len(found.grown) + len(found.ahead) == len(found.days) + 1


def test_goes_nowhere_while_no_pace_is_known() -> None:
    found = course(75, {}, UNKNOWN, span=SPAN, local=LONDON, now=NOON)
    assert found.ahead == () and found.end == found.now == 75


@pytest.mark.parametrize("moment", [SPAN.starts_at, SPAN.starts_at - timedelta(days=1)])
def test_begins_on_its_first_day(moment) -> None:
    found = course(7, {}, UNKNOWN, span=SPAN, local=LONDON, now=moment)
    assert found.grown == (7,)


def test_days_are_local() -> None:
    # There it is the 23rd already.
    found = course(75, {}, UNKNOWN, span=SPAN, local=ZoneInfo("Pacific/Kiritimati"), now=NOON)
    assert [day.day for day in found.days] == [21, 22, 23, 24, 25] and len(found.grown) == 3
