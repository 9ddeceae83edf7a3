"""What the usage page lets one choose: ranges, steps, what is kept apart, what is measured."""

from collections.abc import Callable
from datetime import date, timedelta
from enum import StrEnum

from app.domain.usage.views import Grouping
from app.foundation.sentences import Sentence, say

DAY = timedelta(days=1)
CUSTOM = "custom"
AUTOMATIC = "auto"


class Metric(StrEnum):
    """What the bars measure."""

    COST = "cost"
    TOKENS = "tokens"
    REQUESTS = "requests"


UNKNOWN = {
    "group_by": say("This page cannot keep that apart. Showing by model."),
    "metric": say("This page cannot measure that. Showing by cost."),
}

NO_SUCH_NAME = {
    Grouping.MODEL: say("No model has such a name. Showing the requests of all models."),
    Grouping.API_KEY: say("No gateway key has such a name. Showing all of them."),
    Grouping.PROVIDER: say("No provider has such a name. Showing all of them."),
}

# The first day and the last one.
Days = tuple[date, date]


def _last_days(count: int) -> Callable[[date], Days]:
    return lambda today: (today - (count - 1) * DAY, today)


def _yesterday(today: date) -> Days:
    return today - DAY, today - DAY


def _this_month(today: date) -> Days:
    return today.replace(day=1), today


def _last_month(today: date) -> Days:
    last = today.replace(day=1) - DAY
    return last.replace(day=1), last


PERIOD = "period"
DEFAULT_RANGE = "30d"
RANGES: dict[str, tuple[Sentence, Callable[[date], Days]]] = {
    "today": (say("Today"), _last_days(1)),
    "yesterday": (say("Yesterday"), _yesterday),
    "7d": (say("7 days"), _last_days(7)),
    "30d": (say("30 days"), _last_days(30)),
    "month": (say("This month"), _this_month),
    "last-month": (say("Last month"), _last_month),
    PERIOD: (say("This period"), _last_days(31)),
    "90d": (say("90 days"), _last_days(90)),
}
RANGE_NAMES = {**{name: label for name, (label, _) in RANGES.items()}, CUSTOM: say("Custom")}
GRANULARITY_NAMES = {
    AUTOMATIC: say("Automatic"),
    "hour": say("Hour"),
    "day": say("Day"),
    "month": say("Month"),
}
GROUPING_NAMES = {
    Grouping.MODEL: say("Model"),
    Grouping.API_KEY: say("Gateway key"),
    Grouping.PROVIDER: say("Provider"),
}
METRIC_NAMES = {
    Metric.COST: say("Cost"),
    Metric.TOKENS: say("Tokens"),
    Metric.REQUESTS: say("Requests"),
}
