"""Account credit: a ledger in cents, never below zero, spent by the next invoices."""

import pytest
from sqlalchemy.exc import IntegrityError

from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account
from app.domain.invoices import credit
from app.domain.invoices.models import CreditEntry
from app.foundation.database import session, transaction
from tests.books import check_books
from tests.factories.payments import make_invoice
from tests.factories.purchases import invoices_of
from tests.moments import NOW


@pytest.fixture(autouse=True)
def books(app):
    yield
    check_books()


class TestAccountCredit:
    def add(self, account: Account, minor: int, *, source: str = "gift:1") -> None:
        with transaction():
            locked = accounts.lock_accounts({account.id})[account.id]
            credit.add(locked, minor=minor, kind="gift", source=source, note="hello", now=NOW)

    def test_is_a_ledger(self, ada: Account) -> None:
        self.add(ada, 500)
        self.add(ada, 0, source="gift:nothing")
        self.add(ada, 250, source="gift:2")
        rows = session.query(CreditEntry).order_by(CreditEntry.id).all()
        moves = [(row.amount_minor, row.balance_after_minor, row.note) for row in rows]
        assert moves == [(500, 500, "hello"), (250, 750, "hello")]

    def test_never_falls_below_zero(self, ada: Account) -> None:
        with pytest.raises(AssertionError):
            self.add(ada, -1)

    def test_is_given_once_for_each_source(self, ada: Account) -> None:
        self.add(ada, 500)
        with pytest.raises(IntegrityError):
            self.add(ada, 500)
        session.refresh(ada)
        assert ada.credit_minor == 500

    def test_is_spent_by_the_next_invoices_first(self, ada: Account) -> None:
        self.add(ada, 1_500)
        used = [make_invoice(ada, minor=1_000).credit_used_minor for _ in range(3)]
        assert used == [1_000, 500, 0]
        assert [row.status for row in invoices_of(ada)] == ["paid", "issued", "issued"]
