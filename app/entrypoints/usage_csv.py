"""Usage records as CSV, for every door that lets them be downloaded."""

import csv
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from io import StringIO
from zoneinfo import ZoneInfo

from app.domain.usage.views import RecordView
from app.foundation.money import usd_from_nanos

HEADER = (
    "occurred_at",
    "occurred_at_local",
    "request_id",
    "model",
    "provider",
    "api_key_alias",
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "quota_tokens",
    "extra_tokens",
    "overage_tokens",
    "cost",
    "discount_amount",
    "final_cost",
    "status",
    "billing_month",
    "estimated",
)
# What spreadsheets take for the beginning of a formula, wide or narrow, or of a command (|), behind
# whatever stands there unseen: blanks, a byte order mark, and what only tells directions.
FORMULA = re.compile(
    r"[\s\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\x00-\x1f]*[=+\-@|＝＋－＠｜]"
)
LINE_BEGINS = ("\t", "\r", "\n")
LINES_AT_ONCE = 200


def csv_parts(records: Iterable[RecordView], *, zone: ZoneInfo) -> Iterator[str]:
    """Return the file piece by piece: a header line, then a line for each record."""
    part = StringIO()
    writer = csv.writer(part)
    writer.writerow(HEADER)
    for number, record in enumerate(records, start=1):
        writer.writerow(_cells(record, zone))
        if number % LINES_AT_ONCE == 0:
            yield part.getvalue()
            part.seek(0)
            part.truncate()
    yield part.getvalue()


def _cells(record: RecordView, zone: ZoneInfo) -> list[str | int]:
    return [
        record.occurred_at.isoformat().replace("+00:00", "Z"),
        record.occurred_at.astimezone(zone).isoformat(),
        harmless(record.request_id),
        harmless(record.model),
        harmless(record.provider or ""),
        harmless(record.api_key_alias or ""),
        record.prompt_tokens,
        record.completion_tokens,
        record.total_tokens,
        record.cached_tokens,
        record.cache_write_tokens,
        record.reasoning_tokens,
        record.quota_tokens,
        record.extra_tokens,
        record.overage_tokens,
        plain(usd_from_nanos(record.cost_nanos)),
        plain(usd_from_nanos(record.discount_nanos)),
        plain(usd_from_nanos(record.final_nanos)),
        record.status,
        record.billing_month,
        "true" if record.is_estimated else "false",
    ]


def harmless(text: str) -> str:
    """Keep spreadsheets from running a name that looks like a formula."""
    is_armed = text.startswith(LINE_BEGINS) or FORMULA.match(text) is not None
    return f"'{text}" if is_armed else text


def plain(amount: Decimal) -> str:
    """Write the amount with all its digits and without an exponent."""
    return f"{amount:f}"
