"""The chart's numbers as a file."""

import csv
import io
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from app.domain.usage.views import Granularity, Grouping, Sums, UsageBucket, UsageSeries
from app.entrypoints.web.csv_files import csv_answer, usage_lines

ZONE = ZoneInfo("America/New_York")


def lines_of(*groups: str, sums: Sums = Sums()) -> list[list[str]]:  # noqa: B008  # frozen
    start = datetime(2026, 11, 1, tzinfo=ZONE)
    series = UsageSeries(
        buckets=tuple(UsageBucket(start, group, sums) for group in groups),
        totals=sums,
        timezone="America/New_York",
        approximate=False,
        granularity=Granularity.DAY,
        group_by=Grouping.API_KEY,
        starts_at=start,
        ends_at=start,
    )
    text = csv_answer("usage.csv", usage_lines(series)).get_data(as_text=True)
    return list(csv.reader(io.StringIO(text)))


def test_begins_with_the_names_of_its_columns() -> None:
    heading, *lines = lines_of()
    assert heading[:3] == ["start", "timezone", "api_key"]
    assert heading[-2:] == ["cost", "final_cost"]
    assert lines == []


def test_amounts_are_exact_and_moments_carry_their_offset() -> None:
    heading, line = lines_of("prod", sums=Sums(requests=2, cost_nanos=1, final_nanos=10**20))
    assert line[:3] == ["2026-11-01T00:00:00-04:00", "America/New_York", "prod"]
    assert line[heading.index("requests")] == "2"
    assert line[-2:] == ["0.000000001", "100000000000"]


@pytest.mark.parametrize("name", ['=HYPERLINK("x")', "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_name_never_becomes_a_formula(name) -> None:
    assert lines_of(name)[1][2] == f"'{name}"


def test_names_with_commas_and_quotes_stay_one_cell() -> None:
    assert lines_of('a,"b"\nc')[1][2] == 'a,"b"\nc'


def test_is_a_file_to_keep() -> None:
    answer = csv_answer("usage.csv", [("a", 1)])
    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="usage.csv"'
    assert answer.is_streamed
