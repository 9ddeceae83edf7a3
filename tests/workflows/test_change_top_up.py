"""Changing the top-up settings: off to on begins anew, nothing else does."""

from datetime import datetime

import pytest

from app.domain.accounts import queries as accounts
from app.domain.accounts.models import Account
from app.domain.tokens import operations as tokens
from app.domain.tokens import queries
from app.foundation.database import session, transaction
from app.foundation.errors import InvalidFields
from app.workflows.change_top_up import change_top_up


def change(account: Account, *, now: datetime, **changes: object) -> None:
    with transaction():
        change_top_up(account, changes, actor="customer:ada", now=now)


@pytest.fixture(autouse=True)
def declined(ada: Account, now: datetime) -> None:
    """Ada's card was declined twice."""
    with transaction():
        for _ in range(2):
            tokens.note_declined("ada", now=now)


def declines() -> int:
    session.rollback()
    guard = queries.find_guard("ada")
    assert guard is not None
    return guard.declines_in_a_row


class TestChangeTopUp:
    def test_forgets_declines_when_it_is_switched_on_again(
        self, ada: Account, now: datetime
    ) -> None:
        change(ada, auto_topup=False, now=now)
        assert declines() == 2
        change(ada, auto_topup=True, now=now)
        assert declines() == 0
        guard = queries.find_guard("ada")
        assert guard is not None and guard.paused_until is None

    def test_takes_the_owners_word_for_the_declines(self, ada: Account, now: datetime) -> None:
        with transaction():
            guard = tokens.note_declined("ada", now=now)
            assert guard.switched_off_at == now
        change(ada, auto_topup_threshold=5, now=now)
        session.rollback()
        assert queries.find_guard("ada").switched_off_at == now
        change(ada, auto_topup=False, now=now)
        session.rollback()
        assert queries.find_guard("ada").switched_off_at is None
        assert declines() == 3

    @pytest.mark.parametrize("is_on", [False, True])
    def test_takes_what_was_left_off_for_the_owners_word(
        self, ada: Account, now: datetime, *, is_on: bool
    ) -> None:
        with transaction():
            tokens.note_declined("ada", now=now)
            # Another tab may have switched it on; that is for this one to leave alone.
            accounts.settings_of(ada).auto_topup = is_on
            changes = {"auto_topup_threshold": 5}
            change_top_up(ada, changes, actor="customer:ada", now=now, is_left_off=True)
        assert accounts.settings_view(ada).auto_topup is is_on
        guard = queries.find_guard("ada")
        assert guard is not None and (guard.switched_off_at is None) is not is_on
        session.rollback()

    @pytest.mark.parametrize(
        "changes", [{"auto_topup": True}, {"auto_topup_threshold": 5}, {"auto_topup": False}]
    )
    def test_remembers_them_otherwise(
        self, ada: Account, now: datetime, changes: dict[str, object]
    ) -> None:
        # It is on to begin with.
        change(ada, now=now, **changes)
        assert declines() == 2

    def test_a_refusal_changes_nothing(self, ada: Account, now: datetime) -> None:
        change(ada, auto_topup=False, now=now)
        with pytest.raises(InvalidFields):
            change(ada, auto_topup=True, auto_topup_amount=1, now=now)
        assert declines() == 2
