"""The knobs: each takes what makes sense, and counts run down."""

from pathlib import Path

import pytest

from app.sandbox import knobs
from app.sandbox.knobs import KnobRefused, Knobs
from app.sandbox.storage import Storage


@pytest.fixture
def connection(tmp_path: Path):
    storage = Storage(tmp_path / "knobs.sqlite3")
    with storage.transaction() as connection:
        yield connection
    storage.close()


def test_everything_goes_right_at_first(connection) -> None:
    assert knobs.read(connection) == Knobs()


def test_turns_what_is_given_and_leaves_the_rest(connection) -> None:
    knobs.turn(connection, {"webhooks": "hold", "webhook_delay_seconds": "0.5"})
    turned = knobs.turn(connection, {"lost_answers": 2, "webhook_copies": "3"})
    assert turned == knobs.read(connection)
    assert turned == Knobs("hold", 0.5, 3, lost_answers=2)
    knobs.reset(connection)
    assert knobs.read(connection) == Knobs()


def test_counts_run_down_to_nothing(connection) -> None:
    knobs.turn(connection, {"lost_answers": 2, "errors_after_effect": 1})
    assert [knobs.take(connection, "lost_answers") for _ in range(4)] == [True, True, False, False]
    assert knobs.read(connection).errors_after_effect == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhooks", "sometimes"),
        ("webhooks", 1),
        ("webhook_copies", 0),
        ("webhook_copies", 6),
        ("webhook_copies", 1.5),
        ("lost_answers", -1),
        ("lost_answers", 101),
        ("lost_answers", "many"),
        ("lost_answers", True),
        ("lost_answers", None),
        ("answer_delay_seconds", 601),
        ("answer_delay_seconds", "nan"),
        ("answer_delay_seconds", "inf"),
        ("colour", "blue"),
    ],
)
def test_refuses(connection, name: str, value: object) -> None:
    with pytest.raises(KnobRefused, match=name):
        knobs.turn(connection, {"webhook_delay_seconds": 1, name: value})
    assert knobs.read(connection) == Knobs()
