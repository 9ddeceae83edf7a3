"""Lists: newest first, filtered, page by page."""

from collections.abc import Callable, Iterable
from itertools import islice

from app.sandbox.stripe.calls import Call
from app.sandbox.stripe.refusals import Json, ParameterInvalid, no_such
from app.sandbox.stripe.work import Work

LIMIT = 10
LIMIT_MAX = 100
CURSORS = ("starting_after", "ending_before")
PAGING = frozenset({"limit", "expand", *CURSORS})
CREATED = frozenset({"created", "created.gt", "created.gte", "created.lt", "created.lte"})
COMPARED: dict[str, Callable[[int, int], bool]] = {
    "gt": int.__gt__,
    "gte": int.__ge__,
    "lt": int.__lt__,
    "lte": int.__le__,
}


def listed(work: Work, call: Call, kind: str, *, url: str, equal: Iterable[str] = ()) -> Json:
    """Return a page of a kind, of those that agree with the parameters named in `equal`."""
    wanted = {name: call.params[name] for name in equal if name in call.params}

    def agrees(body: Json) -> bool:
        return all(body[name] == value for name, value in wanted.items())

    return page(work, call, kind, agrees, url=url)


def page(work: Work, call: Call, kind: str, is_wanted: Callable[[Json], bool], *, url: str) -> Json:
    """Return the page that the parameters ask for, of those that are wanted."""
    params = call.params
    limit = params.get("limit", LIMIT)
    if not 1 <= limit <= LIMIT_MAX:
        message = f"This value must be from 1 to {LIMIT_MAX} (it currently is '{limit}')."
        raise ParameterInvalid(message, code="parameter_invalid_integer", param="limit")
    below, above = (_cursor(work, params, kind, name) for name in CURSORS)
    found = (
        body
        for body in work.newest(kind, below=below, above=above)
        if is_wanted(body) and _is_within(body["created"], params.get("created"))
    )
    if above:
        newer = list(found)
        shown, has_more = newer[-limit:], len(newer) > limit
    else:
        ahead = list(islice(found, limit + 1))
        shown, has_more = ahead[:limit], len(ahead) > limit
    return {"object": "list", "data": shown, "has_more": has_more, "url": url}


def _cursor(work: Work, params: Json, kind: str, name: str) -> str:
    """Return the id of the object that the page begins after or ends before, if any."""
    id: str = params.get(name, "")
    if name in params and work.find(kind, id) is None:
        raise no_such(kind, id, param=name)
    return id


def _is_within(created: int, bounds: Json | int | None) -> bool:
    conditions = {"gte": bounds, "lte": bounds} if isinstance(bounds, int) else bounds or {}
    return all(COMPARED[name](created, bound) for name, bound in conditions.items())
