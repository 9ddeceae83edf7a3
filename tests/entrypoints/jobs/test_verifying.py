"""The books are verified by themselves, and what it came to is kept."""

import logging

import pytest

from app.entrypoints.jobs.schedule import SCHEDULE
from app.entrypoints.jobs.verifying import verify_and_note
from app.foundation.database import session
from app.foundation.journal import JournalEntry
from tests.factories.subscriptions import current_period


def noted() -> list[dict[str, object]]:
    session.rollback()
    return [entry.details for entry in session.query(JournalEntry).filter_by(user_id=None)]


class TestVerifyAndNote:
    def test_notes_that_the_books_are_right(self, ada) -> None:
        verify_and_note()
        assert noted() == [{"broken": 0, "lines": []}]

    def test_logs_and_keeps_what_is_wrong(self, ada, caplog: pytest.LogCaptureFixture) -> None:
        current_period("ada").tokens_used = 17
        session.commit()
        with caplog.at_level(logging.ERROR):
            verify_and_note()
        ((line,),) = [entry["lines"] for entry in noted()]
        assert "of ada counts 17 tokens" in line
        assert f"The books are wrong: {line}" in caplog.text

    def test_is_done_every_hour(self) -> None:
        assert [job.every_seconds for job in SCHEDULE if job.work is verify_and_note] == [3600]
