"""Makes usage as gateways report it, through the workflow that records it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count

from app.domain.usage.reports import Outcome, UsageReport
from app.foundation.database import transaction
from app.workflows.record_usage import record_usage
from tests.moments import NOW

GRACE = timedelta(days=7)
_numbers = count(1)


def make_report(user_id: str = "ada", **changes: object) -> UsageReport:
    """Make the report of one gpt-4 request of 500 + 120 tokens: 0.0222 USD."""
    given = {
        "request_id": f"req-{next(_numbers)}",
        "model": "gpt-4",
        "provider": "openai",
        "prompt_tokens": 500,
        "completion_tokens": 120,
        **changes,
    }
    total_tokens = given["prompt_tokens"] + given["completion_tokens"]
    return UsageReport(**{"user_id": user_id, "total_tokens": total_tokens, **given})


def record(reports: Sequence[UsageReport], *, now: datetime = NOW) -> list[Outcome]:
    """Record the reports, all at once."""
    with transaction():
        return record_usage(reports, now=now, grace=GRACE)


def make_usage(user_id: str = "ada", *, now: datetime = NOW, **changes: object) -> Outcome:
    """Record one request, and return what became of it."""
    return record([make_report(user_id, **changes)], now=now)[0]
