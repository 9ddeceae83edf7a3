"""How far promised work is: one state for each, the same in SQL and for a single piece."""

from datetime import timedelta

import pytest
from flask import Flask

from app.foundation import outbox
from app.foundation.database import session, transaction
from app.foundation.outbox_states import State, state_of, undone
from tests.moments import NOW

SECOND = timedelta(seconds=1)
LIMIT = 10
# How long ago it could have been done first, how often that was tried, what went wrong.
CASES = [
    (0 * SECOND, 0, None, State.WAITING),
    (299 * SECOND, 0, None, State.WAITING),
    (300 * SECOND, 0, None, State.STUCK),
    (-300 * SECOND, 1, None, State.RUNNING),
    (299 * SECOND, 1, None, State.RUNNING),
    (300 * SECOND, 1, None, State.STUCK),
    (-10 * SECOND, 1, "away", State.FAILED),
    (299 * SECOND, 7, "away", State.FAILED),
    (300 * SECOND, 7, "away", State.STUCK),
]


@pytest.mark.parametrize(("since", "attempts", "error", "state"), CASES)
def test_is_in_one_state(since: timedelta, attempts: int, error: str | None, state: State) -> None:
    assert state_of(next_try_at=NOW - since, attempts=attempts, last_error=error, now=NOW) is state


def test_is_listed_by_state(app: Flask) -> None:
    with transaction():
        outbox.finish(outbox.add("done", {}, now=NOW), now=NOW)
        for since, attempts, error, _ in CASES:
            entry = outbox.add("send_mail", {"mail": 1}, now=NOW)
            entry.next_try_at = NOW - since
            entry.attempts, entry.last_error = attempts, error
            session.flush()
    everything = undone(now=NOW, limit=LIMIT).rows
    assert [each.state for each in everything] == [state for *_, state in reversed(CASES)]
    for state in State:
        found = undone(now=NOW, limit=LIMIT, state=state).rows
        assert found == tuple(each for each in everything if each.state is state)


def test_goes_on_to_older_ones(app: Flask) -> None:
    with transaction():
        outbox.add_all("send_mail", [{"mail": number} for number in range(3)], now=NOW)
    newest = undone(now=NOW, limit=2)
    assert [each.payload["mail"] for each in newest.rows] == [2, 1]
    older = undone(now=NOW, limit=2, before=newest.older_before)
    assert [each.payload["mail"] for each in older.rows] == [0] and older.older_before is None
