"""Which thresholds are crossed, at the moment before, at and after each. No database."""

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.alerts.rules import (
    AlertKind,
    Crossing,
    Figures,
    Thresholds,
    crossings,
    due,
    gauges,
    has_spent,
    is_low,
    owns_tokens,
    span_of,
)
from app.foundation.periods import BillingMonth

SOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
NOVEMBER = BillingMonth(2026, 11)
CENT = 10_000_000


def thresholds(**changes: object) -> Thresholds:
    given = {"tokens_left": 0, "percents": (), "spend_minor": None, "forecast": False}
    return Thresholds(**{**given, **changes})


def figures(**changes: object) -> Figures:
    given = {
        "quota": 1_000,
        "quota_tokens_used": 0,
        "extra_tokens": 0,
        "spent_nanos": 0,
        "runs_out_at": None,
    }
    return Figures(**{**given, **changes})


class TestCrossings:
    @pytest.mark.parametrize(
        ("used", "extra", "crossed"),
        [(899, 0, False), (900, 0, True), (901, 0, True), (1_000, 0, True), (1_000, 101, False),
         (1_000, 100, True)],
    )  # fmt: skip
    def test_tokens_left_are_the_whole_balance(self, used, extra, crossed) -> None:
        found = crossings(
            thresholds(tokens_left=100), figures(quota_tokens_used=used, extra_tokens=extra)
        )
        assert bool(found) == crossed
        if crossed:
            assert found == (Crossing(AlertKind.TOKENS_LEFT, 100, 1_000 - used + extra),)

    @pytest.mark.parametrize(
        ("quota", "extra", "crossed"), [(0, 0, False), (0, 1, True), (1, 0, True)]
    )
    def test_of_no_tokens_nothing_is_said(self, quota, extra, crossed) -> None:
        found = crossings(thresholds(tokens_left=100), figures(quota=quota, extra_tokens=extra))
        assert bool(found) == crossed

    @pytest.mark.parametrize(
        ("used", "reached"),
        [(499, []), (500, [50]), (799, [50]), (800, [50, 80]), (999, [50, 80]),
         (1_000, [50, 80, 100])],
    )  # fmt: skip
    def test_percentages_are_reached_in_full(self, used, reached) -> None:
        found = crossings(thresholds(percents=(50, 80, 100)), figures(quota_tokens_used=used))
        assert [crossing.threshold for crossing in found] == reached
        assert {crossing.value for crossing in found} <= {used // 10}

    def test_nobody_reaches_a_percentage_of_nothing(self) -> None:
        assert crossings(thresholds(percents=(1,)), figures(quota=0)) == ()

    @pytest.mark.parametrize(
        ("limit", "nanos", "crossed"),
        [(500, 500 * CENT - 1, False), (500, 500 * CENT, True), (500, 501 * CENT, True),
         (0, 0, False), (0, 1, True), (None, 10**15, False)],
    )  # fmt: skip
    def test_spend_is_compared_exactly(self, limit, nanos, crossed) -> None:
        assert has_spent(nanos, alert_minor=limit) == crossed
        found = crossings(thresholds(spend_minor=limit), figures(spent_nanos=nanos))
        assert bool(found) == crossed

    def test_a_forecast_tells_its_moment(self) -> None:
        watched = thresholds(forecast=True)
        used = {"quota_tokens_used": 1}
        assert crossings(watched, figures(**used)) == ()
        (found,) = crossings(watched, figures(**used, runs_out_at=SOON))
        assert (found.kind, found.threshold) == (AlertKind.FORECAST, 0)
        assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=found.value) == SOON
        assert crossings(thresholds(), figures(**used, runs_out_at=SOON)) == ()

    @pytest.mark.parametrize(("used", "shown"), [(0, 0), (1, 1), (999, 1), (1_000, 0), (1_001, 0)])
    def test_nothing_is_foretold_of_a_quota_untouched_or_used_up(self, used, shown) -> None:
        found = gauges(thresholds(forecast=True), figures(quota_tokens_used=used, runs_out_at=SOON))
        assert len(found) == shown


