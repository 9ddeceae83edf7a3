"""An account that is to be deleted: nothing is bought for it, and its owner may keep it."""

from datetime import timedelta

import pytest

from app.domain.accounts import queries
from app.domain.accounts.errors import DeletionNotAsked, DeletionPending
from app.domain.accounts.models import Account
from app.domain.mails.models import Mail
from app.domain.payments.consent import VERSION
from app.domain.payments.refunds import REFUND_PAYMENT
from app.domain.subscriptions import queries as subscriptions
from app.foundation.database import session, transaction
from app.workflows.begin_checkout import Checkout
from app.workflows.cancel_subscription import cancel_subscription
from app.workflows.delete_account import delete_account, keep_account
from app.workflows.resume_subscription import resume_subscription
from app.workflows.save_card import begin_saving_card
from app.workflows.top_up import top_up
from tests.books import check_books
from tests.factories.accounts import make_account
from tests.factories.payments import make_checkout, make_invoice
from tests.factories.purchases import (
    begin_switch,
    invoices_of,
    make_shop,
    pay,
    payments_of,
    promises,
)
from tests.fakes.payment_gateway import FakeGateway
from tests.moments import NOW

GRACE = timedelta(days=7)
BY_ADA = {"actor": "customer:ada", "details": {}}


def begin_plan(account: Account, gateway: FakeGateway) -> Checkout:
    return begin_switch(account, "plan-pro", gateway=gateway)


def begin_top_up(account: Account, gateway: FakeGateway) -> Checkout:
    return top_up(account, amount_minor=5_000, shop=make_shop(gateway), now=NOW).checkout


def begin_card(account: Account, gateway: FakeGateway) -> None:
    begin_saving_card(account, VERSION, gateway=gateway, base_url="https://x.example", now=NOW)


BUYING = [begin_plan, begin_top_up, begin_card]


def ask(account: Account) -> None:
    with transaction():
        delete_account(account, **BY_ADA, grace=GRACE, now=NOW)


def kept(account: Account) -> dict[str, object]:
    """Ask for the deletion, take it back, and return what the letter about that tells."""
    ask(account)
    with transaction():
        keep_account(account, **BY_ADA, grace=GRACE, now=NOW + timedelta(days=1))
    return session.query(Mail).filter_by(kind="deletion_taken_back").one().facts


class TestDeleteAccount:
    @pytest.mark.parametrize("buy", BUYING)
    def test_lets_nothing_be_bought_any_more(self, ada, buy) -> None:
        ask(ada)
        with pytest.raises(DeletionPending, match="Keep it first"):
            buy(ada, FakeGateway())
        assert invoices_of(ada) == [] and payments_of(ada) == []

    def test_does_not_let_the_plan_go_on(self, app) -> None:
        pia = make_account("pia", plan_id="plan-pro")
        ask(pia)
        with pytest.raises(DeletionPending), transaction():
            resume_subscription(pia, grace=GRACE, now=NOW)
        assert not subscriptions.running_subscription("pia").auto_renew

    def test_lets_what_is_owed_be_paid(self, ada) -> None:
        ask(ada)
        assert make_checkout(ada, make_invoice(ada), gateway=FakeGateway()).checkout_url

    @pytest.mark.parametrize(
        ("begin", "plan_id"), [(begin_plan, "plan-basic"), (begin_top_up, "plan-pro")]
    )
    def test_sends_money_back_that_comes_too_late(self, app, begin, plan_id) -> None:
        gateway, pia = FakeGateway(), make_account("pia", plan_id=plan_id)
        page = begin(pia, gateway)
        ask(pia)
        pay(page, gateway=gateway)
        draft, (payment,) = invoices_of(pia)[-1], payments_of(pia)
        assert (draft.status, payment.is_overpayment) == ("void", True)
        assert len(promises(REFUND_PAYMENT)) == 1
        assert subscriptions.running_subscription("pia").plan_id == plan_id
        assert queries.account("pia").extra_tokens == 0
        check_books()


class TestKeepAccount:
    def test_tells_by_mail_that_the_plan_goes_on(self, app) -> None:
        pia = make_account("pia", plan_id="plan-pro")
        facts = kept(pia)
        assert (facts["plan_name"], facts["price_minor"]) == ("Pro", 9_999)
        assert (facts["has_plan"], facts["goes_on"]) == (True, True)
        mail = session.query(Mail).filter_by(kind="deletion_taken_back").one()
        # Whoever signs in reads it, not who is billed.
        assert mail.address == pia.email

    def test_tells_that_a_plan_he_had_cancelled_ends(self, app) -> None:
        pia = make_account("pia", plan_id="plan-pro")
        with transaction():
            cancel_subscription(pia, grace=GRACE, now=NOW - timedelta(hours=1))
        facts = kept(pia)
        assert (facts["has_plan"], facts["goes_on"]) == (True, False)

    def test_tells_who_pays_as_he_goes_so(self, ada) -> None:
        assert kept(ada)["has_plan"] is False

    def test_tells_nothing_where_nothing_was_asked_for(self, ada) -> None:
        with pytest.raises(DeletionNotAsked), transaction():
            keep_account(ada, **BY_ADA, grace=GRACE, now=NOW)
        assert session.query(Mail).count() == 0
