"""What takes long runs on one of the databases, and nothing that is asked is asked of none."""

import re
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
from flask import Flask

from app.foundation.database import session
from tests import halves
from tests.halves import (
    CASES_MIN,
    DATABASES,
    DOORS,
    PAGES,
    database_of,
    left_out,
    on_one_of_both,
)
from tests.proofs.sizes import IS_LONG
from tests.properties.payment_stories import STORIES
from tests.threads import in_parallel

DEATH = "tests/properties/test_deaths.py::test_no_death_shows_in_the_end"
TABLE, OTHER = f"{DOORS}api/test_keys.py::test_refuses", "tests/domain/test_rules.py::test_refuses"


@dataclass
class Item:
    """As much of a test as is asked for."""

    nodeid: str
    database: str
    is_marked: bool = False
    module: object = None
    callspec: SimpleNamespace = field(init=False)

    def __post_init__(self) -> None:
        self.callspec = SimpleNamespace(params={"database_url": self.database})

    def get_closest_marker(self, name: str) -> object:
        return name if self.is_marked else None


def items(function: str, cases: int, *, databases: tuple[str, ...] = DATABASES) -> list[Item]:
    return [Item(f"{function}[{d}-case{n}]", d) for d in databases for n in range(cases)]


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(halves, "IS_LONG", False)


class TestDatabaseOf:
    def test_is_told_from_the_name_alone(self) -> None:
        names = [f"{DEATH}[{database}-stripe opens a page]" for database in DATABASES]
        assert len({database_of(name) for name in names}) == 1

    def test_is_the_same_wherever_the_database_stands(self) -> None:
        assert database_of("a::b[sqlite-c-d]") == database_of("a::b[c-postgresql-d]")

    def test_gives_both_something(self) -> None:
        found = {database_of(f"{DEATH}[sqlite-{story}]") for story in STORIES}
        assert found == {*DATABASES}


class TestLeftOut:
    @pytest.mark.parametrize("cases", [CASES_MIN, 4, 7])
    def test_leaves_every_case_of_a_table_to_one_and_some_to_each(self, cases: int) -> None:
        table = items(TABLE, cases)
        kept = [item for item in table if item.nodeid not in left_out(table)]
        assert len({item.nodeid.rpartition("-")[2] for item in kept}) == len(kept) == cases
        assert {item.database for item in kept} == {*DATABASES}

    @pytest.mark.parametrize(
        "whole",
        [
            items(TABLE, CASES_MIN - 1),
            items(TABLE, 5, databases=("sqlite",)),
            items(OTHER, 5),
            [*items(TABLE, 5), Item(f"{TABLE}[sqlite-only]", "sqlite")],
            [Item(f"{TABLE}[case{number}]", "") for number in range(5)],
        ],
    )
    def test_leaves_out_nothing_else(self, whole: list[Item]) -> None:
        assert left_out(whole) == set()

    def test_leaves_each_test_of_pages_to_one_and_some_of_a_file_to_each(self) -> None:
        file = [item for name in "abc" for item in items(f"{PAGES}test_keys.py::test_{name}", 2)]
        kept = [item for item in file if item.nodeid not in left_out(file)]
        assert (
            len({re.sub("sqlite|postgresql", "", item.nodeid) for item in kept}) == len(kept) == 6
        )
        assert {item.database for item in kept} == {*DATABASES}

    @pytest.mark.parametrize("databases", [("sqlite",), ("postgresql",)])
    def test_leaves_tests_of_pages_that_run_on_one_alone(self, databases: tuple[str, ...]) -> None:
        alone = items(f"{PAGES}test_keys.py::test_alone", 2, databases=databases)
        file = [*alone, *items(f"{PAGES}test_keys.py::test_other", 1)]
        assert not left_out(file) & {item.nodeid for item in alone}

    def test_leaves_pages_that_race_on_both(self) -> None:
        file = items(f"{PAGES}test_keys.py::test_races", 2)
        for item in file:
            item.module = SimpleNamespace(in_parallel=in_parallel)
        assert left_out(file) == set()

    def test_leaves_what_is_marked_to_one(self) -> None:
        stories = [
            Item(f"{DEATH}[{database}-{story}]", database, is_marked=True)
            for database in DATABASES
            for story in STORIES
        ]
        kept = [item for item in stories if item.nodeid not in left_out(stories)]
        assert len(kept) == len(STORIES)
        assert all(item.database == database_of(item.nodeid) for item in kept)

    def test_leaves_out_nothing_in_the_long_form(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(halves, "IS_LONG", True)
        assert left_out(items(TABLE, 5)) == set()


@on_one_of_both
@pytest.mark.parametrize("case", range(6))
def test_holds_in_this_run(app: Flask, request: pytest.FixtureRequest, case: int) -> None:
    here = session.get_bind().dialect.name
    asked_for = any("[" in argument for argument in request.config.args)
    assert IS_LONG or asked_for or here == database_of(request.node.nodeid)
