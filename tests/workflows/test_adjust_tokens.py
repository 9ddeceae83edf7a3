"""Tokens given and taken by an operator are in the ledger, in the balance and in the journal."""

import pytest

from app.domain.accounts.errors import ReasonInvalid, UnknownAccount
from app.domain.accounts.models import Account
from app.domain.tokens.errors import TokensMissing
from app.domain.tokens.models import TokenEntry
from app.foundation.database import session, transaction
from app.foundation.journal import JournalEntry
from app.workflows.adjust_tokens import adjust_tokens
from tests.books import check_books
from tests.factories.tokens import make_extra_tokens
from tests.moments import NOW


def adjust(tokens: int, user_id: str = "ada", reason: str = "goodwill") -> int:
    with transaction():
        movement = adjust_tokens(user_id, tokens, reason=reason, actor="operator:olga", now=NOW)
    session.expire_all()
    return movement.balance_after


class TestAdjustTokens:
    def test_gives_and_takes(self, ada: Account, ben: Account) -> None:
        make_extra_tokens("ada", bought=100)
        assert adjust(50) == 150
        assert adjust(-70) == 80
        assert (ada.extra_tokens, ada.granted_tokens, ben.extra_tokens) == (80, 0, 0)
        kinds = [(row.kind, row.tokens, row.note) for row in session.query(TokenEntry)]
        assert kinds[-2:] == [("adjustment", 50, "goodwill"), ("adjustment", -70, "goodwill")]
        told = [
            (row.action, row.actor, row.user_id)
            for row in session.query(JournalEntry).order_by(JournalEntry.id)
        ]
        assert told == [("tokens_adjusted", "operator:olga", "ada")] * 2
        check_books()

    def test_refuses_what_is_not_there(self, ada: Account, olga: Account) -> None:
        with pytest.raises(TokensMissing):
            adjust(-1)
        with pytest.raises(ReasonInvalid):
            adjust(1, reason=" ")
        for stranger in ("nobody", "olga"):
            with pytest.raises(UnknownAccount):
                adjust(1, stranger)
        assert session.query(TokenEntry).count() == 0
        assert session.query(JournalEntry).count() == 0
        check_books()
