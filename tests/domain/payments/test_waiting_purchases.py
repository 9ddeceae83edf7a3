"""Purchases that wait for their customer: each of them is told, with how it stands."""

from datetime import datetime, timedelta

import pytest

from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account
from app.domain.payments import operations, queries
from app.domain.payments.gateway import OutcomeStatus
from app.domain.payments.waiting_purchases import WaitingPurchase, waiting_purchases
from app.foundation.database import session, transaction
from app.workflows.top_up import begin_top_up, draw_up_top_up, pay_top_up, top_up
from tests.books import check_books
from tests.factories.purchases import SELLER, buy_plan, charge, make_card, make_shop, pay
from tests.factories.usage import GRACE
from tests.fakes.payment_gateway import FakeGateway
from tests.moments import NOW
from tests.statements import statements

AN_HOUR = timedelta(hours=1)
TOKENS, MINOR = 333_333, 5_000


@pytest.fixture(autouse=True)
def books(app):
    yield
    check_books()


@pytest.fixture
def gateway(ada: Account) -> FakeGateway:
    """Ada has a plan that sells tokens, and a card."""
    gateway = FakeGateway()
    buy_plan(ada, "plan-pro", gateway=gateway)
    make_card(ada)
    return gateway


def asked_by_bank(ada: Account, *, now: datetime = NOW, add=operations.add_on_session) -> str:
    """Have the saved card charged for a purchase; the bank wants to hear its owner."""
    with transaction():
        locked = accounts.lock_accounts({ada.id})[ada.id]
        given = {"seller": SELLER, "grace": GRACE, "now": now}
        draft = draw_up_top_up(locked, amount_minor=MINOR, **given)
        card = queries.card_to_charge(ada.id)
        payment = add(draft, purpose="topup", card=card, amount_minor=MINOR, now=now)
    charge(payment, OutcomeStatus.FAILED, decline_code="authentication_required", now=now)
    return draft.public_id


def found(account: Account, *, now: datetime = NOW) -> tuple[WaitingPurchase, ...]:
    session.rollback()
    return waiting_purchases(account, now=now)


class TestWaitingPurchases:
    def test_are_told_each_with_its_way_back(
        self, ada: Account, ben: Account, gateway: FakeGateway
    ) -> None:
        first = asked_by_bank(ada)
        second = asked_by_bank(ada, now=NOW + AN_HOUR)
        bought = top_up(ada, amount_minor=MINOR, shop=make_shop(gateway), now=NOW + AN_HOUR)
        later = NOW + AN_HOUR
        with statements() as sent:
            waiting = waiting_purchases(ada, now=later)
        assert len(sent) == 1
        assert [one.begun_at for one in waiting] == [later, later, NOW]
        assert [one.page_open for one in waiting] == [bought.checkout.checkout_url, None, None]
        assert [one.invoice_id for one in waiting][1:] == [second, first]
        assert {(one.tokens, one.final_minor) for one in waiting} == {(TOKENS, MINOR)}
        assert found(ben, now=later) == ()
        pay(bought.checkout, gateway=gateway, now=later)
        assert [one.invoice_id for one in found(ada, now=later)] == [second, first]

    def test_stand_once_with_the_page_that_is_open_for_them(
        self, ada: Account, gateway: FakeGateway
    ) -> None:
        reference = asked_by_bank(ada)
        page = pay_top_up(ada, reference, shop=make_shop(gateway), now=NOW)
        (waiting,) = found(ada)
        assert (waiting.invoice_id, waiting.page_open) == (reference, page.checkout_url)
        # Once it is closed, the bank still wants to hear him.
        (waiting,) = found(ada, now=NOW + timedelta(days=2))
        assert (waiting.invoice_id, waiting.page_open) == (reference, None)

    @pytest.mark.parametrize(
        ("add", "is_by_itself"),
        [(operations.add_on_session, False), (operations.add_off_session, True)],
    )
    def test_tell_who_has_asked_for_them(
        self, ada: Account, gateway: FakeGateway, add, *, is_by_itself: bool
    ) -> None:
        asked_by_bank(ada, add=add)
        (waiting,) = found(ada)
        assert waiting.is_by_itself is is_by_itself

    def test_are_none_that_are_only_drawn_up(self, ada: Account, gateway: FakeGateway) -> None:
        begin_top_up(ada, amount_minor=MINOR, shop=make_shop(gateway), now=NOW)
        assert found(ada) == ()
