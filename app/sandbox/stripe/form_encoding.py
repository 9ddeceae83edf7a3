"""How Stripe's clients write nested parameters: `line_items[0][quantity]=1`."""

import re
from urllib.parse import parse_qsl

from app.sandbox.stripe.refusals import Json, RequestInvalid

NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
FIELDS_MAX = 1000
DEPTH_MAX = 10


def decode(body: bytes) -> Json:
    """Return the parameters with their nesting: groups in groups, every value still text.

    A list is a group with the keys 0, 1, 2 …; whether it is one, only who expects it can tell.
    """
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX
        )
    except ValueError:
        raise RequestInvalid("The parameters cannot be read as an UTF-8 encoded form.") from None
    root: Json = {}
    for name, value in pairs:
        _put(root, _path(name), value)
    return root


def _path(name: str) -> list[str]:
    match = NAME.fullmatch(name)
    path = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])] if match else []
    if not path or len(path) > DEPTH_MAX:
        raise RequestInvalid(f"Invalid parameter name: {name}", param=name)
    return path


def _put(root: Json, path: list[str], value: str) -> None:
    *above, last = path
    place = root
    for key in above:
        place = place.setdefault(_index(place, key), {})
        if not isinstance(place, dict):
            raise RequestInvalid(f"{path[0]} is given both as a value and as a group of values.")
    key = _index(place, last)
    if isinstance(place.get(key), dict):
        raise RequestInvalid(f"{path[0]} is given both as a value and as a group of values.")
    place[key] = value


def _index(place: Json, key: str) -> str:
    """Return the key itself, or for `expand[]` the next free place of the list."""
    return key or str(len(place))
