"""Files for spreadsheets: streamed line by line, and never a formula."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from flask import Response

from app.domain.usage.views import UsageBucket, UsageSeries
from app.foundation.money import usd_from_nanos

# A spreadsheet takes a cell that begins with one of these for a formula, and runs it.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
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
        yield (bucket.starts_at.isoformat(), series.timezone, bucket.group, *_figures(bucket))


def csv_answer(name: str, lines: Iterable[Sequence[Cell]]) -> Response:
    """Answer the lines as a file to keep."""
    return Response(
        _written(lines),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def harmless(cell: Cell) -> Cell:
    """Return the cell so that a spreadsheet shows it as text, whatever it begins with."""
    if isinstance(cell, str) and cell.startswith(FORMULA_STARTS):
        return f"'{cell}"
    return cell


def _figures(bucket: UsageBucket) -> Iterator[Cell]:
    for name in COUNTS:
        yield getattr(bucket.sums, name)
    # As text, so that nobody's floating point gets hold of it on the way; no exponents.
    yield f"{usd_from_nanos(bucket.sums.cost_nanos):f}"
    yield f"{usd_from_nanos(bucket.sums.final_nanos):f}"


def _written(lines: Iterable[Sequence[Cell]]) -> Iterator[str]:
    line = io.StringIO()
    writer = csv.writer(line)
    for cells in lines:
        writer.writerow([harmless(cell) for cell in cells])
        yield line.getvalue()
        line.seek(0)
        line.truncate()
