"""Holds JSON objects against the models that PayPal's SDK declares for them.

The SDK's models are generated from PayPal's description of the API: each lists its fields, which
of them are optional, and in its docstring the type of each.
"""

import functools
import importlib
import re
from collections.abc import Iterator
from typing import Any

FIELD = re.compile(r"^ {8}(\w+) \((List\[)?(\w+)\]?\):", re.MULTILINE)
SCALARS = {"str": str, "int": int, "bool": bool, "Any": object, "object": object}
ENUMERATION = re.compile(r"[A-Z][A-Z0-9_]*")


def differences(body: object, kind: str) -> Iterator[str]:
    """Say in one line each where an object is not what the SDK's model of a kind expects."""
    yield from _group(body, "".join(part.capitalize() for part in kind.split("_")), kind)


def _group(value: object, name: str, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path} is no object but {value!r}"
        return
    model = _model(name)
    fields = {api: model.types[attribute] for attribute, api in model.names.items()}
    for given in sorted(value.keys() - fields.keys()):
        yield f"{path}.{given} is unknown"
    for attribute, api in model.names.items():
        if api in value:
            yield from _compared(value[api], *fields[api], f"{path}.{api}")
        elif attribute not in model.optionals:
            yield f"{path}.{api} is missing"


def _compared(value: object, is_list: bool, name: str, path: str) -> Iterator[str]:
    if is_list:
        if not isinstance(value, list):
            yield f"{path} is no list but {value!r}"
            return
        for place, item in enumerate(value):
            yield from _compared(item, False, name, f"{path}[{place}]")
    elif name in SCALARS:
        if not isinstance(value, SCALARS[name]):
            yield f"{path} is {value!r}, not {name}"
    elif choices := _model(name).choices:
        if value not in choices:
            yield f"{path} is {value!r}, not one of {sorted(choices)}"
    else:
        yield from _group(value, name, path)


class Model:
    """What a class of the SDK says of itself."""

    def __init__(self, shape: type) -> None:
        self.names: dict[str, str] = getattr(shape, "_names", {})
        self.optionals = frozenset(getattr(shape, "_optionals", ()))
        self.types = {
            attribute: (bool(is_list), type_name)
            for attribute, is_list, type_name in FIELD.findall(shape.__doc__ or "")
        }
        constants = {
            name: value for name, value in vars(shape).items() if ENUMERATION.fullmatch(name)
        }
        self.choices = frozenset(constants.values()) if not self.names else frozenset()


@functools.cache
def _model(name: str) -> Model:
    file = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
    module: Any = importlib.import_module(f"paypalserversdk.models.{file}")
    return Model(getattr(module, name))
