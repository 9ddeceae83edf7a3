"""Which cards may be charged, and what automatic top-ups came to in a month."""

from datetime import timedelta

import pytest

from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account
from app.domain.payments import operations, queries
from app.domain.payments.gateway import OutcomeStatus
from app.foundation.database import session, transaction
from app.foundation.periods import BillingMonth
from app.workflows.top_up import draw_up_top_up
from tests.books import check_books
from tests.factories.purchases import SELLER, buy_plan, buy_tokens, charge, make_card
from tests.factories.usage import GRACE
from tests.fakes.payment_gateway import FakeGateway
from tests.moments import NOW

TICK = timedelta(microseconds=1)
NOVEMBER = BillingMonth(2026, 11)


@pytest.fixture(autouse=True)
def books(app):
    yield
    check_books()


class TestCards:
    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({}, True),
            ({"is_default": False}, False),
            ({"removed_at": NOW}, False),
            ({"consented_at": None, "consent_version": None}, False),
        ],
    )
    def test_are_charged_with_consent(self, ada: Account, ben: Account, changes, expected) -> None:
        make_card(ada, **changes)
        assert (queries.card_to_charge("ada") is not None) is expected
        assert queries.chargeable(["ada", "ben"]) == ({"ada"} if expected else set())
        assert queries.card_to_charge("ben") is None


class TestAutoTopUps:
    def attempt(self, account: Account, *, now=NOW):
        with transaction():
            locked = accounts.lock_accounts({account.id})[account.id]
            given = {"seller": SELLER, "grace": GRACE, "now": now}
            draft = draw_up_top_up(locked, amount_minor=5_000, **given)
            card = queries.card_to_charge(account.id)
            return operations.add_off_session(
                draft, purpose="topup", card=card, amount_minor=5_000, now=now
            )

    def found(self, month: BillingMonth = NOVEMBER) -> tuple[int, int, bool]:
        session.rollback()
        tried = queries.auto_top_ups("ada", month=month)
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

    def test_count_in_the_month_of_the_attempt(self, ada: Account) -> None:
        buy_plan(ada, "plan-pro", gateway=FakeGateway())
        make_card(ada)
        december = NOVEMBER.period.ends_at
        self.attempt(ada, now=december - TICK)
        # It is in flight whatever month it is.
        assert self.found(BillingMonth(2026, 12)) == (0, 0, True)
        assert self.found() == (1, 5_000, True)
