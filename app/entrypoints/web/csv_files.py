"""The chart's numbers as a file for spreadsheets, line by line."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from flask import Response

from app.domain.usage.views import UsageBucket, UsageSeries
from app.entrypoints.usage_csv import harmless, plain
from app.foundation.money import usd_from_nanos

COUNTS = (
    "requests",
    "prompt_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "completion_tokens",
    "reasoning_tokens",
    "total_tokens",
    "quota_tokens",
    "extra_tokens",
    "overage_tokens",
    "unpriced_tokens",
)

Cell = str | int


def usage_lines(series: UsageSeries) -> Iterator[Sequence[Cell]]:
    """Return a heading, then one line for each bucket and group; amounts are exact USD."""
    yield ("start", "timezone", series.group_by.value, *COUNTS, "cost", "final_cost")
    for bucket in series.buckets:
        yield (
            bucket.starts_at.isoformat(),
            series.timezone,
            harmless(bucket.group),
            *_figures(bucket),
        )


def csv_answer(name: str, lines: Iterable[Sequence[Cell]]) -> Response:
    """Answer the lines as a file to keep."""
    return file_of(name, _written(lines))


def file_of(name: str, parts: Iterable[str]) -> Response:
    """Answer what is written already as a file to keep, piece by piece."""
    return Response(
        parts,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _figures(bucket: UsageBucket) -> Iterator[Cell]:
    for name in COUNTS:
        yield getattr(bucket.sums, name)
    yield plain(usd_from_nanos(bucket.sums.cost_nanos))
    yield plain(usd_from_nanos(bucket.sums.final_nanos))


def _written(lines: Iterable[Sequence[Cell]]) -> Iterator[str]:
    line = io.StringIO()
    writer = csv.writer(line)
    for cells in lines:
        writer.writerow(cells)
        yield line.getvalue()
        line.seek(0)
        line.truncate()
