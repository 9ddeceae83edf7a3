"""A year of usage as a chart: what each month's usage cost, the dearest models kept apart. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields

from app.domain.usage.views import Sums
from app.entrypoints.languages import language, translated
from app.entrypoints.web.charts import LAYERS_MAX, REST, Bar, Chart, Layer, colours_of
from app.entrypoints.web.usage_choices import Metric
from app.foundation import languages
from app.foundation.periods import BillingMonth
from app.foundation.sentences import say

OTHERS = say("All others")
# The chart's own totals are the layers'; nothing else of them is shown.
NOTHING = Sums(*[0] * len(fields(Sums)))


def draw_year(revenue: Mapping[tuple[str, str], int], months: Sequence[BillingMonth]) -> Chart:
    """Return nano-USD by month and model as stacked bars, the dearest model at the bottom."""
    by_model: Counter[str] = Counter()
    for (_, model), nanos in revenue.items():
        by_model[model] += nanos
    ranked = [model for model, nanos in by_model.most_common() if nanos]
    kept = ranked[: LAYERS_MAX - 1] if len(ranked) > LAYERS_MAX else ranked
    # By their names, as on customers' charts.
    colours = colours_of(kept, sorted(by_model))
    layers = [
        Layer(model, colours[model], tuple(revenue.get((str(m), model), 0) for m in months))
        for model in kept
    ]
    others = ranked[len(kept) :]
    if others:
        rest = tuple(sum(revenue.get((str(m), model), 0) for model in others) for m in months)
        layers.append(Layer(str(translated(OTHERS)), REST, rest))
    bars = tuple(_bar(month) for month in months)
    return Chart(Metric.COST, bars, tuple(layers), rows=(), totals=NOTHING)


def _bar(month: BillingMonth) -> Bar:
    starts_at = month.period.starts_at
    spoken, day = language(), starts_at.date()
    label = languages.short_month_in(spoken, day)
    return Bar(starts_at, label, languages.long_month_in(spoken, day))
