"""What the code tells people is said as a sentence that can be translated."""

import ast
from collections.abc import Iterator

import pytest

from app.foundation.errors import DomainError
from tests.architecture.source import Module, modules_of_the_app

# What is told to operators at the command line, to programs and to providers is English alone.
ENGLISH_ALONE = (
    *("app.adapters", "app.entrypoints.api", "app.entrypoints.cli", "app.entrypoints.webhooks"),
    *("app.entrypoints.jobs", "app.sandbox", "app.config", "app.entrypoints.gateways"),
)
MODULES = [
    module
    for module in modules_of_the_app()
    if not any(module.lies_in(package) for package in ENGLISH_ALONE)
]


def refusals() -> set[str]:
    """Return the names of all refusals."""
    found, waiting = {"FieldError"}, [DomainError]
    while waiting:
        kind = waiting.pop()
        found.add(kind.__name__)
        waiting += kind.__subclasses__()
    return found


def unsaid(tree: ast.AST, names: set[str]) -> Iterator[str]:
    """Return the texts that refusals are made of without having been said."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and _name(call.func) in names:
            # The code of a refusal is no sentence: it has no space.
            for argument in [*call.args, *(keyword.value for keyword in call.keywords)]:
                if isinstance(argument, ast.JoinedStr):
                    yield f"{call.lineno}: {ast.unparse(argument)}"
                elif isinstance(argument, ast.Constant) and " " in str(argument.value):
                    yield f"{call.lineno}: {argument.value}"


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_refusals_are_said(module: Module) -> None:
    assert list(unsaid(module.tree, refusals())) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('raise Refused("This is over.")', 1),
        ('raise Refused(f"Not {this}")', 1),
        ('raise Refused(say("This is over."))', 0),
        ('raise Refused("code_of_it", say("This is over."))', 0),
        ('FieldError("a.b", "field_missing", "This is missing.")', 1),
        ("raise Refused(message)", 0),
    ],
)
def test_unsaid_texts_are_found(source: str, found: int) -> None:
    assert len(list(unsaid(ast.parse(source), {"Refused", "FieldError"}))) == found
