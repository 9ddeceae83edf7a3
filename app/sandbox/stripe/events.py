"""Events: what happened, in the order it did; what a webhook is made of."""

from app.sandbox.stripe.calls import Call
from app.sandbox.stripe.listing import page
from app.sandbox.stripe.refusals import Json, ParameterInvalid
from app.sandbox.stripe.work import Work

FILTERS = frozenset({"type", "types", "delivery_success"})
TYPES_MAX = 20


def retrieve(work: Work, call: Call) -> Json:
    """Return an event, as it was when it happened."""
    return work.addressed("event", call.id)


def index(work: Work, call: Call) -> Json:
    """Return a page of events."""
    params = call.params
    if "type" in params and "types" in params:
        raise ParameterInvalid("You may pass either type or types, but not both.", param="types")
    wanted = params.get("types", [params["type"]] if "type" in params else [])
    if len(wanted) > TYPES_MAX:
        raise ParameterInvalid(f"You can pass at most {TYPES_MAX} types.", param="types")
    delivered = params.get("delivery_success")

    def is_wanted(event: Json) -> bool:
        is_named = not wanted or any(_is_of(event["type"], pattern) for pattern in wanted)
        return is_named and delivered in (None, event["pending_webhooks"] == 0)

    return page(work, call, "event", is_wanted, url="/v1/events")


def _is_of(event_type: str, pattern: str) -> bool:
    """Tell whether the type is the one named, or of the group named as `charge.*`."""
    if pattern.endswith(".*"):
        return event_type.startswith(pattern[:-1])
    return event_type == pattern
