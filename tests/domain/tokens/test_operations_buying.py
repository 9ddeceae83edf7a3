"""Buying, granting and taking back tokens, and what the guard remembers."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account
from app.domain.tokens import operations, queries, rules
from app.domain.tokens.models import AutoTopup, TokenEntry
from app.foundation.database import session, transaction
from tests.books import check_books
from tests.factories.tokens import make_extra_tokens
from tests.moments import NOW

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def books(app):
    yield
    check_books()


def do(verb, **given: object) -> None:
    with transaction():
        verb(accounts.lock_accounts({"ada"})["ada"], now=NOW, **given)


def buy(tokens: int, number: int) -> None:
    do(operations.buy, tokens_count=tokens, price_pico=150_000_000, source=f"payment:{number}")


def balance(account: Account) -> tuple[int, int]:
    session.rollback()
    session.refresh(account)
    return account.extra_tokens, account.granted_tokens


class TestLedger:
    def test_keeps_bought_and_granted_apart(self, ada: Account) -> None:
        buy(100, 1)
        do(operations.grant, tokens_count=40, source="coupon_usage:1", note="GIFT")
        do(operations.take_back, tokens_count=30, source="refund:1:payment:1", note="refund:1")
        assert balance(ada) == (110, 40)
        rows = session.query(TokenEntry).order_by(TokenEntry.id).all()
        assert [(row.kind, row.tokens, row.granted_tokens, row.balance_after) for row in rows] == [
            ("top_up", 100, 0, 100),
            ("grant", 40, 40, 140),
            ("refund", -30, 0, 110),
        ]
        assert [row.price_pico for row in rows] == [150_000_000, None, None]
        assert rules.unused_of("payment:1", queries.ledger(ada)) == 70

    def test_gives_once_for_each_source(self, ada: Account) -> None:
        buy(100, 1)
        with pytest.raises(IntegrityError):
            buy(100, 1)
        assert balance(ada) == (100, 0)

    @pytest.mark.parametrize("tokens", [-1, 101])
    def test_takes_no_granted_tokens_back(self, ada: Account, tokens: int) -> None:
        buy(100, 1)
        do(operations.grant, tokens_count=40, source="coupon_usage:1", note="")
        with pytest.raises(AssertionError):
            do(operations.take_back, tokens_count=tokens, source="refund:1:payment:1", note="")

    def test_is_shown_newest_first_to_its_owner(self, ada: Account, ben: Account) -> None:
        for number in (1, 2, 3):
            buy(number, number)
        page = queries.entries_page(ada, page=1, page_size=2)
        assert ([entry.tokens for entry in page.entries], page.total) == ([3, 2], 3)
        last = queries.entries_page(ada, page=2, page_size=2)
        assert [entry.tokens for entry in last.entries] == [1]
        assert queries.entries_page(ben, page=1, page_size=2).total == 0
        assert queries.ledger(ben) == []

    def test_is_shown_by_moment_and_by_kind(self, ada: Account) -> None:
        make_extra_tokens("ada", bought=5, granted=4, now=NOW)
        # Booked later, but of an earlier moment.
        make_extra_tokens("ada", bought=3, granted=2, now=NOW - timedelta(days=1))
        page = queries.entries_page(ada, page=1, page_size=9)
        assert [entry.tokens for entry in page.entries] == [5, 4, 3, 2]
        bought = queries.entries_page(ada, page=1, page_size=9, kind="top_up")
        assert ([entry.tokens for entry in bought.entries], bought.total) == ([5, 3], 2)


class TestGuard:
    def guard(self) -> AutoTopup | None:
        session.rollback()
        return queries.find_guard("ada")

    def note(self, verb, *, now=NOW) -> None:
        with transaction():
            verb("ada", now=now)

    def test_is_nothing_before_the_first_attempt(self, ada: Account) -> None:
        assert self.guard() is None
        self.note(operations.note_attempt)
        assert self.guard().last_attempt_at == NOW

    def test_counts_declines_and_switches_off_at_the_third(self, ada: Account) -> None:
        for number in (1, 2, 3):
            now = NOW + number * HOUR
            self.note(operations.note_declined, now=now)
            guard = self.guard()
            assert (guard.declines_in_a_row, guard.paused_until) == (number, now + HOUR)
            assert guard.switched_off_at == (now if number == 3 else None)

    @pytest.mark.parametrize("forgets", [operations.note_bought, operations.note_switched_on])
    def test_forgets_when_tokens_are_bought_or_it_is_switched_on(self, ada, forgets) -> None:
        self.note(operations.note_attempt)
        self.note(operations.note_authentication)
        for _ in range(3):
            self.note(operations.note_declined)
        self.note(forgets)
        guard = self.guard()
        assert (guard.declines_in_a_row, guard.awaits_authentication) == (0, False)
        assert (guard.paused_until, guard.switched_off_at) == (None, None)
        assert guard.last_attempt_at == NOW

    def test_waits_a_day_for_the_customer_s_bank(self, ada: Account) -> None:
        self.note(operations.note_authentication)
        guard = self.guard()
        assert (guard.awaits_authentication, guard.paused_until) == (True, NOW + 24 * HOUR)
        assert guard.declines_in_a_row == 0
