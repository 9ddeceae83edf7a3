"""How posts of usage are answered: counted for batches, in the status for single records."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from flask import Response

from app.domain.usage.reports import Outcome, OutcomeStatus
from app.entrypoints.api.answering import answer
from app.entrypoints.problems import sendable
from app.foundation.errors import FieldError, Kind, Refusal
from app.foundation.money import usd_from_nanos

COUNTED_AS_ACCEPTED = (OutcomeStatus.ACCEPTED, OutcomeStatus.UNPRICED)
Answered = dict[str, object]


def single_answer(outcome: Outcome) -> Answered:
    """Answer one record. Raises Refusal where it was refused or conflicts with what stands."""
    if outcome.status == OutcomeStatus.CONFLICT:
        raise Refusal(outcome.code, outcome.detail, kind=Kind.CONFLICT, fields=outcome.faults)
    if outcome.status == OutcomeStatus.REJECTED:
        raise Refusal(outcome.code, outcome.detail, fields=outcome.faults)
    return {**batch_counts([outcome]), "results": [result_of(outcome)]}


def batch_answer(outcomes: Sequence[Outcome], *, verbose: bool) -> Answered:
    """Answer a batch: how many of which, each refusal, and on request each result."""
    body = batch_counts(outcomes)
    if verbose:
        body["results"] = [result_of(outcome) for outcome in outcomes]
    return body


def estimate_answer(outcome: Outcome) -> Response:
    """Answer what a request would cost; an unpriced model has no cost, which is not a cost of 0."""
    result = result_of(outcome)
    result.pop("request_id")
    return answer(result)


def batch_counts(outcomes: Sequence[Outcome]) -> Answered:
    """Return how many were accepted, were there before, conflict or were refused, and which."""
    statuses = [outcome.status for outcome in outcomes]
    return {
        "accepted": sum(status in COUNTED_AS_ACCEPTED for status in statuses),
        "duplicates": statuses.count(OutcomeStatus.DUPLICATE),
        "conflicts": statuses.count(OutcomeStatus.CONFLICT),
        "rejected": _places(outcomes, OutcomeStatus.REJECTED),
        "conflicting": _places(outcomes, OutcomeStatus.CONFLICT),
    }


def _places(outcomes: Iterable[Outcome], status: OutcomeStatus) -> list[Answered]:
    return [
        {
            "index": index,
            "request_id": None if outcome.request_id is None else sendable(outcome.request_id),
            "code": outcome.code,
            "detail": sendable(outcome.detail),
            "errors": [_fault(fault, f"records[{index}]") for fault in outcome.faults],
        }
        for index, outcome in enumerate(outcomes)
        if outcome.status == status
    ]


def _fault(fault: FieldError, record: str) -> Answered:
    # A record that is no object at all has no field to point at.
    return {
        "path": sendable(f"{record}.{fault.path}" if fault.path else record),
        "code": fault.code,
        "detail": sendable(fault.detail),
    }


def result_of(outcome: Outcome) -> Answered:
    """Return what became of one report."""
    return {
        "request_id": None if outcome.request_id is None else sendable(outcome.request_id),
        "status": outcome.status,
        "cost": _usd(outcome.cost_nanos),
        "final_cost": _usd(outcome.final_nanos),
        "quota_tokens": outcome.quota_tokens,
        "extra_tokens": outcome.extra_tokens,
        "overage_tokens": outcome.overage_tokens,
    }


def _usd(nanos: int | None) -> Decimal | None:
    return None if nanos is None else usd_from_nanos(nanos)
