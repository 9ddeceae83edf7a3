"""What the usage page's views are called: one title for each measure, grouping and step."""

from collections.abc import Mapping

from app.domain.usage.views import Granularity, Grouping
from app.entrypoints.web.usage_choices import Metric
from app.foundation.sentences import Sentence, say

TITLES: Mapping[Metric, Mapping[Grouping, Sentence]] = {
    Metric.COST: {
        Grouping.MODEL: say("Cost by model"),
        Grouping.API_KEY: say("Cost by gateway key"),
        Grouping.PROVIDER: say("Cost by provider"),
    },
    Metric.TOKENS: {
        Grouping.MODEL: say("Tokens by model"),
        Grouping.API_KEY: say("Tokens by gateway key"),
        Grouping.PROVIDER: say("Tokens by provider"),
    },
    Metric.REQUESTS: {
        Grouping.MODEL: say("Requests by model"),
        Grouping.API_KEY: say("Requests by gateway key"),
        Grouping.PROVIDER: say("Requests by provider"),
    },
}
# As the heading of a table, and as what reads it aloud is told.
BREAKDOWNS: Mapping[Grouping, tuple[Sentence, Sentence]] = {
    Grouping.MODEL: (say("By model"), say("Totals by model")),
    Grouping.API_KEY: (say("By gateway key"), say("Totals by gateway key")),
    Grouping.PROVIDER: (say("By provider"), say("Totals by provider")),
}
STEPS: Mapping[Granularity, Sentence] = {
    Granularity.HOUR: say("by hour"),
    Granularity.DAY: say("by day"),
    Granularity.MONTH: say("by month"),
}
TABLES: Mapping[Metric, Mapping[Granularity, Sentence]] = {
    Metric.COST: {
        Granularity.HOUR: say("Cost by hour"),
        Granularity.DAY: say("Cost by day"),
        Granularity.MONTH: say("Cost by month"),
    },
    Metric.TOKENS: {
        Granularity.HOUR: say("Tokens by hour"),
        Granularity.DAY: say("Tokens by day"),
        Granularity.MONTH: say("Tokens by month"),
    },
    Metric.REQUESTS: {
        Granularity.HOUR: say("Requests by hour"),
        Granularity.DAY: say("Requests by day"),
        Granularity.MONTH: say("Requests by month"),
    },
}
