"""The books are verified by themselves, and what it came to is kept."""

import logging
from datetime import UTC, datetime

import pytest

from app.domain.usage import checkpoints
from app.entrypoints.jobs.schedule import SCHEDULE
from app.entrypoints.jobs.verifying import verify_and_note
from app.foundation.database import session, transaction
from app.foundation.journal import JournalEntry
from app.foundation.periods import BillingMonth
from app.workflows.find_months_to_close import note_closed_for_all
from tests.factories.subscriptions import current_period


def noted() -> list[dict[str, object]]:
    session.rollback()
    return [
        entry.details
        for entry in session.query(JournalEntry).filter_by(user_id=None).order_by(JournalEntry.id)
    ]


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

    @pytest.mark.parametrize(("tokens_used", "kept"), [(0, {"2024-10"}), (17, set())])
    def test_keeps_what_was_verified_of_closed_months(
        self, ada, tokens_used: int, kept: set[str]
    ) -> None:
        current_period("ada").tokens_used = tokens_used
        session.commit()
        with transaction():
            note_closed_for_all(BillingMonth(2024, 10), now=datetime(2024, 11, 1, 1, tzinfo=UTC))
        verify_and_note()
        assert checkpoints.verified_months() == kept

    def test_is_done_every_hour(self) -> None:
        assert [job.every_seconds for job in SCHEDULE if job.work is verify_and_note] == [3600]
