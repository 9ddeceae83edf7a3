"""What is counted for Prometheus, and how it is told: the one file that knows its library.

Counts are made where requests are answered. A server of several processes keeps them in files of a
folder that `billing serve` names in the environment, before anything imports this; without it they
are the process's own.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

MEDIA_TYPE = CONTENT_TYPE_PLAIN_0_0_4
# The library looks for it by this name, once, when it is imported.
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
# A batch takes tens of milliseconds, a page less; what takes longer than the last gave up waiting.
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

SERIES_KEPT = 1_000

# When a series began is nothing anybody asks, and would double their number.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library left it untyped
_own = CollectorRegistry()
_requests = Counter(
    "billing_http_requests",
    "Requests that were answered, by method, route and status.",
    ("method", "route", "status"),
    registry=_own,
)
_seconds = Histogram(
    "billing_http_request_duration_seconds",
    "How long requests took until their answer began.",
    ("method", "route"),
    buckets=SECONDS,
    registry=_own,
)
_records = Counter(
    "billing_usage_records",
    "Usage records that were posted, by what became of them and by wire format.",
    ("result", "format"),
    registry=_own,
)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure that is looked up when it is asked for."""

    name: str
    says: str
    value: float


def count_request(*, method: str, route: str, status: int, seconds: float) -> None:
    """Count a request that was answered. The route is the template, never what was asked for."""
    _answered(method, route, str(status)).inc()
    _took(method, route).observe(seconds)


# What is counted most is found at once; the library makes sure of the names each time.
_answered = lru_cache(SERIES_KEPT)(_requests.labels)
_took = lru_cache(SERIES_KEPT)(_seconds.labels)


def count_usage(results: Mapping[str, int], *, wire: str) -> None:
    """Count what became of posted records, which came in that wire format."""
    for result, number in results.items():
        _records.labels(result, wire).inc(number)


def exposition(figures: Sequence[Figure]) -> bytes:
    """Return what was counted in every process, and the figures, as Prometheus reads it."""
    told = CollectorRegistry()
    told.register(_Figures(figures))
    return generate_latest(_counted()) + generate_latest(told)


def _counted() -> CollectorRegistry:
    if FOLDER not in os.environ:
        return _own
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]  # here too
    return together


class _Figures(Collector):
    def __init__(self, figures: Sequence[Figure]) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        """Give the figures in the library's words."""
        for figure in self._figures:
            yield GaugeMetricFamily(figure.name, figure.says, value=figure.value)
