"""The addresses of OpenMeter and Lago under `/api/v1`, for clients that know only those."""

from collections.abc import Sequence

from flask import Blueprint, Response, g, request

from app.domain.accounts.attribution import WireFormat
from app.domain.usage.reports import Outcome
from app.entrypoints.api import lago_events, openmeter_events
from app.entrypoints.api.auth import for_gateways
from app.entrypoints.api.changing import changes
from app.entrypoints.api.foreign_answers import lago_answer, lago_batch_answer, openmeter_answer
from app.entrypoints.api.foreign_bodies import foreign_value, refuse_too_many
from app.entrypoints.api.reading_bodies import JSON_MEDIA_TYPE, body_of, field_refusal
from app.entrypoints.api.usage_bodies import RECORDS_MAX
from app.entrypoints.api.usage_recording import recorded
from app.foundation import clock
from app.foundation.errors import Kind, Refusal

events = Blueprint("events", __name__)

CLOUDEVENTS = ("application/cloudevents+json", "application/cloudevents-batch+json")


@events.post("/events")
@for_gateways
@changes
def post_events() -> Response:
    """Record CloudEvents, one or a batch, or one event of Lago."""
    body = foreign_value(body_of(JSON_MEDIA_TYPE, *CLOUDEVENTS))
    if request.mimetype == JSON_MEDIA_TYPE and isinstance(body, dict) and "event" in body:
        (outcome,) = _recorded_for_lago([body["event"]])
        return lago_answer(body["event"], outcome, now=clock.now())
    if isinstance(body, dict) and "specversion" not in body:
        detail = 'Send a CloudEvent, an array of them, or {"event": …} as Lago takes it.'
        raise field_refusal("specversion", "event_unknown", detail)
    return openmeter_answer(_recorded_for_openmeter(body if isinstance(body, list) else [body]))


@events.post("/events/batch")
@for_gateways
@changes
def post_event_batch() -> Response:
    """Record a batch of Lago's events."""
    body = foreign_value(body_of(JSON_MEDIA_TYPE))
    sent = body.get("events") if isinstance(body, dict) else None
    if not isinstance(sent, list):
        raise field_refusal("events", "events_not_list", "events must be a list.")
    return lago_batch_answer(sent, _recorded_for_lago(sent), now=clock.now())


def _recorded_for_openmeter(sent: Sequence[object]) -> list[Outcome]:
    _refuse_what_bills_nobody(WireFormat.CLOUDEVENTS, field="subject")
    refuse_too_many(sent, most=RECORDS_MAX)
    readings = [openmeter_events.read_event(event, whom=g.attribution) for event in sent]
    return recorded(readings, wire=WireFormat.CLOUDEVENTS)


def _recorded_for_lago(sent: Sequence[object]) -> list[Outcome]:
    _refuse_what_bills_nobody(WireFormat.LAGO, field="external_subscription_id")
    refuse_too_many(sent, most=RECORDS_MAX)
    readings = lago_events.read_events(sent, whom=g.attribution)
    return recorded(readings, wire=WireFormat.LAGO)


def _refuse_what_bills_nobody(wire: WireFormat, *, field: str) -> None:
    # No event is at fault here, and none could do better: the first post already tells whoever
    # sets this up. Lago's agent SDK keeps what is refused with 403, until the key is another.
    if not g.attribution.bills_someone(wire):
        detail = (
            f"This key does not say whom events of {wire} bill. Make one with --attribute-to"
            f" USER, or with --attribute-by {field} if you trust what your clients send there."
        )
        raise Refusal("attribution_missing", detail, kind=Kind.FORBIDDEN)
