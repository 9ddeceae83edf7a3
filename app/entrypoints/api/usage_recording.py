"""From what was read of a post to what became of it, whatever format it came in."""

from collections.abc import Sequence

from app.domain.usage.reports import Outcome, UsageReport
from app.entrypoints.settings import renewal_grace
from app.foundation import clock
from app.workflows.record_usage import record_usage

# A report, or what has become of it already.
Reading = UsageReport | Outcome


def recorded(readings: Sequence[Reading]) -> list[Outcome]:
    """Record the reports, pass on what was decided before, and keep the order."""
    reports = [reading for reading in readings if isinstance(reading, UsageReport)]
    outcomes = iter(record_usage(reports, now=clock.now(), grace=renewal_grace()))
    return [reading if isinstance(reading, Outcome) else next(outcomes) for reading in readings]
