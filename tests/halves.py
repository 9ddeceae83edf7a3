"""What both databases answer alike, and takes long: each case of it runs on one of the two.

Which of them is told from the case's name alone, so it is the same in every run, and no case moves
when another one is added. With SOAK=1, as in `make soak`, each of them runs on both.
"""

import hashlib

import pytest

from tests.proofs.sizes import IS_LONG

DATABASES = ("sqlite", "postgresql")

on_one_of_both = pytest.mark.on_one_of_both


def is_left_out(item: pytest.Item, *, is_long: bool = IS_LONG) -> bool:
    """Tell whether a test is left to the run of the same case on the other database."""
    if is_long or item.get_closest_marker(on_one_of_both.name) is None:
        return False
    cases = item.callspec.params if hasattr(item, "callspec") else {}
    # Some of the marked tests may need no database.
    return cases.get("database_url") in {*DATABASES} - {database_of(item.nodeid)}


def database_of(name: str) -> str:
    """Return the database that a case runs on, by the name it has on either."""
    function, _, case = name.partition("[")
    rest = [part for part in case.removesuffix("]").split("-") if part not in DATABASES]
    return DATABASES[hashlib.sha256("-".join([function, *rest]).encode()).digest()[0] % 2]
