"""CloudEvents as OpenMeter's clients post them, LiteLLM's `openmeter` callback among them. Pure.

A CloudEvent is the same as another if `source` and `id` are: LiteLLM repeats the id where its cache
answers, which makes such a request free. Embeddings alone have a new id each time (1.108).
"""

from app.domain.accounts.attribution import Attribution, WireFormat
from app.entrypoints.api.foreign_reports import (
    Event,
    Used,
    cache_hit,
    fields_of,
    rejected,
    report_of,
    request_id_of,
    text_of,
    was_unpaid,
)
from app.entrypoints.api.usage_recording import Reading

# OpenMeter's own examples send one event for each side of a request: {"type", "tokens"}.
SIDES = {
    "input": "prompt_tokens",
    "prompt": "prompt_tokens",
    "output": "completion_tokens",
    "completion": "completion_tokens",
}


def read_event(event: object, *, whom: Attribution) -> Reading:
    """Return the report of one event, or why it bills nothing."""
    if not isinstance(event, dict):
        return rejected(None, "event_not_object", "A CloudEvent must be a JSON object.")
    names = {name: text_of(event.get(name)) for name in ("id", "source")}
    for name, value in names.items():
        if not value:
            detail = f"A CloudEvent needs its {name}."
            return rejected(None, f"{name}_missing", detail, field=name)
    request_id = request_id_of(WireFormat.CLOUDEVENTS, names["id"], names["source"], names["id"])
    counted = fields_of(event.get("data"))
    if was_unpaid(event.get("type"), counted.get("cost")):
        return cache_hit(request_id)
    used = _used(counted, occurred_at=event.get("time"))
    return report_of(event, used, request_id=request_id, wire=WireFormat.CLOUDEVENTS, whom=whom)


def _used(sent: Event, *, occurred_at: object) -> Used:
    side = SIDES.get(text_of(sent.get("type")))
    counts = {name: sent.get(name) for name in ("prompt_tokens", "completion_tokens")}
    if side is not None and counts[side] is None:
        counts[side] = sent.get("tokens")
    return Used(
        model=sent.get("model"),
        prompt_tokens=counts["prompt_tokens"],
        completion_tokens=counts["completion_tokens"],
        cached_tokens=sent.get("cached_tokens"),
        cache_write_tokens=sent.get("cache_write_tokens"),
        reasoning_tokens=sent.get("reasoning_tokens"),
        provider=sent.get("provider"),
        occurred_at=occurred_at,
        cost=sent.get("cost"),
    )
