"""Puts objects in the place of their ids where the caller asked for it."""

import copy

from app.sandbox.stripe import line_items
from app.sandbox.stripe.refusals import Json, RequestInvalid
from app.sandbox.stripe.work import Work

DEPTH_MAX = 4


def expanded(work: Work, body: Json, paths: list[str]) -> Json:
    """Return the answer with what the paths name, as `payment_intent.latest_charge`."""
    answer = copy.deepcopy(body)
    for path in paths:
        steps = path.split(".")
        if len(steps) > DEPTH_MAX:
            message = f"You cannot expand more than {DEPTH_MAX} levels of a property: {path}"
            raise RequestInvalid(message, param="expand")
        _expand(work, answer, steps, path)
    return answer


def _expand(work: Work, place: Json, steps: list[str], path: str) -> None:
    step, *further = steps
    if place.get("object") == "list" and step == "data" and further:
        for item in place["data"]:
            _expand(work, item, further, path)
        return
    inner = _found(work, place, step, path)
    if inner is not None:
        place[step] = inner
        if further:
            _expand(work, inner, further, path)


def _found(work: Work, place: Json, step: str, path: str) -> Json | None:
    """Return the object a field stands for, or None where the field is null."""
    if place.get("object") == "checkout.session" and step == "line_items":
        return line_items.of_session(work, place["id"])
    value = place.get(step, "")
    if value is None:
        return None
    found = value if isinstance(value, dict) else work.of_any_kind(str(value))
    if step == "id" or found is None or "object" not in found:
        raise RequestInvalid(f"This property cannot be expanded ({path}).", param="expand")
    return found
