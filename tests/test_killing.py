"""Processes that are killed: where they die, and that they tell of what goes wrong in them."""

from datetime import datetime

import pytest
from flask import Flask

from app import create_app
from app.config import Settings
from app.foundation import journal
from app.foundation.database import end_reading, session, transaction
from app.foundation.journal import JournalEntry
from tests.killing import THE_END, die, kill_before, run_until_killed, steps_of

STEPS = ["commit of journal_entries", "commit of journal_entries", THE_END]


def write_twice(settings: Settings, now: datetime) -> None:
    with create_app(settings).app_context():
        for _ in range(2):
            with transaction():
                journal.write("tried", actor="system", now=now)
            session.query(JournalEntry).all()
            end_reading()


def write_and_die(settings: Settings, now: datetime) -> None:
    with create_app(settings).app_context(), transaction():
        journal.write("tried", actor="system", now=now)
        session.flush()
        die()


def go_wrong() -> None:
    raise LookupError("nothing there")


def written() -> int:
    session.rollback()
    return session.query(JournalEntry).filter_by(action="tried").count()


class TestStepsOf:
    def test_names_what_makes_something_permanent(
        self, app: Flask, settings: Settings, now: datetime
    ) -> None:
        assert steps_of(write_twice, settings, now) == STEPS
        assert written() == 2

    def test_tells_what_went_wrong(self) -> None:
        with pytest.raises(AssertionError, match="LookupError: nothing there"):
            steps_of(go_wrong)


class TestKillBefore:
    @pytest.mark.parametrize("step", [0, 1, 2])
    def test_leaves_what_was_committed_before(
        self, app: Flask, settings: Settings, now: datetime, step: int
    ) -> None:
        assert kill_before(step, write_twice, settings, now) == STEPS[: step + 1]
        assert written() == step

    def test_notices_who_is_still_alive(
        self, app: Flask, settings: Settings, now: datetime
    ) -> None:
        with pytest.raises(AssertionError):
            kill_before(3, write_twice, settings, now)


class TestRunUntilKilled:
    def test_leaves_nothing_of_what_was_under_way(
        self, app: Flask, settings: Settings, now: datetime
    ) -> None:
        run_until_killed(write_and_die, settings, now)
        assert written() == 0

    def test_notices_who_is_still_alive(
        self, app: Flask, settings: Settings, now: datetime
    ) -> None:
        with pytest.raises(AssertionError):
            run_until_killed(write_twice, settings, now)
