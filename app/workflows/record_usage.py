"""Record usage: each request once, priced, split and in every total, in one transaction.

What can be decided without a lock is decided first. Then the accounts are locked in the order of
their ids, and everything after that takes a fixed number of statements, however many records.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from app.domain.accounts import operations as accounts
from app.domain.accounts.operations import Balance
from app.domain.catalog import queries as catalog
from app.domain.catalog.rules import PriceBook
from app.domain.subscriptions import operations as subscriptions
from app.domain.subscriptions.queries import UsagePeriod
from app.domain.usage import pruning, recording, rules
from app.domain.usage.errors import UsageContended
from app.domain.usage.models import RecordStatus
from app.domain.usage.posting import Candidate, Posting
from app.domain.usage.pruning import Remembered
from app.domain.usage.records import NewRecord, Recorded
from app.domain.usage.reports import Outcome, OutcomeStatus, UsageReport
from app.foundation import money, outbox
from app.foundation.errors import FieldError
from app.foundation.periods import month_of
from app.foundation.sentences import say

# Losing the race for a request id is rare, and every loss names one more id that is taken.
TRIES_MAX = 10

Outcomes = dict[int, Outcome]


def record_usage(
    reports: Sequence[UsageReport],
    *,
    now: datetime,
    grace: timedelta,
    arrived_at: Sequence[datetime] | None = None,
) -> list[Outcome]:
    """Record the reports and return what became of each, in their order.

    All of them arrived now, or each at a moment of its own, a little earlier.
    """
    outcomes: Outcomes = {}
    arrivals = [now] * len(reports) if arrived_at is None else arrived_at
    candidates = _candidates(reports, outcomes, arrivals=arrivals)
    balances = accounts.lock_balances(
        {candidate.report.user_id for candidate in candidates}, served_at=now
    )
    ours = []
    for candidate in candidates:
        if candidate.report.user_id in balances:
            ours.append(candidate)
        else:
            wrong = {"user_id": candidate.report.user_id}
            detail = say("There is no account with the user_id {user_id}.", wrong)
            fault = FieldError("user_id", "unknown_user", detail)
            outcomes[candidate.position] = _refused(candidate.report, OutcomeStatus.REJECTED, fault)
    _record(ours, balances, outcomes, now=now, grace=grace)
    return [outcomes[index] for index in range(len(reports))]


def _candidates(
    reports: Sequence[UsageReport], outcomes: Outcomes, *, arrivals: Sequence[datetime]
) -> list[Candidate]:
    """Check and price the reports; those that are refused get their outcome."""
    book = catalog.price_book({report.model for report in reports})
    candidates = []
    for index, (report, arrived_at) in enumerate(zip(reports, arrivals, strict=True)):
        candidate = _candidate(index, report, book, arrived_at=arrived_at)
        fault = rules.find_fault(report, now=arrived_at) or rules.find_cost_fault(
            candidate.cost_nanos
        )
        if fault is None:
            candidates.append(candidate)
        else:
            outcomes[index] = _refused(report, OutcomeStatus.REJECTED, fault)
    return candidates


def _candidate(
    index: int, report: UsageReport, book: PriceBook, *, arrived_at: datetime
) -> Candidate:
    occurred_at = arrived_at if report.occurred_at is None else report.occurred_at
    price = book.find_price_at(report.model, occurred_at)
    pico = rules.pico_of(report, price)
    return Candidate(index, report, occurred_at, price, pico, money.token_cost_nanos(pico))


def _record(
    candidates: Sequence[Candidate],
    balances: Mapping[str, Balance],
    outcomes: Outcomes,
    *,
    now: datetime,
    grace: timedelta,
) -> None:
    for _ in range(TRIES_MAX):
        fresh, repeats = _tell_apart(candidates, outcomes)
        if not fresh:
            return
        posting = _posting(fresh, balances, now=now, grace=grace)
        for candidate in fresh:
            posting.post(candidate)
        counted = partial(_count, posting, fresh, outcomes)
        if recording.insert_records(posting.records, meanwhile=counted):
            posting.write()
            for work, user_id in posting.crossings():
                outbox.add(work, {"user_id": user_id}, now=now)
            _tell_repeats(repeats, outcomes)
            return
    raise UsageContended(say("Other posts keep taking the same request ids; send the batch again."))


def _count(posting: Posting, fresh: Sequence[Candidate], outcomes: Outcomes) -> None:
    """Do what needs no answer of the database, which inserts the records meanwhile."""
    posting.count()
    for candidate, record in zip(fresh, posting.records, strict=True):
        unpriced = record.status == RecordStatus.UNPRICED
        status = OutcomeStatus.UNPRICED if unpriced else OutcomeStatus.ACCEPTED
        outcomes[candidate.position] = _stands(record, status)


def _tell_apart(
    candidates: Sequence[Candidate], outcomes: Outcomes
) -> tuple[list[Candidate], list[tuple[Candidate, Candidate]]]:
    """Return the fresh candidates, and the repeats within the batch with what they repeat."""
    request_ids = {candidate.report.request_id for candidate in candidates}
    known = recording.recorded(request_ids)
    gone = pruning.pruned(request_ids - known.keys())
    fresh: dict[str, Candidate] = {}
    repeats = []
    for candidate in candidates:
        report = candidate.report
        record = known.get(report.request_id)
        if report.request_id in gone:
            outcomes[candidate.position] = _repeat(report, gone[report.request_id])
        elif record is None and report.request_id in fresh:
            repeats.append((candidate, fresh[report.request_id]))
        elif record is None:
            fresh[report.request_id] = candidate
        elif recording.is_same_request(report, record):
            outcomes[candidate.position] = _stands(record, OutcomeStatus.DUPLICATE)
        else:
            outcomes[candidate.position] = _conflict(report)
    return list(fresh.values()), repeats


def _posting(
    fresh: Sequence[Candidate],
    balances: Mapping[str, Balance],
    *,
    now: datetime,
    grace: timedelta,
) -> Posting:
    """Ask everything that splitting and counting the fresh records depends on."""
    user_ids = {candidate.report.user_id for candidate in fresh}
    since = min((candidate.occurred_at for candidate in fresh), default=now)
    periods: dict[str, list[UsagePeriod]] = defaultdict(list)
    for period in subscriptions.usage_periods(user_ids, since=since, now=now, grace=grace):
        periods[period.user_id].append(period)
    months = {month_of(candidate.occurred_at) for candidate in fresh}
    return Posting(
        balances=balances,
        periods=periods,
        closed=recording.closed_months(user_ids, months=months),
        labels=recording.labels(recording.labels_of([candidate.report for candidate in fresh])),
        now=now,
    )


def _tell_repeats(repeats: Sequence[tuple[Candidate, Candidate]], outcomes: Outcomes) -> None:
    for candidate, first in repeats:
        if recording.is_same_report(candidate.report, first.report):
            stands = outcomes[first.position]
            outcomes[candidate.position] = stands.renamed(OutcomeStatus.DUPLICATE)
        else:
            outcomes[candidate.position] = _conflict(candidate.report)


def _stands(record: NewRecord | Recorded, status: OutcomeStatus) -> Outcome:
    # An unpriced model has no cost yet, which is not a cost of 0.
    is_priced = record.status != RecordStatus.UNPRICED
    return Outcome(
        request_id=record.request_id,
        status=status,
        cost_nanos=record.cost_nanos if is_priced else None,
        final_nanos=record.final_nanos if is_priced else None,
        quota_tokens=record.quota_tokens,
        extra_tokens=record.extra_tokens,
        overage_tokens=record.overage_tokens,
    )


def _repeat(report: UsageReport, kept: Remembered) -> Outcome:
    """Answer a request that was billed long ago: what it cost is not told any more."""
    if not pruning.is_same(report, kept):
        return _conflict(report)
    return Outcome(request_id=report.request_id, status=OutcomeStatus.DUPLICATE)


def _conflict(report: UsageReport) -> Outcome:
    detail = say("This request_id was recorded with other content; the first record stands.")
    fault = FieldError("request_id", "request_id_conflict", detail)
    return _refused(report, OutcomeStatus.CONFLICT, fault)


def _refused(report: UsageReport, status: OutcomeStatus, fault: FieldError) -> Outcome:
    return Outcome(
        request_id=report.request_id,
        status=status,
        code=fault.code,
        detail=fault.detail,
        faults=(fault,),
    )
