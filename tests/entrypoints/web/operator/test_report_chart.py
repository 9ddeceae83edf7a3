"""A year of usage as a chart."""

from app.entrypoints.web.charts import colours_of
from app.entrypoints.web.operator.report_chart import draw_year
from app.foundation.periods import BillingMonth

MONTHS = [BillingMonth.parse("2026-10"), BillingMonth.parse("2026-11")]


class TestDrawYear:
    def test_stacks_the_dearest_first_and_fills_empty_months(self) -> None:
        revenue = {("2026-10", "a"): 1, ("2026-11", "b"): 5, ("2026-11", "a"): 1}
        chart = draw_year(revenue, MONTHS)
        assert [(layer.name, layer.values) for layer in chart.layers] == [
            *(("b", (0, 5)), ("a", (1, 1))),
        ]
        assert chart.heights == (1, 6) and chart.bars[0].title == "October 2026"

    def test_keeps_eight_apart_and_adds_up_the_rest(self) -> None:
        eight = {("2026-11", f"m{number}"): 9 - number for number in range(8)}
        assert len(draw_year(eight, MONTHS).layers) == 8
        chart = draw_year({**eight, ("2026-10", "m9"): 1, ("2026-11", "free"): 0}, MONTHS)
        assert len(chart.layers) == 8 and chart.layers[-1].name == "All others"
        # m7 costs 2, m9 costs 1, and what is free stands nowhere.
        assert chart.layers[-1].values == (1, 2) and chart.total == sum(eight.values()) + 1

    def test_has_no_layers_where_nothing_cost_anything(self) -> None:
        assert draw_year({("2026-11", "free"): 0}, MONTHS).layers == ()

    def test_colours_models_by_their_names_whichever_is_dearer(self) -> None:
        # By their names alone both would have the same.
        names = ["claude-haiku-4-5", "gpt-4o"]
        for dearest in names:
            revenue = {("2026-11", name): 2 if name == dearest else 1 for name in names}
            chart = draw_year(revenue, MONTHS)
            colours = {layer.name: layer.colour for layer in chart.layers}
            assert colours == colours_of(names, names)
            assert len(set(colours.values())) == 2
