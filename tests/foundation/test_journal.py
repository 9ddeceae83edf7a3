"""The journal: who did what, when, in the transaction of the act."""

import pytest
from sqlalchemy import select

from app.foundation import journal
from app.foundation.database import session, transaction
from app.foundation.journal import JournalEntry
from tests.moments import NOW
from tests.undoing import run_and_fail

pytestmark = pytest.mark.usefixtures("app")


def entries() -> list[JournalEntry]:
    session.expunge_all()
    return list(session.scalars(select(JournalEntry).order_by(JournalEntry.id)))


class TestWrite:
    def test_notes_who_did_what_and_when(self) -> None:
        with transaction():
            journal.write(
                "coupon_redeemed",
                actor="customer:ada",
                user_id="ada",
                now=NOW,
                details={"code": "SPRING", "tokens": 5},
            )
        (entry,) = entries()
        assert (entry.action, entry.actor, entry.user_id) == (
            "coupon_redeemed",
            "customer:ada",
            "ada",
        )
        assert entry.happened_at == NOW
        assert entry.details == {"code": "SPRING", "tokens": 5}

    def test_needs_no_account(self) -> None:
        with transaction():
            journal.write("started", actor="system", now=NOW)
        (entry,) = entries()
        assert entry.user_id is None
        assert entry.details == {}

    def test_goes_with_the_act(self) -> None:
        run_and_fail(lambda: journal.write("started", actor="system", now=NOW))
        assert entries() == []


class TestFindLastOfSystem:
    def test_is_none_at_first(self) -> None:
        with transaction():
            journal.write("verified", actor="system", user_id="ada", now=NOW)
            journal.write("started", actor="system", now=NOW)
        assert journal.find_last_of_system("verified") is None

    def test_is_the_newest(self) -> None:
        for broken in (3, 0):
            with transaction():
                journal.write("verified", actor="system", now=NOW, details={"broken": broken})
        with transaction():
            journal.write("started", actor="system", now=NOW)
        assert journal.find_last_of_system("verified").details == {"broken": 0}
