"""The house rules about code, each a pure function from a module to its violations."""

import ast
from collections.abc import Iterable, Iterator

from tests.architecture.source import Module, lies_in, part

# From each layer, what of ours may be imported. The app itself may import anything but a door's
# inside and the sandbox.
ARROWS = {
    "foundation": {"foundation"},
    "domain": {"domain", "foundation"},
    "workflows": {"workflows", "domain", "foundation"},
    "adapters": {"adapters", "domain", "foundation"},
    "wiring": {"config", "adapters", "domain", "foundation"},
    "entrypoints": {
        "application",
        "entrypoints",
        "workflows",
        "wiring",
        "domain",
        "foundation",
        "config",
    },
    "sandbox": {"sandbox"},
    "config": {"config"},
    "wsgi": {"application", "config", "foundation"},
    "application": {"config", "wiring", "entrypoints", "domain", "foundation"},
    # Every import of ours begins with it: programs that need little must start with little.
    "": set(),
}
LADDER = (
    "accounts", "mails", "catalog", "coupons", "subscriptions", "tokens", "usage", "invoices",
    "payments", "alerts", "reporting",
)  # fmt: skip
WITHIN_A_SUBJECT = {"errors": 0, "models": 0, "rules": 1, "queries": 2, "operations": 3}
DOORS = ("web", "operator", "api", "webhooks", "jobs", "cli")
# These call a provider between two transactions: what is asked is written down before, what is
# answered after. (Settling itself runs inside the transaction of whoever asked.)
CALL_PROVIDERS = {
    "begin_checkout", "confirm_payment", "follow_up_event", "reconcile_payments", "refund_payment",
    "charge_saved_card", "save_card", "top_up", "renew_subscription", "chase_unpaid",
    "switch_plan", "switch_with_card",
    "close_checkouts", "pay_with_card",
}  # fmt: skip
IMPURE = (
    "flask", "sqlalchemy", "os", "random", "secrets", "time", "socket", "pathlib", "subprocess",
    "app.foundation.database", "app.foundation.bulk", "app.foundation.outbox",
    "app.foundation.journal", "app.foundation.idempotency", "app.foundation.clock",
)  # fmt: skip
WEB = ("flask", "flask_login", "flask_wtf", "flask_migrate", "wtforms", "werkzeug", "jinja2")
NETWORK = ("socket", "http", "smtplib", "ssl", "subprocess", "ftplib", "urllib.request")
CLOCK_CALLS = {"now", "utcnow", "today", "current_timestamp"}
ROUTE_LINES_MAX = 15
ROUTE_VERBS = {"get", "post", "put", "patch", "delete", "route"}
ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)


def imports_point_down(module: Module) -> Iterator[str]:
    """Follow the arrows: entrypoints, workflows, domain, foundation; wiring and adapters aside."""
    may_import = ARROWS.get(module.layer)
    if may_import is None:
        yield f"{module.name} stands in no known layer"
        return
    for line, target in _ours(module):
        to_the_sandbox = module.lies_in("app.entrypoints.cli") and lies_in(target, "app.sandbox")
        if _layer(target) not in may_import and not to_the_sandbox:
            yield f"{module.name}:{line} imports {target}, which does not stand below it"


def subjects_lean_on_lower_ones(module: Module) -> Iterator[str]:
    """Keep to the domain's ladder."""
    if not module.lies_in("app.domain") or module.name in ("app.domain", "app.domain.tables"):
        return
    if module.part(2) not in LADDER:
        yield f"{module.name} is no subject of the ladder"
        return
    rung = LADDER.index(module.part(2))
    for line, target in _ours(module):
        if lies_in(target, "app.domain"):
            subject = part(target, 2)
            if subject not in LADDER or LADDER.index(subject) > rung:
                yield f"{module.name}:{line} imports {target}, a higher subject"


