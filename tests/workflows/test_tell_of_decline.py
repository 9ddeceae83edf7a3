"""Letters about a change of plan whose payment has failed after its customer had left."""

from datetime import timedelta

import pytest

from app.domain.accounts.models import Account
from app.domain.invoices import credit
from app.domain.mails.models import Mail
from app.domain.payments.gateway import OutcomeStatus
from app.domain.payments.models import Payment
from app.foundation.database import session, transaction
from app.workflows.resume_subscription import resume_subscription
from app.workflows.switch_plan import NOTHING_SHOWN
from app.workflows.switch_with_card import switch_with_card
from tests.factories.purchases import begin_switch, buy_plan, charge, mails_of, make_card, make_shop
from tests.factories.purchases import payments_of as paid_by
from tests.factories.redemptions import make_coupon, redeem
from tests.factories.usage import GRACE
from tests.fakes.payment_gateway import FakeGateway
from tests.moments import NOW

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
KIND = "change_declined"
pytestmark = pytest.mark.usefixtures("books")


def charged_by_card(account: Account, gateway: FakeGateway) -> Payment:
    """Pay Pro with a saved card; nobody says so far what became of it."""
    card_id = make_card(account).id
    session.rollback()
    gateway.loses_answers = True
    given = {"card_id": card_id, "agreed": NOTHING_SHOWN, "now": NOW}
    switch_with_card(account, "plan-pro", shop=make_shop(gateway), **given)
    return paid_by(account)[-1]


def paid_on_page(account: Account, gateway: FakeGateway) -> Payment:
    """Pay Pro on the provider's page, through a bank that takes days."""
    begin_switch(account, "plan-pro", gateway=gateway)
    charge(paid_by(account)[-1], OutcomeStatus.PROCESSING)
    return paid_by(account)[-1]


def fail(payment: Payment, *, code: str | None = "insufficient_funds", now=NOW + DAY) -> None:
    charge(payment, OutcomeStatus.FAILED, decline_code=code, now=now)


def facts_of(account: Account) -> dict[str, object]:
    return session.query(Mail).filter_by(user_id=account.id, kind=KIND).one().facts


class TestLateDeclines:
    @pytest.mark.parametrize("pay", [charged_by_card, paid_on_page])
    def test_are_told_with_what_was_not_taken(self, ada: Account, gateway, pay) -> None:
        payment = pay(ada, gateway)
        assert mails_of(ada) == []
        fail(payment)
        facts = facts_of(ada)
        assert (facts["from_plan_name"], facts["to_plan_name"]) == ("Pay as you go", "Pro")
        assert (facts["amount_minor"], facts["given_back_minor"]) == (9_999, 0)
        assert (facts["reason"]["text"], facts["held_until"]) == (
            "there were not enough funds on the card",
            None,
        )

    def test_are_told_once(self, ada: Account, gateway) -> None:
        payment = charged_by_card(ada, gateway)
        fail(payment)
        fail(payment)
        assert mails_of(ada) == [KIND]

    def test_of_an_upgrade_name_the_plan_that_stays(self, ada: Account, gateway) -> None:
        buy_plan(ada, "plan-basic", gateway=gateway)
        fail(paid_on_page(ada, gateway))
        assert facts_of(ada)["from_plan_name"] == "Basic"

    def test_give_back_what_coupons_and_credit_took_off(self, ada: Account, gateway) -> None:
        make_coupon()
        redeem("SAVE20", ada)
        with transaction():
            given = {"kind": "adjustment", "source": "test", "note": "", "now": NOW}
            credit.add(session.merge(ada), minor=500, **given)
        payment = paid_on_page(ada, gateway)
        fail(payment)
        assert facts_of(ada)["given_back_minor"] == 9_999 - payment.amount_minor > 500

    def test_say_no_words_of_a_bank_that_are_ours(self, ada: Account, gateway) -> None:
        fail(charged_by_card(ada, gateway), code="too_late")
        assert facts_of(ada)["reason"] == ""

    def test_leave_the_owner_whom_the_bank_wants_to_hear_his_time(
        self, ada: Account, gateway
    ) -> None:
        payment = charged_by_card(ada, gateway)
        fail(payment, code="authentication_required", now=NOW + 2 * MINUTE)
        assert facts_of(ada)["held_until"] == (NOW + 30 * MINUTE).isoformat()

    def test_do_not_offer_him_amounts_that_hold_no_longer(self, ada: Account, gateway) -> None:
        fail(charged_by_card(ada, gateway), code="authentication_required", now=NOW + DAY)
        assert facts_of(ada)["held_until"] is None


class TestNothingIsTold:
    def test_of_a_decline_that_its_customer_sees(self, ada: Account, gateway) -> None:
        card_id = make_card(ada).id
        session.rollback()
        gateway.declines_with = "insufficient_funds"
        given = {"card_id": card_id, "agreed": NOTHING_SHOWN, "now": NOW}
        switch_with_card(ada, "plan-pro", shop=make_shop(gateway), **given)
        assert (paid_by(ada)[-1].status, mails_of(ada)) == ("failed", [])

    def test_of_a_page_that_nobody_has_paid(self, ada: Account, gateway) -> None:
        begin_switch(ada, "plan-pro", gateway=gateway)
        charge(paid_by(ada)[-1], OutcomeStatus.EXPIRED)
        assert mails_of(ada) == []

    def test_of_a_change_that_was_given_up(self, ada: Account, gateway) -> None:
        payment = paid_on_page(ada, gateway)
        with transaction():
            resume_subscription(ada, grace=GRACE, now=NOW)
        fail(payment)
        assert mails_of(ada) == []

    def test_of_money_that_has_come(self, ada: Account, gateway) -> None:
        charge(paid_on_page(ada, gateway))
        assert KIND not in mails_of(ada)