@pytest.mark.parametrize(
    ("nanos", "value", "crossed"),
    [(CENT * 625 // 10, 63, False), (CENT * 624 // 10, 62, False),
     (100 * CENT - 1, 100, False), (100 * CENT, 100, True)],
)  # fmt: skip
def test_spend_reads_as_everywhere_and_is_compared_exactly(nanos, value, crossed) -> None:
    (gauge,) = gauges(thresholds(spend_minor=100), figures(spent_nanos=nanos))
    assert (gauge.value, gauge.is_crossed) == (value, crossed)


class TestDue:
    CROSSED = (Crossing(AlertKind.QUOTA_PERCENT, 50, 60), Crossing(AlertKind.SPEND, 500, 600))

    def asked(self, *told: tuple[str, int, str]) -> list[str]:
        found = due(self.CROSSED, set(told), period_id=7, month=NOVEMBER)
        return [crossing.kind for crossing in found]

    def test_is_all_that_was_not_told(self) -> None:
        assert self.asked() == ["quota_percent", "spend"]
        assert self.asked(("quota_percent", 50, "period:7")) == ["spend"]
        assert self.asked(("spend", 500, "month:2026-11")) == ["quota_percent"]

    def test_starts_anew_with_period_and_month(self) -> None:
        told = [("quota_percent", 50, "period:6"), ("spend", 500, "month:2026-10")]
        assert self.asked(*told) == ["quota_percent", "spend"]

    def test_another_threshold_is_another_alert(self) -> None:
        told = [("quota_percent", 51, "period:7"), ("spend", 499, "month:2026-11")]
        assert self.asked(*told) == ["quota_percent", "spend"]

    @pytest.mark.parametrize("kind", AlertKind)
    def test_only_spend_is_told_by_month(self, kind) -> None:
        expected = "month:2026-11" if kind == "spend" else "period:7"
        assert span_of(kind, period_id=7, month=NOVEMBER) == expected


class TestGauges:
    def test_come_close_and_arrive_only_at_the_end(self) -> None:
        watched = thresholds(tokens_left=100, percents=(50,), spend_minor=500, forecast=True)
        near = gauges(watched, figures(quota_tokens_used=499, spent_nanos=500 * CENT - 1))
        assert [(g.permille, g.is_crossed) for g in near] == [
            (200, False), (998, False), (999, False), (0, False),
        ]  # fmt: skip
        there = gauges(
            watched,
            figures(quota_tokens_used=1_000, spent_nanos=500 * CENT, runs_out_at=SOON),
        )
        assert {(g.permille, g.is_crossed) for g in there} == {(1_000, True)}

    def test_a_forecast_waits_for_a_pace(self) -> None:
        watched = thresholds(forecast=True)
        (waiting,) = gauges(watched, figures(quota_tokens_used=1, has_pace=False))
        (lasting,) = gauges(watched, figures(quota_tokens_used=1))
        assert not waiting.is_known and lasting.is_known
        assert not waiting.is_crossed and not lasting.is_crossed

    def test_show_what_is_set_alone(self) -> None:
        assert gauges(thresholds(), figures()) == ()
        assert gauges(thresholds(percents=(50,), forecast=True), figures(quota=0)) == ()

    def test_an_enormous_threshold_is_no_trouble(self) -> None:
        (gauge,) = gauges(thresholds(tokens_left=2**53), figures())
        assert gauge.is_crossed


@pytest.mark.parametrize(
    ("balance", "threshold", "low"),
    [(0, 0, False), (0, 1, True), (5, 5, True), (6, 5, False), (5, 6, True)],
)
def test_is_low(balance, threshold, low) -> None:
    assert is_low(balance, threshold=threshold) == low


@pytest.mark.parametrize(
    ("has_quota", "extra", "owns"), [(True, 0, True), (False, 1, True), (False, 0, False)]
)
def test_owns_tokens(has_quota, extra, owns) -> None:
    assert owns_tokens(has_quota=has_quota, extra_tokens=extra) == owns
