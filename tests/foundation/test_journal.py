"""The journal: who did what, when, in the transaction of the act."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.foundation import journal
from app.foundation.database import session, transaction
from app.foundation.journal import JournalEntry
from app.foundation.periods import Period
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


class TestEntries:
    @pytest.fixture(autouse=True)
    def acts(self, app: Flask) -> None:
        """Four acts: two of Olga's, three about Ada, two of one kind."""
        for action, actor, user_id in (
            ("paid", "customer:ada", "ada"),
            ("refunded", "operator:olga", "ada"),
            ("refunded", "system", "ada"),
            ("price_set", "operator:olga", None),
        ):
            with transaction():
                journal.write(action, actor=actor, user_id=user_id, now=NOW)

    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            ({}, ["price_set", "refunded", "refunded", "paid"]),
            ({"actor": "operator:olga"}, ["price_set", "refunded"]),
            ({"action": "refunded"}, ["refunded", "refunded"]),
            ({"user_id": "ada"}, ["refunded", "refunded", "paid"]),
            ({"actor": "system", "action": "refunded", "user_id": "ada"}, ["refunded"]),
            ({"actor": "operator"}, []),
        ],
    )
    def test_finds_the_newest_first(self, asked: dict[str, str], found: list[str]) -> None:
        page = journal.entries(limit=10, **asked)
        assert [row.action for row in page.rows] == found and page.older_before is None

    @pytest.mark.parametrize(
        ("starts_in", "lasts", "found"), [(0, 1, 4), (-1, 1, 0), (-1, 2, 4), (1, 1, 0)]
    )
    def test_finds_those_of_a_time(self, starts_in: int, lasts: int, found: int) -> None:
        starts_at = NOW + timedelta(seconds=starts_in)
        span = Period(starts_at, starts_at + timedelta(seconds=lasts))
        assert len(journal.entries(limit=10, span=span).rows) == found

    def test_goes_on_to_older_ones(self) -> None:
        first = journal.entries(limit=3)
        last = journal.entries(limit=3, before=first.older_before)
        assert [row.action for row in (*first.rows, *last.rows)] == [
            *("price_set", "refunded", "refunded", "paid")
        ]
        assert len(first.rows) == 3 and last.older_before is None

    def test_knows_the_kinds_and_the_last_of_each(self) -> None:
        assert journal.actions() == ["paid", "price_set", "refunded"]
        assert journal.find_last("refunded").actor == "system"
        assert journal.find_last("voided") is None

    def test_finds_those_among_whose_details_one_stands(self) -> None:
        with transaction():
            for number, model in enumerate(("gpt-4", "gpt-4o", "gpt-4")):
                details = {"model": model, "number": number}
                journal.write("price_set", actor="olga", now=NOW, details=details)
        kinds = ("price_set", "refunded")
        found = journal.entries_with(kinds, name="model", value="gpt-4", limit=9)
        assert [row.details["number"] for row in found] == [2, 0]
        assert len(journal.entries_with(kinds, name="model", value="gpt-4", limit=1)) == 1
        assert journal.entries_with(("refunded",), name="model", value="gpt-4", limit=9) == []
        assert journal.entries_with(kinds, name="nothing", value="gpt-4", limit=9) == []


def test_an_empty_journal_has_no_kinds() -> None:
    assert journal.actions() == [] and journal.entries(limit=1).rows == ()
