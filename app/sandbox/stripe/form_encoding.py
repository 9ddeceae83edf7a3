"""How Stripe's clients write nested parameters: `line_items[0][quantity]=1`."""

import re
from urllib.parse import parse_qsl

from app.sandbox.stripe.refusals import Json, RequestInvalid

NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
FIELDS_MAX = 1000
DEPTH_MAX = 10


def decode(body: bytes) -> Json:
    """Return the parameters with their nesting; every value is still text."""
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX
        )
    except ValueError:
        raise RequestInvalid("The parameters cannot be read as an UTF-8 encoded form.") from None
    root: Json = {}
    for name, value in pairs:
        _put(root, _path(name), value)
    return {key: _with_lists(value) for key, value in root.items()}


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


def _with_lists(value: Json | str) -> object:
    """Turn groups with the keys 0, 1, 2 … into lists."""
    if isinstance(value, str):
        return value
    inside = {key: _with_lists(inner) for key, inner in value.items()}
    if all(key.isascii() and key.isdigit() for key in inside):
        return [inside[key] for key in sorted(inside, key=int)]
    return inside
