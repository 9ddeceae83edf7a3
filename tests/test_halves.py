"""What takes seconds runs on one of the databases, and each case of it on one that is told."""

import pytest
from flask import Flask

from app.foundation.database import session
from tests.halves import DATABASES, database_of, is_left_out, on_one_of_both
from tests.proofs.sizes import IS_LONG
from tests.properties.payment_stories import STORIES

DEATH = "tests/properties/test_deaths.py::test_no_death_shows_in_the_end"


class TestDatabaseOf:
    def test_is_told_from_the_name_alone(self) -> None:
        names = [f"{DEATH}[{database}-stripe opens a page]" for database in DATABASES]
        assert len({database_of(name) for name in names}) == 1

    def test_is_the_same_wherever_the_database_stands(self) -> None:
        assert database_of("a::b[sqlite-c-d]") == database_of("a::b[c-postgresql-d]")

    def test_gives_both_something(self) -> None:
        found = {database_of(f"{DEATH}[sqlite-{story}]") for story in STORIES}
        assert found == {*DATABASES}


@on_one_of_both
@pytest.mark.parametrize("case", range(6))
class TestIsLeftOut:
    def test_runs_where_it_is_told(self, app: Flask, request: pytest.FixtureRequest, case) -> None:
        here = session.get_bind().dialect.name
        assert IS_LONG or here == database_of(request.node.nodeid)

    def test_leaves_one_of_two(self, database_url: str, request: pytest.FixtureRequest, case):
        # This one runs, so the other one does not; in the long form both do.
        name, node = database_of(request.node.nodeid), request.node
        for database in DATABASES:
            node.callspec.params["database_url"] = database
            assert is_left_out(node, is_long=False) == (database != name)
            assert not is_left_out(node, is_long=True)


def test_leaves_no_other_test_out(database_url: str, request: pytest.FixtureRequest) -> None:
    assert not is_left_out(request.node, is_long=False)
