"""From a series to bars and lines that add up; no database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.domain.usage.views import Granularity, Grouping, Sums, UsageBucket, UsageSeries
from app.entrypoints.web.charts import LAYERS_MAX, REST, ROWS_MAX, Chart, colours_of, draw
from app.entrypoints.web.usage_choices import Metric

BERLIN = ZoneInfo("Europe/Berlin")


def make_series(
    *used: tuple[datetime, str, int],
    starts_at: datetime,
    ends_at: datetime,
    granularity: Granularity = Granularity.DAY,
    timezone: str = "Europe/Berlin",
    group_by: Grouping = Grouping.MODEL,
) -> UsageSeries:
    """Make a series in which each amount is cost and tokens alike."""
    zone = ZoneInfo(timezone)
    buckets = tuple(
        UsageBucket(moment.astimezone(zone), group, Sums(requests=1, total_tokens=n, final_nanos=n))
        for moment, group, n in used
    )
    total = sum(n for _, _, n in used)
    return UsageSeries(
        buckets=buckets,
        totals=Sums(requests=len(used), total_tokens=total, final_nanos=total),
        timezone=timezone,
        approximate=False,
        granularity=granularity,
        group_by=group_by,
        starts_at=starts_at,
        ends_at=ends_at,
    )


def of_a_week(*used: tuple[int, str, int], **changes: object) -> Chart:
    """Draw the week from the 19th of October, in which summer time ends: day, group, amount."""
    start = datetime(2026, 10, 19, tzinfo=BERLIN)
    series = make_series(
        *((datetime(2026, 10, day, tzinfo=BERLIN), group, n) for day, group, n in used),
        starts_at=start,
        ends_at=datetime(2026, 10, 26, tzinfo=BERLIN),
        **changes,
    )
    return draw(series, metric=Metric.COST)


class TestBars:
    def test_fill_days_without_usage(self) -> None:
        chart = of_a_week((20, "a", 5), (25, "a", 7))
        assert [bar.label for bar in chart.bars] == [f"{day} Oct" for day in range(19, 26)]
        assert chart.heights == (0, 5, 0, 0, 0, 0, 7)
        assert chart.bars[-1].title == "Sunday, 25 October 2026"

    @pytest.mark.parametrize(
        ("day", "hours", "twice"), [("2026-10-25", 25, "02:00"), ("2026-03-29", 23, None)]
    )
    def test_days_have_the_hours_that_passed(self, day, hours, twice) -> None:
        start = datetime.fromisoformat(day).replace(tzinfo=BERLIN)
        end = start + timedelta(days=1)
        chart = draw(
            make_series(
                (start, "a", 1), starts_at=start, ends_at=end, granularity=Granularity.HOUR
            ),
            metric=Metric.COST,
        )
        labels = [bar.label for bar in chart.bars]
        assert len(labels) == hours
        assert [label for label in set(labels) if labels.count(label) > 1] == (
            [twice] if twice else []
        )
        assert len({bar.title for bar in chart.bars}) == hours

    def test_hours_of_one_name_are_kept_apart(self) -> None:
        start = datetime(2026, 10, 25, tzinfo=BERLIN)
        chart = draw(
            make_series(
                (datetime(2026, 10, 25, 0, tzinfo=UTC), "a", 3),
                (datetime(2026, 10, 25, 1, tzinfo=UTC), "a", 4),
                starts_at=start,
                ends_at=start + timedelta(days=1),
                granularity=Granularity.HOUR,
            ),
            metric=Metric.COST,
        )
        assert chart.heights[2:4] == (3, 4)
        assert chart.bars[2].title.endswith("02:00 (UTC+02:00)")
        assert chart.bars[3].title.endswith("02:00 (UTC+01:00)")

    @pytest.mark.parametrize("timezone", ["Asia/Kolkata", "Australia/Lord_Howe", "Asia/Kathmandu"])
    def test_zones_with_odd_minutes_lose_nothing(self, timezone) -> None:
        zone = ZoneInfo(timezone)
        # Lord Howe moves its clocks by half an hour on this day.
        start = datetime(2026, 4, 5, tzinfo=zone)
        used = [
            (start.astimezone(UTC) + timedelta(minutes=30 * number), "a", 1) for number in range(48)
        ]
        chart = draw(
            make_series(
                *used, starts_at=start, ends_at=start + timedelta(days=1),
                granularity=Granularity.HOUR, timezone=timezone,
            ),
            metric=Metric.COST,
        )  # fmt: skip
        assert chart.total == sum(chart.heights) == 48

    def test_months(self) -> None:
        chart = draw(
            make_series(
                (datetime(2026, 2, 1, tzinfo=BERLIN), "a", 9),
                starts_at=datetime(2025, 12, 15, tzinfo=BERLIN),
                ends_at=datetime(2026, 3, 2, tzinfo=BERLIN),
                granularity=Granularity.MONTH,
            ),
            metric=Metric.TOKENS,
        )
        assert [bar.label for bar in chart.bars] == ["Dec 2025", "Jan 2026", "Feb 2026", "Mar 2026"]
        assert chart.heights == (0, 0, 9, 0)


MANY = tuple((20, f"model-{n:02}", 100 - n) for n in range(12))


class TestLayers:
    def test_keep_the_biggest_apart_and_sum_up_the_rest(self) -> None:
        chart = of_a_week(*MANY)
        assert len(chart.layers) == LAYERS_MAX + 1
        assert chart.layers[0].name == "model-00"
        assert (chart.layers[-1].name, chart.layers[-1].colour) == ("Other", REST)
        assert chart.layers[-1].total == sum(n for _, _, n in MANY[LAYERS_MAX:])

    def test_have_no_other_where_nothing_is_left(self) -> None:
        assert [layer.name for layer in of_a_week((20, "a", 1), (21, "b", 2)).layers] == ["b", "a"]

    @pytest.mark.parametrize(
        ("group_by", "name"),
        [
            (Grouping.MODEL, "No model named"),
            (Grouping.API_KEY, "No key named"),
            (Grouping.PROVIDER, "No provider named"),
        ],
    )
    def test_name_what_has_no_name(self, group_by, name) -> None:
        chart = of_a_week((20, "", 1), group_by=group_by)
        assert chart.layers[0].name == chart.rows[0].name == name

    def test_add_up_to_the_total(self) -> None:
        chart = of_a_week(*MANY, (25, "model-03", 1_000))
        assert chart.total == sum(chart.heights) == chart.totals.final_nanos
        assert chart.layers[0].name == "model-03"


class TestColours:
    NAMES = tuple(f"model-{number:02}" for number in range(20))

    def test_are_no_matter_of_rank(self) -> None:
        shown = {}
        for at in range(5):
            shown |= colours_of([*self.NAMES[at : at + 4]][:: (-1) ** at], self.NAMES[:8])
            some = colours_of(self.NAMES[at : at + 2], self.NAMES[:8])
            assert some.items() <= shown.items()
        assert colours_of(self.NAMES[:8], self.NAMES[:8]).items() >= shown.items()

    def test_differ_within_a_chart(self) -> None:
        for at in range(len(self.NAMES) - LAYERS_MAX):
            shown = self.NAMES[at : at + LAYERS_MAX]
            assert set(colours_of(shown, self.NAMES).values()) == set("12345678")

    def test_of_those_who_are_there_stay_where_one_comes_later(self) -> None:
        before = colours_of(self.NAMES[:7], self.NAMES[:7])
        assert colours_of(self.NAMES[:8], self.NAMES[:8]).items() >= before.items()

    def test_are_found_for_what_is_not_known_yet(self) -> None:
        assert len(set(colours_of(["", "new", "a"], ["a"]).values())) == 3


class TestCovered:
    START = datetime(2026, 10, 19, tzinfo=BERLIN)

    def covered(self, *used: Sums, metric: Metric = Metric.COST) -> list[int]:
        """Draw a week whose first days had this usage, each of them at noon."""
        empty = make_series(starts_at=self.START, ends_at=self.START + timedelta(days=7))
        noon = self.START + timedelta(hours=12)
        buckets = tuple(
            UsageBucket(noon + timedelta(days=day), "a", sums) for day, sums in enumerate(used)
        )
        drawing = draw(replace(empty, buckets=buckets), metric=metric).drawing
        assert drawing["covered"]["name"] == "Covered by quota and extra tokens"
        return drawing["covered"]["bars"]

    @pytest.mark.parametrize(
        ("sums", "is_covered"),
        [
            (Sums(requests=1, total_tokens=9, quota_tokens=9), True),
            (Sums(requests=1, total_tokens=9, extra_tokens=9), True),
            (Sums(requests=1, total_tokens=9, quota_tokens=8, final_nanos=1), False),
            (Sums(requests=1, total_tokens=9, quota_tokens=8, unpriced_tokens=9), False),
            (Sums(requests=1), False),
        ],
    )
    def test_are_bars_that_cost_nothing_for_the_plan_paid(self, sums, is_covered) -> None:
        assert self.covered(Sums(requests=1, final_nanos=5), sums) == ([1] if is_covered else [])
        assert self.covered(sums, metric=Metric.TOKENS) == []

    def test_are_none_where_another_model_cost_something(self) -> None:
        quota = UsageBucket(self.START, "a", Sums(requests=1, quota_tokens=5))
        dear = UsageBucket(self.START, "b", Sums(requests=1, final_nanos=5))
        empty = make_series(starts_at=self.START, ends_at=self.START + timedelta(days=7))
        chart = draw(replace(empty, buckets=(quota, dear)), metric=Metric.COST)
        assert chart.covered == frozenset()


class TestDrawing:
    def test_names_what_a_click_on_a_colour_narrows(self) -> None:
        drawing = of_a_week((20, "", 3), (20, "prod", 2), (20, "other", 1)).drawing
        assert drawing["narrows"] == "model"
        assert [layer["group"] for layer in drawing["layers"]] == ["", "prod", None]

    def test_leads_to_nothing_that_is_summed_up(self) -> None:
        chart = of_a_week(*MANY)
        assert [layer.group for layer in chart.layers] == [
            *(f"model-{number:02}" for number in range(LAYERS_MAX)),
            None,
        ]
        assert of_a_week((20, "other", 1)).rows[0].leads_on is False


class TestRows:
    def test_show_shares_of_what_is_measured(self) -> None:
        chart = of_a_week((20, "a", 3), (21, "b", 1))
        assert [(row.name, row.permille) for row in chart.rows] == [("a", 750), ("b", 250)]

    def test_sum_up_what_is_too_much_to_read(self) -> None:
        chart = of_a_week(*((20, f"m{n:03}", 1) for n in range(ROWS_MAX + 20)))
        assert len(chart.rows) == ROWS_MAX + 1
        assert (chart.rows[-1].name, chart.rows[-1].group) == ("20 more", None)
        assert sum(row.sums.final_nanos for row in chart.rows) == chart.totals.final_nanos


def test_nothing_used_is_no_chart() -> None:
    chart = of_a_week()
    assert chart.layers == chart.rows == () and chart.total == 0
    assert len(chart.bars) == 7


def test_the_drawing_carries_whole_numbers() -> None:
    drawing = of_a_week((20, "a", 12_345_678_901_234)).drawing
    assert drawing["metric"] == "cost"
    assert drawing["layers"][0]["values"][1] == 12_345_678_901_234
    assert len(drawing["labels"]) == len(drawing["titles"]) == 7
