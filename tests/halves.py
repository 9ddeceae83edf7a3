"""What both databases answer alike, and takes long: each case of it runs on one of the two.

That is so for what is marked: which of them is told from the case's name alone, so no case moves
when another one is added. And it is so for tables of cases at the doors, what is read, refused and
shown: every such test runs on both databases, with every other case on each. All that a file of
tests says of pages is such a table as well: what pages ask and do stands in the domain and in
workflows, where every test runs on both. What runs against each other is left on both everywhere.
With SOAK=1, as in `make soak`, all cases run on both, and so does a case that is asked for by its
name.
"""

import hashlib
from collections.abc import Iterable
from itertools import cycle

import pytest

from tests.proofs.sizes import IS_LONG
from tests.threads import in_parallel

DATABASES = ("sqlite", "postgresql")
DOORS, PAGES, CASES_MIN = "tests/entrypoints/", "tests/entrypoints/web/", 3

on_one_of_both = pytest.mark.on_one_of_both
# The cases by their names, each with its tests on the databases.
Table = dict[str, list[pytest.Item]]


def left_out(items: Iterable[pytest.Item]) -> set[str]:
    """Return the names of the tests that are left to the same case on the other database."""
    if IS_LONG:
        return set()
    tables: dict[str, Table] = {}
    found = set()
    for item in items:
        if _database(item) not in DATABASES:
            # Some of the marked tests may need no database.
            continue
        if item.get_closest_marker(on_one_of_both.name) is not None:
            found |= {item.nodeid} - {_on(item, database_of(item.nodeid))}
        elif item.nodeid.startswith(DOORS):
            function, case = _function_and_case(item.nodeid)
            tables.setdefault(function, {}).setdefault(case, []).append(item)
    for table in (*tables.values(), *_of_pages(tables)):
        found |= _every_other(table)
    return found


def _of_pages(tables: dict[str, Table]) -> Iterable[Table]:
    """Return what each file of pages says in tests that are no tables themselves."""
    files: dict[str, Table] = {}
    for function, table in tables.items():
        if function.startswith(PAGES) and len(table) < CASES_MIN:
            for case, both in table.items():
                is_race = hasattr(getattr(both[0], "module", None), in_parallel.__name__)
                if len(both) == len(DATABASES) and not is_race:
                    files.setdefault(function.partition("::")[0], {})[f"{function}[{case}"] = both
    return files.values()


def database_of(name: str) -> str:
    """Return the database that a marked case runs on, by the name it has on either."""
    digest = hashlib.sha256("-".join(_function_and_case(name)).encode()).digest()
    return DATABASES[digest[0] % 2]


def _every_other(table: Table) -> set[str]:
    """Return what a table leaves out, if it is long enough and has all of its cases on both."""
    is_on_both = all(len(case) == len(DATABASES) for case in table.values())
    if len(table) < CASES_MIN or not is_on_both:
        return set()
    turns = zip(table.values(), cycle(DATABASES), strict=False)
    return {item.nodeid for case, turn in turns for item in case if _database(item) != turn}


def _database(item: pytest.Item) -> object:
    return item.callspec.params.get("database_url") if hasattr(item, "callspec") else None


def _on(item: pytest.Item, database: str) -> str:
    """Return the name of the test if it runs on the database."""
    return item.nodeid if _database(item) == database else ""


def _function_and_case(name: str) -> tuple[str, str]:
    function, _, case = name.partition("[")
    parts = [part for part in case.removesuffix("]").split("-") if part not in DATABASES]
    return function, "-".join(parts)
