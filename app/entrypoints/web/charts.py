"""From a series of usage to what a chart draws and its table says. Pure."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zlib import crc32
from zoneinfo import ZoneInfo

from app.domain.reporting.overview import GroupSums, add_up, group_sums
from app.domain.reporting.rules import share_permille
from app.domain.usage.buckets import buckets
from app.domain.usage.rules import OTHER as OTHER_GROUP
from app.domain.usage.rules import local_hour
from app.domain.usage.views import Granularity, Grouping, Sums, UsageBucket, UsageSeries
from app.entrypoints.languages import language, translated
from app.entrypoints.web.showing import HOUR_FOLLOWS
from app.entrypoints.web.usage_choices import Metric
from app.foundation import languages
from app.foundation.periods import Period
from app.foundation.sentences import say

LAYERS_MAX = 8
COLOURS = tuple(range(1, LAYERS_MAX + 1))
ROWS_MAX = 50
HOUR = timedelta(hours=1)
# The class that colours what is not kept apart.
REST = "rest"
FIGURES = {Metric.COST: "final_nanos", Metric.TOKENS: "total_tokens", Metric.REQUESTS: "requests"}
UNNAMED = {
    Grouping.MODEL: say("No model named"),
    Grouping.API_KEY: say("No key named"),
    Grouping.PROVIDER: say("No provider named"),
}
# What the script says itself.
OTHER = say("Other")
TOTAL = say("Total")
COVERED = say("Covered by quota and extra tokens")


@dataclass(frozen=True, slots=True)
class Row:
    """One group's line in the breakdown."""

    name: str
    # None for the line that sums up what is not kept apart.
    group: str | None
    colour: str
    sums: Sums
    permille: int

    @property
    def leads_on(self) -> bool:
        """Tell whether its requests can be asked for: those not kept apart have no name."""
        return self.group not in (None, OTHER_GROUP)


@dataclass(frozen=True, slots=True)
class Layer:
    """What one group adds to each bar."""

    name: str
    colour: str
    values: tuple[int, ...]
    # What it cost is not known yet.
    is_unpriced: bool = False
    # None where its requests cannot be asked for by a name.
    group: str | None = None

    @property
    def total(self) -> int:
        """Return what the group adds up to."""
        return sum(self.values)


@dataclass(frozen=True, slots=True)
class Bar:
    """One bucket: its first moment in the series' zone, and how it is called."""

    starts_at: datetime
    label: str
    title: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Stacked bars over time, and the same numbers as lines of a table."""

    metric: Metric
    bars: tuple[Bar, ...]
    layers: tuple[Layer, ...]
    rows: tuple[Row, ...]
    totals: Sums
    # What a click on a colour narrows.
    group_by: Grouping = Grouping.MODEL
    # The bars that cost nothing because quota and extra tokens covered all of their usage.
    covered: frozenset[int] = frozenset()

    @property
    def total(self) -> int:
        """Return the sum of all bars."""
        return sum(layer.total for layer in self.layers)

    @property
    def heights(self) -> tuple[int, ...]:
        """Return what each bar adds up to."""
        return tuple(map(sum, zip(*(layer.values for layer in self.layers), strict=True)))

    @property
    def drawing(self) -> dict[str, object]:
        """Return what the script draws; amounts are whole nano-USD, tokens or requests."""
        return {
            "metric": self.metric.value,
            "total": str(translated(TOTAL)),
            "labels": [bar.label for bar in self.bars],
            "titles": [bar.title for bar in self.bars],
            "layers": [
                {
                    "name": layer.name,
                    "colour": layer.colour,
                    "group": layer.group,
                    "values": layer.values,
                }
                for layer in self.layers
            ],
            "narrows": self.group_by.value,
            "covered": {"name": str(translated(COVERED)), "bars": sorted(self.covered)},
        }


def draw(series: UsageSeries, *, metric: Metric, in_order: Sequence[str] = ()) -> Chart:
    """Return the series as a chart: empty buckets filled, the biggest groups kept apart.

    `in_order` are all the groups there are, whatever is drawn here: they decide on the colours.
    """
    local = ZoneInfo(series.timezone)
    ranked = sorted(group_sums(series), key=lambda each: -getattr(each.sums, FIGURES[metric]))
    colours = colours_of([each.group for each in ranked[:LAYERS_MAX]], in_order)
    starts = list(_starts(series, local))
    unpriced = {colours.get(each.group) for each in ranked if each.sums.is_unpriced}
    layers = _layers(series, starts, metric=metric, colours=colours, unpriced=unpriced)
    return Chart(
        metric=metric,
        bars=tuple(_bars(starts, series.granularity)),
        layers=tuple(layers),
        rows=(
            *rows_of(
                ranked[:ROWS_MAX],
                series.totals,
                metric=metric,
                group_by=series.group_by,
                colours=colours,
            ),
            *_rest(ranked, series.totals, metric=metric),
        ),
        totals=series.totals,
        group_by=series.group_by,
        covered=_covered(series, starts) if metric is Metric.COST else frozenset(),
    )


def rows_of(
    groups: Iterable[GroupSums],
    totals: Sums,
    *,
    metric: Metric,
    group_by: Grouping,
    colours: Mapping[str, str],
) -> tuple[Row, ...]:
    """Return a line for each group, with its share of the totals."""
    return tuple(
        Row(
            name=name_of(each.group, group_by),
            group=each.group,
            colour=colours.get(each.group, REST),
            sums=each.sums,
            permille=_share(each.sums, totals, metric),
        )
        for each in groups
    )


def name_of(group: str, group_by: Grouping) -> str:
    """Return what a group is called on pages."""
    return group or str(translated(UNNAMED[group_by]))


def colours_of(shown: Sequence[str], in_order: Sequence[str]) -> dict[str, str]:
    """Give each of the groups a colour of its own: where it can be, the one it has everywhere."""
    homes = _homes([*in_order, *sorted(set(shown).difference(in_order))])
    free, found = set(COLOURS), {}
    for group in sorted(shown, key=list(homes).index):
        found[group] = _next_free(homes[group], free)
        free.remove(found[group])
    return {group: str(found[group]) for group in shown}


def _homes(groups: Sequence[str]) -> dict[str, int]:
    """Return each group's colour: no two of the first eight share one, nor two of the next."""
    homes: dict[str, int] = {}
    free = set(COLOURS)
    for group in groups:
        # By its name, so that one that comes later hardly moves those that are there.
        homes[group] = _next_free(COLOURS[crc32(group.encode()) % LAYERS_MAX], free)
        free = free - {homes[group]} or set(COLOURS)
    return homes


