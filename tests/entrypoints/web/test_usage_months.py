"""Months of the usage page are those of the customer's zone, to the second."""

import re
from datetime import date, datetime, time, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient

from app.domain.accounts.models import Account
from app.foundation import clock
from app.foundation.database import transaction
from tests.entrypoints.web.conftest import words_of
from tests.entrypoints.web.test_usage import drawing_of
from tests.factories.usage import make_report, record

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
# Just before a month's first moment, at it, and just after it.
TOKENS = {-1: 1, 0: 20, 1: 300}


def first_of_last_month(zone: ZoneInfo) -> date:
    """Return the first day of the month that is over in the zone."""
    this = clock.now().astimezone(zone).date().replace(day=1)
    return (this - DAY).replace(day=1)


def requests_on(page: str) -> set[str]:
    return set(re.findall(r"at-[-\d]+", page))


@pytest.fixture(params=["UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns"])
def zone(request: pytest.FixtureRequest, ada: Account) -> ZoneInfo:
    """Ada's zone, in which hours begin with those of UTC or between them."""
    with transaction():
        ada.timezone = request.param
    return ZoneInfo(request.param)


@pytest.fixture
def begins_on(zone: ZoneInfo) -> date:
    """The first day of a month at whose edge Ada used something."""
    day = first_of_last_month(zone)
    edge = datetime.combine(day, time.min, zone)
    record(
        [
            make_report(
                request_id=f"at-{seconds}",
                occurred_at=edge + seconds * SECOND,
                prompt_tokens=tokens,
                completion_tokens=0,
            )
            for seconds, tokens in TOKENS.items()
        ],
        now=clock.now(),
    )
    return day


# Models and keys are added up from days, providers from hours.
@pytest.mark.parametrize("group_by", ["model", "api_key", "provider"])
def test_a_month_begins_at_midnight_of_the_zone(
    adas: FlaskClient, zone: ZoneInfo, begins_on: date, group_by: str
) -> None:
    before = (begins_on - DAY).replace(day=1)
    chosen = f"from={before}&to={begins_on}&granularity=month&metric=tokens&group_by={group_by}"
    page = adas.get(f"/usage?range=custom&{chosen}").text
    (layer,) = drawing_of(page)["layers"]
    assert layer["values"] == [1, 20 + 300]
    assert re.search(rf"by month, {zone.key.split('/')[-1].replace('St_', 'St ')}", words_of(page))
    assert "approximate" not in words_of(page)
    lines = adas.get(f"/usage/export.csv?range=custom&{chosen}").text.splitlines()
    assert [line.split(",")[0][:7] for line in lines[1:]] == [
        f"{before:%Y-%m}",
        f"{begins_on:%Y-%m}",
    ]


def test_what_is_behind_a_bar_is_of_that_month(
    adas: FlaskClient, zone: ZoneInfo, begins_on: date
) -> None:
    before = (begins_on - DAY).replace(day=1)
    end = begins_on + 40 * DAY
    page = adas.get(f"/usage?range=custom&from={before}&to={end}&granularity=month").text
    bars = re.findall(r'<th scope="row" title="[^"]*">\s*<a href="([^"#]+)', page)
    earlier, later, *_ = (requests_on(adas.get(unescape(bar)).text) for bar in bars)
    assert (earlier, later) == ({"at--1"}, {"at-0", "at-1"})
