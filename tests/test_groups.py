"""Tests that share what takes long to start stay together, and the others are spread."""

import pytest

from tests.groups import group_of

JOURNEYS, DEATHS = "tests/journeys", "tests/properties/test_deaths.py"


@pytest.mark.parametrize(
    ("name", "group"),
    [
        (f"{JOURNEYS}/test_every_page.py::test_of_visitors[en]", "journeys through the demo"),
        (f"{JOURNEYS}/test_first_visit.py::test_is_light", "journeys through the demo"),
        (f"{JOURNEYS}/test_paying.py::test_pays[on_sqlite]", "journeys through installations"),
        ("tests/config/test_reading.py::TestPort::test_a[1]", "tests/config/test_reading.py"),
        (
            "tests/properties/test_deaths.py::test_x[a]",
            "tests/properties/test_deaths.py::test_x[a]",
        ),
        ("tests/proofs/test_races.py::test_x", "tests/proofs/test_races.py::test_x"),
    ],
)
def test_are_told_from_the_name(name: str, group: str) -> None:
    assert group_of(name) == group


@pytest.fixture(scope="module")
def before() -> list[int]:
    """The turns of the test below that this worker has run."""
    return []


@pytest.mark.parametrize("turn", range(6))
def test_hold_in_this_run(before: list[int], turn: int) -> None:
    assert before == list(range(turn))
    before.append(turn)
