"""Accounts are erased by themselves, one after the other."""

from datetime import timedelta

from app.domain.accounts import queries
from app.entrypoints.jobs import erasing
from app.foundation import clock
from app.foundation.database import transaction
from app.workflows.delete_account import delete_account
from tests.factories.accounts import make_account
from tests.factories.usage import make_usage

GRACE = timedelta(days=7)


def ask(user_id: str, *, days_ago: int) -> None:
    moment = clock.now() - timedelta(days=days_ago)
    with transaction():
        delete_account(queries.account(user_id), actor="x", details={}, grace=GRACE, now=moment)


def test_erases_whose_waiting_is_over(app, monkeypatch) -> None:
    monkeypatch.setattr(erasing, "AT_ONCE", 2)
    long_ago = clock.now() - timedelta(days=20)
    for user_id in ("a", "b", "c", "d", "e"):
        make_account(user_id, now=long_ago)
    # Who owes something does not stand in the others' way.
    make_usage("b", now=clock.now() - timedelta(days=16), prompt_tokens=100_000)
    for user_id in ("a", "b", "c", "d"):
        ask(user_id, days_ago=13 if user_id == "d" else 15)
    erasing.erase_what_is_due()
    erased = [each for each in "abcde" if queries.account(each).erased_at is not None]
    assert erased == ["a", "c"]