def files_of_a_subject_keep_their_order(module: Module) -> Iterator[str]:
    """Inside a subject: errors and models, then rules, then queries, then operations."""
    rank = WITHIN_A_SUBJECT.get(module.part(3))
    if not module.lies_in("app.domain") or rank is None:
        return
    for line, target in _ours(module):
        above = WITHIN_A_SUBJECT.get(part(target, 3), -1)
        if lies_in(target, f"app.domain.{module.part(2)}") and above > rank:
            yield f"{module.name}:{line} imports {target}, which builds on it"


def doors_do_not_know_each_other(module: Module) -> Iterator[str]:
    """Entrypoints never import one another; what they share stands directly in entrypoints/."""
    door = module.part(2)
    # The one place that hangs all doors into the frame.
    if not module.lies_in("app.entrypoints") or module.name == "app.entrypoints.doors":
        return
    for line, target in _ours(module):
        other = part(target, 2)
        if lies_in(target, "app.entrypoints") and other in DOORS and other != door:
            yield f"{module.name}:{line} imports {target}, behind another door"


def imports_stand_at_the_top(module: Module) -> Iterator[str]:
    """No import inside a function, no import for the type checker alone."""
    for node in module.tree.body:
        for inner in ast.walk(node):
            if inner is not node and isinstance(inner, ast.Import | ast.ImportFrom):
                yield f"{module.name}:{inner.lineno} imports below the top of the file"


def only_the_transaction_commits(module: Module) -> Iterator[str]:
    """`commit` stands in one file."""
    if module.name == "app.foundation.database" or module.lies_in("app.sandbox"):
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and node.attr == "commit":
            yield f"{module.name}:{node.lineno} commits"


def transactions_begin_at_the_edge(module: Module) -> Iterator[str]:
    """Only entrypoints, and the workflows that call a provider in between, open a transaction."""
    calls_providers = module.layer == "workflows" and module.part(2) in CALL_PROVIDERS
    if module.layer in ("entrypoints", "sandbox") or calls_providers:
        return
    for line, target in module.imports():
        if target == "app.foundation.database.transaction":
            yield f"{module.name}:{line} opens transactions"


def only_the_clock_tells_the_time(module: Module) -> Iterator[str]:
    """Nobody asks for the time but the clock; the domain and the workflows are told it."""
    if module.name == "app.foundation.clock" or module.lies_in("app.sandbox"):
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and _asks_the_time(node.func):
            yield f"{module.name}:{node.lineno} asks for the time"
    for line, target in module.imports():
        below = module.layer in ("foundation", "domain", "workflows")
        if target in ("time.time", "time.time_ns") or (
            below and lies_in(target, "app.foundation.clock")
        ):
            yield f"{module.name}:{line} imports {target}"


def _asks_the_time(function: ast.expr) -> bool:
    if not isinstance(function, ast.Attribute):
        return False
    holder = function.value.id if isinstance(function.value, ast.Name) else ""
    if holder == "time":
        return function.attr in ("time", "time_ns")
    return function.attr in CLOCK_CALLS and holder != "clock"


def rules_are_pure(module: Module) -> Iterator[str]:
    """`rules.py` knows no session, no query, no clock and no outside."""
    if not module.name.endswith(".rules"):
        return
    for line, target in module.imports():
        reads = part(target, 3) in ("queries", "operations") and lies_in(target, "app.domain")
        if reads or lies_in(target, *IMPURE):
            yield f"{module.name}:{line} imports {target}, which is not pure"


def the_core_knows_no_web_and_no_network(module: Module) -> Iterator[str]:
    """Domain and workflows import no web framework and nothing that reaches out."""
    if module.layer not in ("domain", "workflows"):
        return
    for line, target in module.imports():
        if lies_in(target, *WEB, *NETWORK):
            yield f"{module.name}:{line} imports {target}"


def entrypoints_do_not_query(module: Module) -> Iterator[str]:
    """No SQLAlchemy in an entrypoint."""
    if not module.lies_in("app.entrypoints"):
        return
    for line, target in module.imports():
        if lies_in(target, "sqlalchemy", "flask_sqlalchemy"):
            yield f"{module.name}:{line} imports {target}"


