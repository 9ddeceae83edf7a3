"""The house rules about how code reads: sizes, names and docstrings."""

import ast
import re
from collections.abc import Iterator

from tests.architecture.rules import lines_of
from tests.architecture.source import Module

FUNCTION_LINES_MAX = 40
FILE_LINES_MAX = 400
TEMPLATE_LINES_MAX = 150
BANNED = {
    "util", "utils", "helper", "helpers", "common", "manager", "process", "handle", "data",
    "info", "misc",
}  # fmt: skip
# SQLAlchemy and WTForms call these by name.
NAMED_BY_OTHERS = {
    "process_bind_param", "process_result_value", "process_literal_param",
    "process_data", "process_formdata",
    "handle_starttag", "handle_startendtag", "handle_endtag", "handle_data",
    "handle_entityref", "handle_charref",
}  # fmt: skip
# Passed on to a template, or to Flask's configuration: names that only the receiver knows.
OPEN_ENDED = {"context", "overrides"}
WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")


def functions_are_short(module: Module) -> Iterator[str]:
    """A function has at most 40 lines."""
    for function in module.functions():
        if lines_of(function) > FUNCTION_LINES_MAX:
            yield f"{module.name}.{function.name} has {lines_of(function)} lines"


def modules_say_what_they_are_for(module: Module) -> Iterator[str]:
    """Every module begins with a docstring."""
    if not ast.get_docstring(module.tree):
        yield f"{module.name} does not say what it is for"


def names_mean_something(module: Module) -> Iterator[str]:
    """No module, class, function, parameter or variable has a name that could be anything's."""
    if words_of(module.name) & BANNED:
        yield f"{module.name} has a name that says nothing"
    for node in ast.walk(module.tree):
        name = _given_name(node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            says_nothing = bool(words_of(name) & BANNED) and name not in NAMED_BY_OTHERS
        else:
            says_nothing = name in BANNED and not _is_field(module.tree, node)
        if says_nothing:
            yield f"{module.name}:{node.lineno} calls something {name}"


def _given_name(node: ast.AST) -> str:
    """Return the name that is given here; nothing where a name is only used."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return node.name
    if isinstance(node, ast.arg):
        return node.arg
    return node.id if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) else ""


def words_of(name: str) -> set[str]:
    """Return the words of a name, in either spelling."""
    return {word.lower() for word in WORD.findall(name)}


def _is_field(tree: ast.Module, node: ast.AST) -> bool:
    """Tell whether it names a field of a class: those are named by whoever sends them to us."""
    holders = (holder for holder in ast.walk(tree) if isinstance(holder, ast.ClassDef))
    return any(
        isinstance(line, ast.AnnAssign) and line.target is node
        for holder in holders
        for line in holder.body
    )


def functions_name_what_they_take(module: Module) -> Iterator[str]:
    """No `**kwargs` in a public function."""
    for function in module.public_functions():
        rest = function.args.kwarg
        if rest is not None and rest.arg not in OPEN_ENDED:
            yield f"{module.name}.{function.name} takes **{rest.arg}"
