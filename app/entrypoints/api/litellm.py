"""LiteLLM's `generic_api` callback: point it here as it is."""

from flask import Blueprint, Response, g

from app.domain.accounts.attribution import WireFormat
from app.entrypoints.api.auth import for_gateways
from app.entrypoints.api.changing import changes
from app.entrypoints.api.foreign_answers import litellm_answer
from app.entrypoints.api.foreign_bodies import foreign_values, refuse_too_many, takes_up_to
from app.entrypoints.api.litellm_events import read_event
from app.entrypoints.api.reading_bodies import body_of
from app.entrypoints.api.reading_queries import is_verbose
from app.entrypoints.api.usage_recording import recorded

calls = Blueprint("litellm", __name__)

# LiteLLM says application/json for ndjson, too; those who post files by hand may know better.
MEDIA_TYPES = ("application/json", "application/x-ndjson", "application/jsonl")
# A batch has 512 events of 12 KB, and their prompts and answers on top; a 413 loses all of it.
BODY_MAX_BYTES = 32 * 1024 * 1024
EVENTS_MAX = 4_000


@calls.post("/usage/litellm")
@takes_up_to(BODY_MAX_BYTES)
@for_gateways
@changes
def post_litellm_usage() -> Response:
    """Record LiteLLM's events: an array, ndjson, or one of them."""
    verbose, events = is_verbose(), foreign_values(body_of(*MEDIA_TYPES))
    refuse_too_many(events, most=EVENTS_MAX)
    readings = [read_event(event, whom=g.attribution) for event in events]
    outcomes = recorded(readings, wire=WireFormat.LITELLM)
    return litellm_answer(outcomes, verbose=verbose)