def routes_are_short(module: Module) -> Iterator[str]:
    """A route has at most 15 lines, and no arithmetic."""
    if not module.lies_in("app.entrypoints"):
        return
    for function in filter(_is_route, module.functions()):
        lines = lines_of(function) - _docstring_lines(function)
        if lines > ROUTE_LINES_MAX:
            yield f"{module.name}.{function.name} has {lines} lines"
        for node in ast.walk(function):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ARITHMETIC):
                yield f"{module.name}:{node.lineno} calculates in a route"


def _is_route(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    calls = [d.func for d in function.decorator_list if isinstance(d, ast.Call)]
    return any(isinstance(call, ast.Attribute) and call.attr in ROUTE_VERBS for call in calls)


def lines_of(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Expr) -> int:
    """Return how many lines it takes, decorators aside."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _docstring_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = function.body[0]
    return lines_of(first) if isinstance(first, ast.Expr) and ast.get_docstring(function) else 0


def refusals_are_translated_in_one_place(module: Module) -> Iterator[str]:
    """`except DomainError` stands in files called errors, and nowhere else."""
    if module.name.rpartition(".")[2] == "errors":
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ExceptHandler) and node.type is not None:
            names = {inner.id for inner in ast.walk(node.type) if isinstance(inner, ast.Name)}
            if "DomainError" in names:
                yield f"{module.name}:{node.lineno} catches every refusal"


def amounts_are_never_floats(module: Module) -> Iterator[str]:
    """No float, and no division that makes one, where amounts and tokens are counted."""
    if module.layer not in ("foundation", "domain", "workflows"):
        return
    refusals = {
        id(name)
        for call in ast.walk(module.tree)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "isinstance"
        for name in ast.walk(call)
    }
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name) and node.id == "float" and id(node) not in refusals:
            yield f"{module.name}:{node.lineno} speaks of float"
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield f"{module.name}:{node.lineno} has the float {node.value}"
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            yield f"{module.name}:{node.lineno} divides with /"


def now_is_a_keyword(module: Module) -> Iterator[str]:
    """Public functions of the core take `now` by keyword, unless it is what they are about."""
    if module.layer not in ("domain", "workflows", "adapters"):
        return
    for function in module.public_functions():
        given = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
        if "now" in given and given[given[0] == "self"] != "now":
            yield f"{module.name}.{function.name} takes now by position"


def no_import_runs_in_a_circle(modules: Iterable[Module]) -> Iterator[str]:
    """No two modules need each other to be loaded."""
    by_name = {module.name: module for module in modules}
    needs = {name: set(_needed(module, by_name)) for name, module in by_name.items()}
    # What needs nothing that is left cannot be part of a circle.
    while free := {name for name in needs if not needs[name]}:
        needs = {name: others - free for name, others in needs.items() if name not in free}
    for name in sorted(needs):
        yield f"{name} is part of a circle with {', '.join(sorted(needs[name]))}"


def _needed(module: Module, by_name: dict[str, Module]) -> Iterator[str]:
    for _, target in module.imports():
        # `from a.b import c` needs a.b.c if that is a module, else a.b.
        known = target if target in by_name else target.rpartition(".")[0]
        if known in by_name and known != module.name:
            yield known


def each_sdk_stands_in_one_file(modules: Iterable[Module], *, framework: set[str]) -> Iterator[str]:
    """A third-party package that is not the framework is imported by one file (sandbox aside)."""
    users: dict[str, set[str]] = {}
    for module in modules:
        if not module.lies_in("app.sandbox"):
            for _, target in module.imports():
                users.setdefault(part(target, 0), set()).add(module.name)
    for package, names in sorted(users.items()):
        if package not in framework and len(names) > 1:
            yield f"{package} is imported by {', '.join(sorted(names))}"


def _ours(module: Module) -> Iterator[tuple[int, str]]:
    return ((line, name) for line, name in module.imports() if lies_in(name, "app"))


def _layer(target: str) -> str:
    """Return the layer that an imported name stands in; `app.create_app` in none."""
    layer = part(target, 1)
    return layer if layer in ARROWS else ""
