"""The code under test as the house rules see it: modules, their imports, their functions."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """A module of ours, by its dotted name."""

    name: str
    source: str
    is_package: bool = False

    @cached_property
    def tree(self) -> ast.Module:
        """Return the syntax tree."""
        return ast.parse(self.source)

    @property
    def layer(self) -> str:
        """Return what stands right below `app`: foundation, domain, …; empty for app itself."""
        return self.part(1)

    def part(self, depth: int) -> str:
        """Return the piece of the dotted name at that depth, or nothing."""
        return part(self.name, depth)

    def lies_in(self, *packages: str) -> bool:
        """Tell whether this is one of the packages or stands in one."""
        return lies_in(self.name, *packages)

    def imports(self) -> Iterator[tuple[int, str]]:
        """Give each import as its line and the dotted name of what is imported."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                origin = self._origin(node)
                yield from ((node.lineno, f"{origin}.{alias.name}") for alias in node.names)

    def _origin(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        up = node.level - 1 if self.is_package else node.level
        parent = self.name.split(".")[: -up or None]
        return ".".join([*parent, *([node.module] if node.module else [])])

    def functions(self) -> Iterator[Function]:
        """Give every function and method, nested ones too."""
        for node in ast.walk(self.tree):
            if isinstance(node, Function):
                yield node

    def public_functions(self) -> Iterator[Function]:
        """Give the functions and methods that others may call."""
        holders: list[ast.Module | ast.ClassDef] = [self.tree]
        while holders:
            for node in holders.pop().body:
                if isinstance(node, ast.ClassDef):
                    holders.append(node)
                elif isinstance(node, Function) and not node.name.startswith("_"):
                    yield node


def part(name: str, depth: int) -> str:
    """Return the piece of a dotted name at that depth, or nothing."""
    pieces = name.split(".")
    return pieces[depth] if len(pieces) > depth else ""


def lies_in(name: str, *packages: str) -> bool:
    """Tell whether a dotted name is one of the packages or stands in one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def modules_of_the_app() -> list[Module]:
    """Read every module under app/."""
    return [_read(path) for path in sorted((ROOT / "app").rglob("*.py"))]


def _read(path: Path) -> Module:
    dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    name = dotted.removesuffix(".__init__")
    return Module(name, path.read_text(encoding="utf-8"), is_package=name != dotted)


def tracked_files() -> list[Path]:
    """Find the files that belong to the repository, whether or not Git is at hand."""
    kept_out = {".git", ".venv", "instance", "__pycache__", "test-artifacts"}
    found = []
    for path in sorted(ROOT.rglob("*")):
        pieces = path.relative_to(ROOT).parts
        caches = any(piece.endswith("_cache") or piece == ".hypothesis" for piece in pieces)
        if path.is_file() and not caches and not kept_out.intersection(pieces):
            found.append(path)
    return found
