"""Holds JSON objects against the types that Stripe's SDK declares for them.

The SDK's classes are generated from Stripe's own description of the API, one for each object and
each group inside it. So they say, offline and for the very version in use, what an answer may
look like: which fields exist, which may be null, and of what type each of them is.
"""

import ast
import functools
import importlib
import inspect
import sys
import types
import typing
from collections.abc import Iterator
from decimal import Decimal

import stripe
from stripe._object_classes import get_object_class
from stripe._stripe_object import UntypedStripeObject

Json = dict[str, typing.Any]
# Set by the SDK on answers that say so; no ordinary object has it.
NEVER_REQUIRED = {"deleted"}
SCALARS: dict[type, tuple[type, ...]] = {
    str: (str,),
    int: (int,),
    float: (int, float),
    bool: (bool,),
    # Travels as text, so that nothing is lost.
    Decimal: (str,),
}


def differences(body: Json) -> Iterator[str]:
    """Say in one line each where an object is not what the SDK expects."""
    kind = body["object"]
    if kind == "list":
        for item in body["data"]:
            yield from differences(item)
        return
    yield from _group(body, get_object_class("V1", kind), kind)
    if kind == "event":
        yield from differences(body["data"]["object"])


def _group(value: object, shape: type, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path} is no object but {value!r}"
        return
    known = _fields(shape)
    for name in sorted(value.keys() - known.keys() - {"object"}):
        yield f"{path}.{name} is unknown"
    for name, expected in known.items():
        if name in value:
            yield from _compared(value[name], expected, f"{path}.{name}")
        elif name not in NEVER_REQUIRED and not _may_be_null(expected):
            yield f"{path}.{name} is missing"


def _compared(value: object, expected: object, path: str) -> Iterator[str]:
    origin, inner = typing.get_origin(expected), typing.get_args(expected)
    if expected is typing.Any or isinstance(expected, typing.TypeVar):
        return
    if origin in (typing.Union, types.UnionType):
        yield from _one_of(value, inner, path)
    elif origin is typing.Literal:
        if value not in inner:
            yield f"{path} is {value!r}, not one of {inner}"
    elif origin is list:
        yield from _listed(value, inner[0], path)
    elif expected in SCALARS:
        if type(value) not in SCALARS[expected]:
            yield f"{path} is {value!r}, not {expected.__name__}"
    else:
        yield from _of_class(value, origin or expected, inner, path)


def _of_class(value: object, shape: type, inner: tuple[object, ...], path: str) -> Iterator[str]:
    if shape is stripe.ListObject:
        items = value.get("data") if isinstance(value, dict) else None
        yield from _listed(items, inner[0], f"{path}.data")
    elif shape is dict or issubclass(shape, UntypedStripeObject):
        if not isinstance(value, dict):
            yield f"{path} is no group of values but {value!r}"
    else:
        yield from _group(value, shape, path)


def _one_of(value: object, alternatives: tuple[object, ...], path: str) -> Iterator[str]:
    if value is None:
        if type(None) not in alternatives:
            yield f"{path} is null"
        return
    choices = [
        c for a in alternatives if typing.get_origin(a) is typing.Literal for c in a.__args__
    ]
    if choices and isinstance(value, str) and str in alternatives:
        # "One of these, or any text" is how the SDK writes an enumeration that may grow.
        if value not in choices:
            yield f"{path} is {value!r}, not one of {choices}"
        return
    tries = [list(_compared(value, a, path)) for a in alternatives if a is not type(None)]
    if all(tries):
        yield from min(tries, key=len)


def _listed(value: object, expected: object, path: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{path} is no list but {value!r}"
        return
    for place, item in enumerate(value):
        yield from _compared(item, expected, f"{path}[{place}]")


def _may_be_null(expected: object) -> bool:
    return type(None) in typing.get_args(expected)


@functools.cache
def _fields(shape: type) -> dict[str, object]:
    """Return the fields of a class with their types, names in quotes resolved."""
    module = sys.modules[shape.__module__]
    names = {**vars(module), **_imported_for_the_type_checker(module)}
    outer: object = module
    for step in shape.__qualname__.split("."):
        outer = getattr(outer, step)
        names |= vars(outer)
    declared = {
        n: a
        for n, a in shape.__annotations__.items()
        if typing.get_origin(a) is not typing.ClassVar
    }
    holder = types.SimpleNamespace(__annotations__=declared)
    return typing.get_type_hints(holder, globalns=names)


@functools.cache
def _imported_for_the_type_checker(module: types.ModuleType) -> dict[str, object]:
    """Return what a module imports below `if TYPE_CHECKING`: it refers to it in quotes."""
    found = {}
    for block in ast.parse(inspect.getsource(module)).body:
        if isinstance(block, ast.If):
            for line in ast.walk(block):
                if isinstance(line, ast.ImportFrom) and not str(line.module).startswith(
                    "stripe.params"
                ):
                    origin = importlib.import_module(str(line.module))
                    found |= {
                        alias.asname or alias.name: getattr(origin, alias.name)
                        for alias in line.names
                    }
    return found
