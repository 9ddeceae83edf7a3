"""From what was read of a post to what became of it, whatever format it came in."""

from collections import Counter
from collections.abc import Sequence

from flask import g

from app.domain.usage.reports import Outcome, OutcomeStatus, UsageReport
from app.entrypoints.settings import renewal_grace
from app.foundation import clock
from app.workflows.record_usage import record_usage

# A report, or what has become of it already.
Reading = UsageReport | Outcome
# The wire format that is our own, beside those of others.
NATIVE = "native"


def recorded(readings: Sequence[Reading], *, wire: str = NATIVE) -> list[Outcome]:
    """Record the reports, pass on what was decided before, and keep the order."""
    if g.attribution.accounts:
        readings = [_within_limits(reading) for reading in readings]
    reports = [reading for reading in readings if isinstance(reading, UsageReport)]
    decided = iter(record_usage(reports, now=clock.now(), grace=renewal_grace()))
    outcomes = [r if isinstance(r, Outcome) else next(decided) for r in readings]
    # Counted once the request is answered: before the commit it may all be undone.
    g.usage_seen = (wire, Counter(outcome.status for outcome in outcomes))
    return outcomes


def _within_limits(reading: Reading) -> Reading:
    """Return the report, or its refusal if the key may not speak of its account."""
    fault = None
    if isinstance(reading, UsageReport):
        fault = g.attribution.find_fault(reading.user_id)
    if fault is None:
        return reading
    return Outcome(
        request_id=reading.request_id,
        status=OutcomeStatus.REJECTED,
        code=fault.code,
        detail=fault.detail,
        faults=(fault,),
    )
