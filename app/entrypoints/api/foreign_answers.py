"""How posts in the formats of others are answered, each in the way that its clients understand.

Whatever could be read is answered as taken, and what was refused of it stands in the answer and in
our log. No client repairs an event because of a status: LiteLLM (measured) drops a whole batch at
any 4xx and repeats only after 5xx; Lago's agent SDK takes a refused batch apart and drops the bad
events of it; collectors repeat for ever whatever is not 2xx. So a 4xx is left for bodies that
nobody can read and for keys that must be changed first, and 503 for what will pass.
"""

import json
import logging
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from flask import Response, current_app, g

from app.domain.usage.reports import Outcome, OutcomeStatus
from app.entrypoints.api.answering import answer, moment_text
from app.entrypoints.api.foreign_reports import fields_of, moment_of, plain_of
from app.entrypoints.api.usage_answers import batch_counts, result_of
from app.entrypoints.problems import sendable

REFUSED_HEADER = "Usage-Refused"
SHOWN_MAX = 10


def litellm_answer(outcomes: Sequence[Outcome], *, verbose: bool) -> Response:
    """Answer LiteLLM, which reads no more than the status; people read the rest."""
    _log_refused(outcomes)
    body = {**batch_counts(outcomes), "ignored": _ignored_count(outcomes)}
    if verbose:
        body["results"] = [result_of(outcome) for outcome in outcomes]
    return answer(body)


def openmeter_answer(outcomes: Sequence[Outcome]) -> Response:
    """Answer OpenMeter's clients, whose SDK raises unless it gets a 204."""
    _log_refused(outcomes)
    response = Response(status=204)
    response.headers.pop("Content-Type", None)
    refused = Counter(outcome.code for outcome in outcomes if _is_refused(outcome))
    if refused:
        # A 204 has no body, and whoever tries it by hand should see what he would find in the log.
        counted = [f"{code}={number}" for code, number in sorted(refused.items())]
        response.headers[REFUSED_HEADER] = ", ".join(counted)
    return response


def lago_answer(event: object, outcome: Outcome, *, now: datetime) -> Response:
    """Answer one event as Lago does."""
    _log_refused([outcome])
    return _lago({"event": _lago_event(event, outcome, now=now), **batch_counts([outcome])})


def lago_batch_answer(
    events: Sequence[object], outcomes: Sequence[Outcome], *, now: datetime
) -> Response:
    """Answer a batch as Lago does, though one bad event does not refuse the others."""
    _log_refused(outcomes)
    taken = [
        _lago_event(event, outcome, now=now)
        for event, outcome in zip(events, outcomes, strict=True)
        if not _is_refused(outcome)
    ]
    return _lago({"events": taken, **batch_counts(outcomes)})


def _lago(body: Mapping[str, object]) -> Response:
    # Written in ASCII: what clients sent comes back, whatever it was.
    response = Response(json.dumps(body), content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def _lago_event(event: object, outcome: Outcome, *, now: datetime) -> dict[str, object]:
    sent = fields_of(event)
    properties = fields_of(sent.get("properties"))
    moment = moment_of(sent.get("timestamp"))
    return {
        "lago_id": str(uuid.uuid5(uuid.NAMESPACE_URL, sendable(outcome.request_id or ""))),
        "transaction_id": plain_of(sent.get("transaction_id")),
        "lago_customer_id": None,
        "lago_subscription_id": None,
        "external_subscription_id": plain_of(sent.get("external_subscription_id")),
        "code": plain_of(sent.get("code")),
        "timestamp": moment_text(now) if moment is None else plain_of(moment),
        "properties": {name: plain_of(value) for name, value in properties.items()},
        "created_at": moment_text(now),
    }


def _ignored_count(outcomes: Sequence[Outcome]) -> int:
    return sum(outcome.status == OutcomeStatus.IGNORED for outcome in outcomes)


def _is_refused(outcome: Outcome) -> bool:
    return outcome.status in (OutcomeStatus.REJECTED, OutcomeStatus.CONFLICT)


def _log_refused(outcomes: Sequence[Outcome]) -> None:
    """Tell the operator what was not recorded: the clients themselves do not."""
    refused = [outcome for outcome in outcomes if _is_refused(outcome)]
    if refused:
        # LiteLLM repeats an OpenMeter event's id where its cache answers: that is no loss.
        lost = any(outcome.status == OutcomeStatus.REJECTED for outcome in refused)
        shown = [f"{o.request_id!a} {o.code}: {o.detail!a}" for o in refused[:SHOWN_MAX]]
        current_app.logger.log(
            logging.WARNING if lost else logging.INFO,
            "Gateway %r: %d of %d events were not recorded, among them %s",
            g.attribution.gateway,
            len(refused),
            len(outcomes),
            "; ".join(shown),
        )
