"""How the alerts page draws tokens and spend, with the thresholds as lines that can be moved."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from app.domain.alerts.rules import Figures
from app.domain.reporting.courses import Course
from app.domain.reporting.watching import Watch
from app.entrypoints.languages import language, translated
from app.entrypoints.web.sliders import STEPS, Slider, round_above, slider_up_to
from app.entrypoints.web.usage_choices import Metric
from app.foundation import languages
from app.foundation.money import NANOS_PER_MINOR, minor_from_nanos
from app.foundation.sentences import Sentence, say

SO_FAR = say("So far")
AHEAD = say("At this pace")
WHOLE_PERCENT = 100
LEAST_SPEND_MINOR = 100
NANOS_PER_USD = 100 * NANOS_PER_MINOR


@dataclass(frozen=True, slots=True)
class Threshold:
    """How each number in a field becomes the height of a line: base + number × times / over."""

    field: str
    # With a place for the number.
    words: Sentence
    base: int = 0
    times: int = 1
    over: int = 1
    # What the field holds where the threshold is off.
    off: int | None = None

    @property
    def drawing(self) -> dict[str, object]:
        """Return what the script places the lines by."""
        return {
            "field": self.field,
            "words": str(translated(self.words)),
            "base": self.base,
            "times": self.times,
            "over": self.over,
            "off": self.off,
        }


@dataclass(frozen=True, slots=True)
class Row:
    """A day's line in the table beside a drawing; None where there is nothing to say."""

    label: str
    title: str
    grown: int | None
    ahead: int | None

    @property
    def onwards(self) -> int | None:
        """Return what is drawn of what comes: it begins where the amount is now, in one line."""
        is_today = self.grown is not None and self.ahead is not None
        return self.grown if is_today else self.ahead


@dataclass(frozen=True, slots=True)
class CourseDrawing:
    """An amount's course with its thresholds, and the same numbers as lines of a table."""

    metric: Metric
    rows: tuple[Row, ...]
    thresholds: tuple[Threshold, ...]
    slider: Slider
    top: int

    @property
    def drawing(self) -> dict[str, object]:
        """Return what the script draws; amounts are whole nano-USD or tokens."""
        return {
            "metric": self.metric.value,
            "labels": [row.label for row in self.rows],
            "titles": [row.title for row in self.rows],
            "lines": [
                {"name": str(translated(SO_FAR)), "values": [row.grown for row in self.rows]},
                {"name": str(translated(AHEAD)), "values": [row.onwards for row in self.rows]},
            ],
            "thresholds": [threshold.drawing for threshold in self.thresholds],
            "top": self.top,
        }


def draw_tokens(watch: Watch) -> CourseDrawing | None:
    """Return the period's tokens with what is left and percents of quota; None without tokens."""
    if watch.tokens is None:
        return None
    figures = watch.figures
    whole = watch.tokens.now + figures.token_balance
    return CourseDrawing(
        metric=Metric.TOKENS,
        rows=_rows(watch.tokens),
        thresholds=_of_tokens(figures, whole=whole),
        slider=slider_up_to(whole),
        top=max(whole, 1),
    )


def draw_spend(watch: Watch, *, alert_minor: int | None) -> CourseDrawing:
    """Return the month's spend with the amount at which to tell."""
    reached = minor_from_nanos(max(watch.spend.now, watch.spend.end))
    # Room above what is set and what comes, so that there is somewhere to move to.
    wanted = max(reached, alert_minor or 0) * 3 // 2
    most = round_above(max(wanted, LEAST_SPEND_MINOR))
    return CourseDrawing(
        metric=Metric.COST,
        rows=_rows(watch.spend),
        thresholds=(Threshold("alert_spend", say("${number} spent"), times=NANOS_PER_USD),),
        slider=Slider(most=most, step=max(most // STEPS, 1)),
        top=most * NANOS_PER_MINOR,
    )


def _of_tokens(figures: Figures, *, whole: int) -> tuple[Threshold, ...]:
    left = Threshold("alert_threshold", say("{number} left"), base=whole, times=-1, off=0)
    if not figures.quota:
        return (left,)
    return (
        left,
        Threshold("alert_percents", say("{number}% used"), times=figures.quota, over=WHOLE_PERCENT),
    )


def _rows(course: Course) -> tuple[Row, ...]:
    spoken, before = language(), len(course.grown) - 1
    ahead: Sequence[int | None] = [*[None] * before, *course.ahead] if course.ahead else ()
    return tuple(
        Row(
            languages.short_day_in(spoken, day), languages.weekday_in(spoken, day), grown, following
        )
        for day, grown, following in zip_longest(course.days, course.grown, ahead)
    )
