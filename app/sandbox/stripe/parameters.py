"""Holds requests to the SDK's own description of each call: `stripe.params`.

The SDK sends whatever it is given; Stripe refuses what it does not know. So does this.
"""

import functools
import re
import types
import typing
from collections.abc import Callable, Collection, Iterator, Mapping
from decimal import Decimal
from urllib.parse import urlsplit

import stripe

from app.sandbox.stripe.refusals import (
    Json,
    NotInTheSandbox,
    ParameterInvalid,
    ParameterMissing,
    ParameterUnknown,
    parameter_empty,
)

WHOLE = re.compile(r"-?\d{1,18}", re.ASCII)
DECIMAL = re.compile(r"-?\d{1,18}(\.\d{1,12})?", re.ASCII)
BOOLEANS = {"true": True, "True": True, "false": False, "False": False}
# What the SDK's classes have beside the parameters themselves: they go into headers.
OPTIONS = frozenset(stripe.RequestOptions.__annotations__)
# Names that those annotations use but their modules import for the type checker alone.
UNIMPORTED = {"StripeContext": object, "Mapping": Mapping}


def checked(given: Json, shape: type, *, supported: Collection[str]) -> Json:
    """Return the parameters with their types, or refuse the first that is wrong.

    `supported` names what the sandbox can do of it, as `line_items.price_data.currency`.
    """
    taken = _fields(given, shape, "")
    for name in _leaves(taken, ""):
        if not any(name == known or name.startswith(f"{known}.") for known in supported):
            raise NotInTheSandbox(f"the parameter {name}", param=name)
    return taken


def check_url(url: str, *, param: str) -> None:
    """Refuse what a browser could not be sent to."""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"\s", url):
        raise ParameterInvalid(f"Not a valid URL: {url}", code="url_invalid", param=param)


@functools.cache
def _annotations(shape: type) -> dict[str, object]:
    hints = typing.get_type_hints(shape, localns=UNIMPORTED)
    return {name: hint for name, hint in hints.items() if name not in OPTIONS}


def _fields(given: Json, shape: type, path: str) -> Json:
    known = _annotations(shape)
    taken = {}
    for name, value in given.items():
        inner = _inside(path, name)
        if name not in known:
            raise ParameterUnknown(inner)
        taken[name] = _fitted(value, _alternatives(known[name]), inner)
    required: frozenset[str] = shape.__required_keys__  # type: ignore[attr-defined]
    for name in sorted(required - given.keys() - OPTIONS):
        raise ParameterMissing(_inside(path, name))
    return taken


def _fitted(value: object, alternatives: tuple[object, ...], path: str) -> object:
    if isinstance(value, dict):
        return _fitted_group(value, alternatives, path)
    return _fitted_text(str(value), alternatives, path)


def _fitted_group(value: Json, alternatives: tuple[object, ...], path: str) -> object:
    for expected in alternatives:
        origin, inner = typing.get_origin(expected), typing.get_args(expected)
        if isinstance(expected, type) and hasattr(expected, "__required_keys__"):
            return _fields(value, expected, path)
        if origin is dict:
            return dict(_fitted_items(value, inner[1], path))
        if origin is list:
            return [item for _, item in _fitted_items(_in_order(value, path), inner[0], path)]
    raise ParameterInvalid(f"{path} must be a single value, not a group of values.", param=path)


def _fitted_items(value: Json, expected: object, path: str) -> Iterator[tuple[str, object]]:
    for name, item in value.items():
        yield name, _fitted(item, _alternatives(expected), _inside(path, name))


def _in_order(value: Json, path: str) -> Json:
    if not all(key.isascii() and key.isdigit() for key in value):
        raise ParameterInvalid(f"Invalid array: {path} must be a list.", param=path)
    return {key: value[key] for key in sorted(value, key=int)}


def _fitted_text(text: str, alternatives: tuple[object, ...], path: str) -> object:
    choices = [choice for expected in alternatives for choice in _choices(expected)]
    if text in choices:
        return text
    scalars = [expected for expected in alternatives if isinstance(expected, type)]
    for expected in scalars:
        if expected in READ_AS and (found := READ_AS[expected](text)) is not None:
            return found
    named = [choice for choice in choices if choice]
    # The SDK writes an enumeration that may grow as its values "or any text".
    if str in scalars and not named:
        return text
    raise _misfit(text, scalars, named, path)


def _misfit(text: str, scalars: list[type], named: list[str], path: str) -> ParameterInvalid:
    if text == "":
        return parameter_empty(path)
    if named:
        return ParameterInvalid(f"Invalid {path}: must be one of {', '.join(named)}", param=path)
    if int in scalars:
        message = f"Invalid integer: {text}"
        return ParameterInvalid(message, code="parameter_invalid_integer", param=path)
    if scalars:
        return ParameterInvalid(f"Invalid {scalars[0].__name__}: {text}", param=path)
    return ParameterInvalid(f"{path} must be a group of values, not '{text}'.", param=path)


def _whole(text: str) -> int | None:
    return int(text) if WHOLE.fullmatch(text) else None


def _decimal(text: str) -> str | None:
    return text if DECIMAL.fullmatch(text) else None


READ_AS: dict[type, Callable[[str], object]] = {
    bool: BOOLEANS.get,
    int: _whole,
    float: _decimal,
    Decimal: _decimal,
}


def _alternatives(expected: object) -> tuple[object, ...]:
    if typing.get_origin(expected) in (typing.Union, types.UnionType):
        return typing.get_args(expected)
    return (expected,)


def _choices(expected: object) -> tuple[str, ...]:
    return typing.get_args(expected) if typing.get_origin(expected) is typing.Literal else ()


def _inside(path: str, name: str) -> str:
    return f"{path}[{name}]" if path else name


def _leaves(value: object, name: str) -> Iterator[str]:
    """Name every single value by its path, without the places in lists."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, name)
    else:
        yield name
