"""Record usage: each request once, priced, split and in every total, in one transaction.

What can be decided without a lock is decided first. Then the accounts are locked in the order of
their ids, and everything after that takes a fixed number of statements, however many records.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from app.domain.accounts import operations as accounts
from app.domain.accounts.operations import Balance
from app.domain.catalog import queries as catalog
from app.domain.catalog.rules import PriceBook
from app.domain.subscriptions import operations as subscriptions
from app.domain.subscriptions import queries as subscription_queries
from app.domain.subscriptions.queries import UsagePeriod
from app.domain.usage import pruning, recording, rules
from app.domain.usage.errors import UsageContended
from app.domain.usage.models import RecordStatus
from app.domain.usage.posting import Candidate, Posting
from app.domain.usage.pruning import Remembered
from app.domain.usage.recording import NONE_CLOSED, ClosedMonths, Labels
from app.domain.usage.records import NewRecord, Recorded
from app.domain.usage.reports import Outcome, OutcomeStatus, UsageReport
from app.foundation import money, outbox
from app.foundation.direct import in_one_go
from app.foundation.errors import FieldError
from app.foundation.periods import month_of
from app.foundation.sentences import say
from app.foundation.writes import Write

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
    for _ in range(TRIES_MAX):
        if not candidates or _record(candidates, outcomes, now=now, grace=grace):
            return [outcomes[index] for index in range(len(reports))]
    raise UsageContended(say("Other posts keep taking the same request ids; send the batch again."))


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


@dataclass(frozen=True, slots=True)
class _Standing:
    """What stands of the accounts and requests that reports speak of; the accounts are locked."""

    balances: Mapping[str, Balance]
    recorded: Mapping[str, Recorded]
    pruned: Mapping[str, Remembered]
    periods: Sequence[UsagePeriod]
    labels: Labels
    closed: ClosedMonths


def _lock(candidates: Sequence[Candidate], *, now: datetime) -> _Standing:
    """Lock the accounts in the order of their ids, and ask all that the reports depend on."""
    user_ids = {candidate.report.user_id for candidate in candidates}
    request_ids = {candidate.report.request_id for candidate in candidates}
    # Whether the running month is closed changes nothing: what it does not take, it takes.
    months = {month_of(candidate.occurred_at) for candidate in candidates} - {month_of(now)}
    with in_one_go():
        # First: what is asked after it does not change until the transaction ends.
        balances = accounts.ask_balances(user_ids, served_at=now)
        recorded = recording.ask_recorded(request_ids)
        pruned = pruning.ask_pruned(request_ids)
        periods = subscription_queries.ask_usage_periods(user_ids, since=_since(candidates))
        reports = [candidate.report for candidate in candidates]
        labels = recording.ask_labels(recording.labels_of(reports))
        asked = recording.ask_closed_months(user_ids, months=months) if months else None
    closed = NONE_CLOSED if asked is None else asked.get()
    return _Standing(
        balances=balances.get(),
        recorded=recorded.get(),
        pruned=pruned.get(),
        periods=periods.get(),
        labels=labels(),
        closed=closed,
    )


def _since(candidates: Sequence[Candidate]) -> datetime:
    return min(candidate.occurred_at for candidate in candidates)


def _record(
    candidates: Sequence[Candidate], outcomes: Outcomes, *, now: datetime, grace: timedelta
) -> bool:
    """Record what is fresh; false if somebody else has just taken one of the request ids."""
    standing = _lock(candidates, now=now)
    known = _known(candidates, standing.balances, outcomes)
    fresh, repeats = _tell_apart(known, standing, outcomes)
    if not fresh:
        return True
    posting = Posting(
        balances=standing.balances,
        periods=_periods(fresh, standing, now=now, grace=grace),
        closed=standing.closed,
        labels=standing.labels,
        now=now,
    )
    for candidate in fresh:
        posting.post(candidate)
    counted = partial(_count, posting, fresh, outcomes)
    if not recording.insert_records(posting.records, meanwhile=counted):
        return False
    for work, user_id in posting.crossings():
        outbox.add(work, {"user_id": user_id}, now=now)
    _tell_repeats(repeats, outcomes)
    return True


def _periods(
    fresh: Sequence[Candidate], standing: _Standing, *, now: datetime, grace: timedelta
) -> Mapping[str, Sequence[UsagePeriod]]:
    """Return the periods by account, rolled over where the current one has ended."""
    user_ids = {candidate.report.user_id for candidate in fresh}
    ours = [period for period in standing.periods if period.user_id in user_ids]
    periods: dict[str, list[UsagePeriod]] = defaultdict(list)
    for period in subscriptions.rolled_over(ours, since=_since(fresh), now=now, grace=grace):
        periods[period.user_id].append(period)
    return periods


def _known(
    candidates: Sequence[Candidate], balances: Mapping[str, Balance], outcomes: Outcomes
) -> list[Candidate]:
    """Return the reports of accounts that there are; the others are refused."""
    ours = []
    for candidate in candidates:
        user_id = candidate.report.user_id
        if user_id in balances:
            ours.append(candidate)
            continue
        wrong = {"user_id": user_id}
        detail = say("There is no account with the user_id {user_id}.", wrong)
        fault = FieldError("user_id", "unknown_user", detail)
        outcomes[candidate.position] = _refused(candidate.report, OutcomeStatus.REJECTED, fault)
    return ours


def _count(posting: Posting, fresh: Sequence[Candidate], outcomes: Outcomes) -> Sequence[Write]:
    """Do what needs no answer of the database, which inserts the records meanwhile."""
    posting.count()
    for candidate, record in zip(fresh, posting.records, strict=True):
        unpriced = record.status == RecordStatus.UNPRICED
        status = OutcomeStatus.UNPRICED if unpriced else OutcomeStatus.ACCEPTED
        outcomes[candidate.position] = _stands(record, status)
    return posting.writes()


def _tell_apart(
    candidates: Sequence[Candidate], standing: _Standing, outcomes: Outcomes
) -> tuple[list[Candidate], list[tuple[Candidate, Candidate]]]:
    """Return the fresh candidates, and the repeats within the batch with what they repeat."""
    known, gone = standing.recorded, standing.pruned
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
