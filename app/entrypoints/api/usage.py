"""What gateways post: usage, voids and estimates."""

from collections.abc import Mapping

from flask import Blueprint, Response, g

from app.entrypoints.api.answering import answer, moment_text
from app.entrypoints.api.auth import for_customers_and_gateways, for_gateways, only_reads
from app.entrypoints.api.changing import changes, changes_together
from app.entrypoints.api.reading_bodies import json_object
from app.entrypoints.api.reading_queries import is_verbose
from app.entrypoints.api.usage_answers import Answered, batch_answer, estimate_answer, single_answer
from app.entrypoints.api.usage_bodies import read_estimate, read_void, records_of
from app.entrypoints.api.usage_recording import recorded
from app.entrypoints.api.usage_shapes import read_or_reject
from app.entrypoints.settings import renewal_grace
from app.foundation import clock
from app.foundation.money import usd_from_nanos
from app.workflows.estimate_usage import estimate_usage
from app.workflows.void_usage import void_usage

calls = Blueprint("usage", __name__)


@calls.post("/usage")
@for_gateways
@changes_together
def post_usage() -> Response:
    """Record one request or a batch of them; answered after the commit."""
    verbose, body = is_verbose(), json_object()
    return answer(posted(body, verbose=verbose))


def posted(body: Mapping[str, object], *, verbose: bool) -> Answered:
    """Record what a body holds, and return the answer. Raises Refusal for a single record."""
    if "records" not in body:
        return single_answer(recorded([read_or_reject(body)])[0])
    outcomes = recorded([read_or_reject(record) for record in records_of(body)])
    return batch_answer(outcomes, verbose=verbose)


@calls.post("/usage/void")
@for_gateways
@changes
def post_void() -> Response:
    """Void one request, for a reason."""
    wanted = read_void(json_object())
    record = void_usage(
        wanted.request_id, reason=wanted.reason, actor=f"gateway:{g.key.public_id}", now=clock.now()
    )
    return answer(
        {
            "request_id": record.request_id,
            "user_id": record.user_id,
            "status": record.status,
            "reason": record.void_reason,
            "voided_at": moment_text(record.voided_at or record.updated_at),
            "final_cost": usd_from_nanos(record.final_nanos),
        }
    )


@calls.post("/estimate")
@for_customers_and_gateways
@only_reads
def post_estimate() -> Response:
    """Say what a request would cost if it were posted now; nothing is stored."""
    report, account = read_estimate(json_object(), caller=g.get("account"))
    return estimate_answer(estimate_usage(report, account, now=clock.now(), grace=renewal_grace()))
