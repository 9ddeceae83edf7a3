"""What the alerts page draws, and how far its sliders go; no database."""

from datetime import UTC, date, datetime

import pytest

from app.domain.alerts.rules import Figures
from app.domain.reporting.courses import Course
from app.domain.reporting.watching import Watch
from app.entrypoints.web.alerts_drawings import draw_spend, draw_tokens
from app.foundation.periods import BillingMonth

CENT = 10_000_000
DAYS = tuple(date(2026, 11, day) for day in (20, 21, 22, 23))


def watching(
    *, quota: int = 100_000, used: int = 60_000, extra: int = 20_000, spend: int = 5 * CENT
) -> Watch:
    return Watch(
        figures=Figures(quota, used, extra, spent_nanos=spend, runs_out_at=None),
        gauges=(),
        month=BillingMonth.parse("2026-11"),
        period_ends_at=datetime(2026, 11, 24, tzinfo=UTC),
        tokens=Course(DAYS, (0, 30_000, 60_000), (70_000, 90_000)) if quota or extra else None,
        spend=Course(DAYS, (0, 0, spend), ()),
    )


class TestTokens:
    def test_each_day_has_what_was_and_what_comes(self) -> None:
        found = draw_tokens(watching())
        assert [(row.label, row.grown, row.ahead) for row in found.rows] == [
            ("20 Nov", 0, None),
            ("21 Nov", 30_000, None),
            ("22 Nov", 60_000, 70_000),
            ("23 Nov", None, 90_000),
        ]
        assert found.rows[0].title == "Friday, 20 November 2026"

    def test_lines_lie_where_thresholds_are_crossed(self) -> None:
        left, percents = draw_tokens(watching()).thresholds
        # Of 120,000 tokens in all, 20,000 are left once 100,000 are drawn.
        assert left.base + 20_000 * left.times // left.over == 100_000
        assert percents.base + 80 * percents.times // percents.over == 80_000
        assert left.off == 0 and percents.off is None

    def test_sliders_reach_from_nothing_to_all(self) -> None:
        found = draw_tokens(watching())
        assert (found.slider.most, found.slider.step, found.top) == (120_000, 1_000, 120_000)

    def test_extra_tokens_alone_know_no_percents(self) -> None:
        found = draw_tokens(watching(quota=0, used=0))
        assert [threshold.field for threshold in found.thresholds] == ["alert_threshold"]

    def test_nobody_draws_what_is_not_there(self) -> None:
        assert draw_tokens(watching(quota=0, used=0, extra=0)) is None


class TestSpend:
    @pytest.mark.parametrize(
        ("spend_minor", "alert_minor", "most", "step"),
        [
            (0, None, 100, 1),
            (66, None, 100, 1),
            (67, None, 100, 1),
            (68, None, 200, 2),
            (5, 1_500, 5_000, 50),
            (133_333, 0, 200_000, 2_000),
            (133_334, 0, 500_000, 5_000),
        ],
    )
    def test_sliders_leave_room_to_move(self, spend_minor, alert_minor, most, step) -> None:
        found = draw_spend(watching(spend=spend_minor * CENT), alert_minor=alert_minor)
        assert (found.slider.most, found.slider.step) == (most, step)
        assert found.top == most * CENT

    def test_a_dollar_typed_is_a_dollar_high(self) -> None:
        (threshold,) = draw_spend(watching(), alert_minor=None).thresholds
        assert threshold.times // threshold.over == 100 * CENT

    def test_days_without_a_pace_have_nothing_ahead(self) -> None:
        assert {row.ahead for row in draw_spend(watching(), alert_minor=None).rows} == {None}


def test_what_comes_is_drawn_on_from_what_is() -> None:
    # Today ends at 70,000; the line that leads there begins at the 60,000 of now.
    so_far, ahead = draw_tokens(watching()).drawing["lines"]
    assert so_far["values"] == [0, 30_000, 60_000, None]
    assert ahead["values"] == [None, None, 60_000, 90_000]


def test_the_script_gets_its_words_with_the_numbers() -> None:
    drawing = draw_tokens(watching()).drawing
    assert [line["name"] for line in drawing["lines"]] == ["So far", "At this pace"]
    assert drawing["thresholds"][0]["words"] == "{number} left"
    assert len(drawing["labels"]) == len(drawing["lines"][0]["values"]) == 4
