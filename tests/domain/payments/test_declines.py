"""Why cards were declined, and which automatic purchase waits for its owner."""

from datetime import timedelta

import pytest
from flask import Flask

from app.domain.accounts.models import Account
from app.domain.payments.declines import DECLINES, because, find_declined_top_up
from app.domain.payments.gateway import OutcomeStatus
from app.domain.payments.models import Payment, PaymentMethod
from app.domain.payments.rules import PaymentStatus
from app.foundation.database import session, transaction
from app.workflows.auto_top_up import auto_top_up
from app.workflows.change_top_up import change_top_up
from tests.books import check_books
from tests.factories.accounts import make_noise
from tests.factories.purchases import (
    SELLER,
    buy_plan,
    buy_tokens,
    charge,
    make_card,
)
from tests.factories.usage import GRACE, make_usage
from tests.fakes.payment_gateway import FakeGateway
from tests.moments import NOW
from tests.statements import statements

A_DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (None, "the bank gave no reason"),
        ("", "the bank gave no reason"),
        ("expired_card", "the card has expired"),
        ("pickup_card", "the bank answered “pickup card”"),
        *((code, str(words)) for code, words in DECLINES.items()),
    ],
)
def test_reasons_are_put_in_words(code: str | None, words: str) -> None:
    assert because(code) == words


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
def thirsty(app: Flask, ada: Account, gateway: FakeGateway) -> Account:
    """Ada, who wants tokens bought with her card below a million, and has used some."""
    make_noise()
    buy_plan(ada, "plan-pro", gateway=gateway)
    make_card(ada, brand="visa", last4="0341")
    with transaction():
        wanted = {"auto_topup": True, "auto_topup_threshold": 1_000_000, "auto_topup_amount": 50}
        change_top_up(ada, wanted, actor="customer:ada", now=NOW)
    make_usage(ada.id, now=NOW)
    return ada


def decline(account: Account, *, code: str = "insufficient_funds", times: int = 1) -> None:
    """Let the saved card be charged for tokens so often, a day apart, and declined each time."""
    for number in range(times):
        now = NOW + number * A_DAY
        with transaction():
            auto_top_up(account.id, seller=SELLER, grace=GRACE, now=now)
        payment = session.query(Payment).order_by(Payment.id.desc()).first()
        charge(payment, OutcomeStatus.FAILED, decline_code=code, now=now)
    session.rollback()


class TestFindDeclinedTopUp:
    def test_finds_nothing_where_nothing_was_declined(self, thirsty: Account) -> None:
        assert find_declined_top_up(thirsty.id) is None

    def test_says_which_card_why_and_when(self, thirsty: Account) -> None:
        decline(thirsty)
        with statements() as sent:
            found = find_declined_top_up(thirsty.id)
        assert (found.card, found.amount_minor) == ("Visa ending in 0341", 5_000)
        assert (found.reason, found.declined_at) == ("there were not enough funds on the card", NOW)
        assert (found.is_switched_off, found.is_to_confirm) == (False, False)
        assert len(sent) == 1
        assert find_declined_top_up("noise-pro") is None
        check_books()

    def test_says_what_three_have_done(self, thirsty: Account) -> None:
        decline(thirsty, times=3)
        assert find_declined_top_up(thirsty.id).is_switched_off

    def test_leads_to_the_purchase_that_the_bank_wants_confirmed(self, thirsty: Account) -> None:
        decline(thirsty, code="authentication_required")
        found = find_declined_top_up(thirsty.id)
        assert found.is_to_confirm and found.invoice_id.startswith("inv-")

    def test_is_silent_while_it_is_tried_again(self, thirsty: Account) -> None:
        decline(thirsty)
        with transaction():
            auto_top_up(thirsty.id, seller=SELLER, grace=GRACE, now=NOW + A_DAY)
        assert find_declined_top_up(thirsty.id) is None


class TestMended:
    def test_by_a_purchase_that_succeeds(self, thirsty: Account, gateway: FakeGateway) -> None:
        decline(thirsty)
        buy_tokens(thirsty, minor=1_000, gateway=gateway, now=NOW + A_DAY)
        assert find_declined_top_up(thirsty.id) is None
        check_books()

    def test_by_a_charge_that_succeeds(self, thirsty: Account) -> None:
        decline(thirsty)
        with transaction():
            auto_top_up(thirsty.id, seller=SELLER, grace=GRACE, now=NOW + A_DAY)
        charge(session.query(Payment).filter_by(status=PaymentStatus.CREATED).one())
        assert find_declined_top_up(thirsty.id) is None

    def test_by_another_card(self, thirsty: Account) -> None:
        decline(thirsty, times=3)
        with transaction():
            session.query(PaymentMethod).filter_by(user_id=thirsty.id).one().is_default = False
        make_card(thirsty, provider_reference="pm_new", last4="4444")
        assert find_declined_top_up(thirsty.id) is None

    @pytest.mark.parametrize("times", [1, 3])
    @pytest.mark.parametrize(
        "changes", [{"auto_topup": False}, {"auto_topup": False, "auto_topup_threshold": 0}]
    )
    def test_by_its_owners_switch(self, thirsty: Account, changes, times: int) -> None:
        decline(thirsty, times=times)
        with transaction():
            change_top_up(thirsty, changes, actor="customer:ada", now=NOW)
        assert find_declined_top_up(thirsty.id) is None

    def test_by_switching_it_on_again(self, thirsty: Account) -> None:
        decline(thirsty, times=3)
        with transaction():
            change_top_up(thirsty, {"auto_topup": True}, actor="customer:ada", now=NOW)
        assert find_declined_top_up(thirsty.id) is None
