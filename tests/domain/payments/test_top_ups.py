"""What automatic top-ups came to in a month, with which card, and what waits for its owner."""

from datetime import timedelta

import pytest

from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account
from app.domain.payments import operations, queries, top_ups
from app.domain.payments.gateway import OutcomeStatus
from app.foundation.database import session, transaction
from app.foundation.periods import BillingMonth
from app.workflows.top_up import draw_up_top_up
from tests.books import check_books
from tests.factories.purchases import SELLER, buy_plan, buy_tokens, charge, make_card
from tests.factories.usage import GRACE
from tests.fakes.payment_gateway import FakeGateway
from tests.moments import NOW
from tests.statements import statements

TICK = timedelta(microseconds=1)
NOVEMBER = BillingMonth(2026, 11)


@pytest.fixture(autouse=True)
def books(app):
    yield
    check_books()


class TestCard:
    @pytest.mark.parametrize(
        ("changes", "is_found"),
        [
            ({}, True),
            ({"removed_at": NOW, "is_default": False}, False),
            ({"is_default": False}, False),
        ],
    )
    def test_is_the_one_that_may_be_charged(
        self, ada: Account, ben: Account, changes: dict[str, object], is_found: bool
    ) -> None:
        made = make_card(ada, **changes)
        with statements() as sent:
            found = top_ups.top_ups_of("ada", now=NOW).card
        assert len(sent) == 1
        assert found == top_ups.find_card(ada)
        assert (found is not None and found.id == made.id) is is_found
        assert top_ups.top_ups_of("ben", now=NOW).card is None


class TestAutoTopUps:
    def attempt(self, account: Account, *, now=NOW, add=operations.add_off_session):
        with transaction():
            locked = accounts.lock_accounts({account.id})[account.id]
            given = {"seller": SELLER, "grace": GRACE, "now": now}
            draft = draw_up_top_up(locked, amount_minor=5_000, **given)
            card = queries.card_to_charge(account.id)
            return add(draft, purpose="topup", card=card, amount_minor=5_000, now=now)

    def found(self, *, now=NOW) -> tuple[int, int, bool]:
        session.rollback()
        tried = top_ups.top_ups_of("ada", now=now).tried
        return tried.count, tried.gross_minor, tried.is_in_flight

    def test_are_those_paid_or_in_flight_of_the_month(self, ada: Account) -> None:
        gateway = FakeGateway()
        buy_plan(ada, "plan-pro", gateway=gateway)
        make_card(ada)
        buy_tokens(ada, minor=9_000, gateway=gateway)
        assert self.found() == (0, 0, False)
        first = self.attempt(ada)
        assert self.found() == (1, 5_000, True)
        charge(first)
        assert self.found() == (1, 5_000, False)
        declined = self.attempt(ada)
        charge(declined, OutcomeStatus.FAILED, decline_code="card_declined")
        assert self.found() == (1, 5_000, False)

    def test_wait_for_what_its_owner_has_the_card_charged_for(self, ada: Account) -> None:
        buy_plan(ada, "plan-pro", gateway=FakeGateway())
        make_card(ada)
        his_own = self.attempt(ada, add=operations.add_on_session)
        assert self.found() == (0, 0, True)
        charge(his_own)
        assert self.found() == (0, 0, False)

    def test_count_in_the_month_of_the_attempt(self, ada: Account) -> None:
        buy_plan(ada, "plan-pro", gateway=FakeGateway())
        make_card(ada)
        december = NOVEMBER.period.ends_at
        self.attempt(ada, now=december - TICK)
        # It is in flight whatever month it is.
        assert self.found(now=december) == (0, 0, True)
        assert self.found() == (1, 5_000, True)
