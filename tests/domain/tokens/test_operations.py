"""The ledger of extra tokens: entries and balances move together."""

import pytest
from sqlalchemy.exc import IntegrityError

from app.domain.accounts.models import Account
from app.domain.tokens import operations
from app.domain.tokens.models import TokenEntry
from app.domain.tokens.operations import Movement
from app.foundation.database import session, transaction
from app.foundation.direct import on_postgresql
from tests.books import check_books
from tests.factories.accounts import make_account
from tests.factories.tokens import make_extra_tokens
from tests.moments import NOW
from tests.statements import statements

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture(autouse=True)
def books(app) -> None:
    """After each test, the ledger is the balance."""
    yield
    check_books()


def make_movement(user_id: str, tokens: int, *, granted: int = 0, before: tuple[int, int]):
    return Movement(
        user_id=user_id,
        kind="top_up" if tokens > 0 else "adjustment",
        tokens=tokens,
        granted_tokens=granted,
        balance_after=before[0] + tokens,
        granted_after=before[1] + granted,
    )


def book(*movements: Movement) -> None:
    with transaction():
        operations.book(movements, now=NOW)
    session.expire_all()


def balance(user_id: str) -> tuple[int, int]:
    account = session.get_one(Account, user_id)
    return account.extra_tokens, account.granted_tokens


class TestBook:
    def test_enters_each_movement_and_sets_the_balance(self) -> None:
        make_account("ada")
        make_account("ben")
        make_extra_tokens("ada", bought=100, granted=50)
        make_extra_tokens("ben", bought=7)
        before = (150, 50)
        book(
            make_movement("ben", 5, before=(7, 0)),
            make_movement("ada", -70, granted=-50, before=before),
        )
        assert (balance("ada"), balance("ben")) == ((80, 0), (12, 0))
        entry = session.query(TokenEntry).filter_by(user_id="ada", tokens=-70).one()
        assert (entry.kind, entry.granted_tokens, entry.balance_after) == ("adjustment", -50, 80)
        assert (entry.note, entry.source, entry.price_pico) == ("", None, None)
        assert entry.created_at == NOW

    def test_enters_nothing_where_nothing_moves(self) -> None:
        make_account("ada")
        with statements() as sent:
            book(make_movement("ada", 0, before=(0, 0)))
        assert (session.query(TokenEntry).count(), sent) == (0, [])

    def test_takes_one_statement_or_one_a_table_however_many_move(self) -> None:
        names = [make_account(f"user-{number}").id for number in range(20)]
        with statements() as sent:
            book(*(make_movement(name, 10, before=(0, 0)) for name in names))
        assert len(sent) == (1 if on_postgresql() else 2)
        assert {balance(name) for name in names} == {(10, 0)}

    @pytest.mark.parametrize(
        ("tokens", "granted"),
        [(-151, 0), (-100, -51), (-10, -11), (10, 11), (10, -1)],
        ids=["overdrawn", "granted overdrawn", "more granted", "more granted in", "signs"],
    )
    def test_lets_the_database_refuse_what_cannot_be(self, tokens: int, granted: int) -> None:
        make_account("ada")
        make_extra_tokens("ada", bought=100, granted=50)
        with pytest.raises(IntegrityError):
            book(make_movement("ada", tokens, granted=granted, before=(150, 50)))
        assert balance("ada") == (150, 50)