def _next_free(colour: int, free: Collection[int]) -> int:
    after = (*COLOURS[colour - 1 :], *COLOURS)
    return next(each for each in after if each in free)


def _starts(series: UsageSeries, local: ZoneInfo) -> Iterator[datetime]:
    """Return the local first moment of every bucket, also of those without usage."""
    span = Period(series.starts_at.astimezone(UTC), series.ends_at.astimezone(UTC))
    if series.granularity is not Granularity.HOUR:
        for bucket in buckets(span, granularity=series.granularity, zone=local):
            yield bucket.starts_at.astimezone(local)
        return
    hour = local_hour(span.starts_at, local)[0]
    while hour < span.ends_at:
        yield hour.astimezone(local)
        # Where clocks jump by half an hour, the next hour does not start an hour later.
        hour = max(local_hour(hour + HOUR, local)[0], hour + HOUR / 2)


def _bars(starts: Sequence[datetime], granularity: Granularity) -> Iterator[Bar]:
    one_day, spoken = bool(starts) and starts[0].date() == starts[-1].date(), language()
    for start in starts:
        there = start.date()
        day = languages.short_day_in(spoken, there)
        if granularity is Granularity.HOUR:
            label = f"{start:%H:%M}" if one_day else f"{day} {start:%H:%M}"
            weekday = languages.short_weekday_in(spoken, there)
            # The offset tells the two hours apart that clocks run through twice.
            hour = f"{start:%H:%M} (UTC{str(start)[-6:]})"
            yield Bar(start, label, f"{weekday}{HOUR_FOLLOWS[spoken]}{hour}")
        elif granularity is Granularity.DAY:
            yield Bar(start, day, languages.weekday_in(spoken, there))
        else:
            month = languages.month_in(spoken, there)
            yield Bar(start, month, languages.long_month_in(spoken, there))


def _layers(
    series: UsageSeries,
    starts: Sequence[datetime],
    *,
    metric: Metric,
    colours: Mapping[str, str],
    unpriced: Collection[str | None],
) -> Iterator[Layer]:
    values: dict[str, list[int]] = defaultdict(lambda: [0] * len(starts))
    for place, bucket in _placed(series, starts):
        colour = colours.get(bucket.group, REST)
        values[colour][place] += getattr(bucket.sums, FIGURES[metric])
    names = {colour: name_of(group, series.group_by) for group, colour in colours.items()}
    groups = {colour: group for group, colour in colours.items() if group != OTHER_GROUP}
    for colour in (*names, REST):
        if colour in values:
            name = names.get(colour, str(translated(OTHER)))
            yield Layer(name, colour, tuple(values[colour]), colour in unpriced, groups.get(colour))


def _covered(series: UsageSeries, starts: Sequence[datetime]) -> frozenset[int]:
    used, costly = set(), set()
    for place, bucket in _placed(series, starts):
        sums = bucket.sums
        used |= {place} if sums.quota_tokens or sums.extra_tokens else set()
        # What waits for its price is not known to cost nothing.
        costly |= {place} if sums.final_nanos or sums.unpriced_tokens else set()
    return frozenset(used - costly)


def _placed(series: UsageSeries, starts: Sequence[datetime]) -> Iterator[tuple[int, UsageBucket]]:
    """Return each bucket with the number of the bar it belongs to."""
    keys = [_key(start) for start in starts]
    for bucket in series.buckets:
        yield max(bisect_right(keys, _key(bucket.starts_at)) - 1, 0), bucket


def _key(start: datetime) -> datetime:
    # Two local hours of one name are equal to Python, but not to us.
    return start.astimezone(UTC)


def _rest(ranked: Sequence[GroupSums], totals: Sums, *, metric: Metric) -> Iterator[Row]:
    rest = ranked[ROWS_MAX:]
    if rest:
        sums = add_up(each.sums for each in rest)
        more = say("{number:,} more", {"number": len(rest)})
        name = str(translated(more))
        yield Row(name, None, REST, sums, _share(sums, totals, metric))


def _share(part: Sums, whole: Sums, metric: Metric) -> int:
    return share_permille(getattr(part, FIGURES[metric]), getattr(whole, FIGURES[metric]))
