"""Paying for a plan with a saved card: charged once and as shown, or not at all."""

from datetime import timedelta

import pytest
from flask import Flask

from app.domain.accounts import queries as accounts
from app.domain.accounts.models import Account
from app.domain.invoices.errors import InvoiceNotPayable
from app.domain.payments.errors import CardNotUsable
from app.domain.payments.gateway import OutcomeStatus
from app.domain.subscriptions.errors import AlreadyOnPlan, ChangeInProgress, PreviewStale
from app.domain.subscriptions.models import PlanChange
from app.foundation.database import session, transaction
from app.foundation.errors import DomainError
from app.workflows.preview_switch import preview_switch
from app.workflows.reconcile_payments import ask_about_attempts
from app.workflows.resume_subscription import resume_subscription
from app.workflows.switch_plan import Agreed, switch_plan
from app.workflows.switch_with_card import switch_with_card
from tests.factories.payments import BASE_URL, payment_row
from tests.factories.purchases import (
    SELLER,
    begin_switch,
    buy_plan,
    charge,
    invoices_of,
    mails_of,
    make_card,
    make_shop,
    pay,
    payments_of,
)
from tests.factories.redemptions import make_coupon, redeem
from tests.factories.subscriptions import current_period
from tests.factories.usage import GRACE
from tests.fakes.payment_gateway import FakeGateway
from tests.moments import NOW
from tests.threads import in_parallel

MINUTE = timedelta(minutes=1)
HALF = NOW + timedelta(days=15)
END = NOW + timedelta(days=30)
pytestmark = pytest.mark.usefixtures("books")


@pytest.fixture
def card_id(ada: Account) -> int:
    return make_card(ada).id


def shown(account: Account, plan_id: str, *, now=NOW) -> Agreed:
    """Return what the account agrees to after a look at the preview."""
    given = {"seller_country": SELLER.country, "grace": GRACE, "now": now}
    preview = preview_switch(account, plan_id, **given)
    return Agreed(preview.previewed_at, preview.terms)


def switch(account: Account, gateway: FakeGateway, card_id: int, **changes) -> str | None:
    """Look at the preview of Pro, and pay it with the card."""
    given = {"plan_id": "plan-pro", "now": NOW, **changes}
    if "agreed" not in given:
        given["agreed"] = shown(account, given["plan_id"], now=given["now"])
    session.rollback()
    return switch_with_card(account, card_id=card_id, shop=make_shop(gateway), **given)


def plan_of(account: Account) -> str:
    session.rollback()
    return current_period(account.id).plan_id


def changes_of() -> list[str]:
    session.rollback()
    return [row.status for row in session.query(PlanChange).order_by(PlanChange.id)]


class TestSwitchWithCard:
    def test_charges_what_was_shown_and_begins_the_plan(
        self, ada: Account, gateway: FakeGateway, card_id: int
    ) -> None:
        row = payment_row(switch(ada, gateway, card_id))
        (order,) = gateway.charged
        assert (order.amount_minor, order.card, order.is_on_session) == (9_999, "pm_ada", True)
        assert (row.status, row.method, row.purpose) == ("settled", "on_session", "plan_change")
        assert (plan_of(ada), changes_of()) == ("plan-pro", ["applied"])
        assert [invoice.status for invoice in invoices_of(ada)] == ["paid"]
        assert mails_of(ada)[-2:] == ["plan_changed", "invoice_paid"]

    def test_charges_the_prorated_rest_of_an_upgrade(
        self, ada: Account, gateway: FakeGateway, card_id: int
    ) -> None:
        buy_plan(ada, "plan-basic", gateway=gateway)
        agreed = shown(ada, "plan-pro", now=HALF)
        # Reading took him a while, and costs him nothing.
        switch(ada, gateway, card_id, agreed=agreed, now=HALF + 9 * MINUTE)
        assert [order.amount_minor for order in gateway.charged] == [4_500]
        assert plan_of(ada) == "plan-pro"

    def test_charges_once_beside_itself(
        self, app: Flask, ada: Account, gateway: FakeGateway, card_id: int
    ) -> None:
        agreed, outcomes = shown(ada, "plan-pro"), []
        session.rollback()

        def work() -> None:
            try:
                outcomes.append(switch(accounts.account("ada"), gateway, card_id, agreed=agreed))
            except AlreadyOnPlan:
                outcomes.append("paid before")

        in_parallel(app, [work] * 4)
        assert (len(outcomes), len(gateway.charges)) == (4, 1)
        assert (plan_of(ada), changes_of()) == ("plan-pro", ["applied"])

    def test_gives_up_what_was_declined(
        self, ada: Account, gateway: FakeGateway, card_id: int
    ) -> None:
        gateway.declines_with = "insufficient_funds"
        assert payment_row(switch(ada, gateway, card_id)).status == "failed"
        assert (plan_of(ada), changes_of()) == ("plan-payg", ["lapsed"])
        assert [invoice.status for invoice in invoices_of(ada)] == ["void"]

    @pytest.mark.parametrize("has_coupon", [False, True])
    def test_waits_for_the_owner_whom_the_bank_wants_to_hear(
        self, ada: Account, gateway: FakeGateway, card_id: int, *, has_coupon: bool
    ) -> None:
        if has_coupon:
            make_coupon()
            redeem("SAVE20", ada)
        gateway.declines_with = "authentication_required"
        agreed = shown(ada, "plan-pro")
        switch(ada, gateway, card_id, agreed=agreed)
        assert (plan_of(ada), changes_of()) == ("plan-payg", ["open"])
        pay(
            switch_plan(ada, "plan-pro", shop=make_shop(gateway), agreed=agreed, now=NOW),
            gateway=gateway,
        )
        assert (plan_of(ada), changes_of()) == ("plan-pro", ["applied"])

    def test_needs_no_card_where_nothing_is_due(
        self, ada: Account, gateway: FakeGateway, card_id: int
    ) -> None:
        buy_plan(ada, "plan-pro", gateway=gateway)
        assert switch(ada, gateway, card_id, plan_id="plan-basic", now=NOW + MINUTE) is None
        assert gateway.charged == []


class TestUnknownOutcomes:
    def test_are_found_by_the_sweep_and_charged_once(
        self, ada: Account, gateway: FakeGateway, card_id: int
    ) -> None:
        gateway.loses_answers = True
        agreed = shown(ada, "plan-pro")
        public_id = switch(ada, gateway, card_id, agreed=agreed)
        assert payment_row(public_id).status == "unknown"
        # To ask for it again charges nobody again, and opens no page beside it.
        assert switch(ada, gateway, card_id, agreed=agreed) == public_id
        with pytest.raises(DomainError, match="is being charged"):
            switch_plan(ada, "plan-pro", shop=make_shop(gateway), agreed=agreed, now=NOW)
        gateway.loses_answers = False
        later = NOW + 40 * MINUTE
        ask_about_attempts(gateways={"stripe": gateway}, base_url=BASE_URL, now=later)
        assert (len(gateway.charges), plan_of(ada)) == (1, "plan-pro")

    def test_of_what_was_given_up_meanwhile_come_back(
        self, ada: Account, gateway: FakeGateway, card_id: int
    ) -> None:
        gateway.loses_answers = True
        row = payment_row(switch(ada, gateway, card_id))
        gateway.loses_answers = False
        with transaction():
            resume_subscription(ada, grace=GRACE, now=NOW)
        charge(row)
        assert (plan_of(ada), changes_of()) == ("plan-payg", ["refunded"])
        assert payment_row(row.public_id).is_overpayment


class TestRefusals:
    def test_of_another_card_than_was_seen(
        self, ada: Account, gateway: FakeGateway, card_id: int
    ) -> None:
        with pytest.raises(CardNotUsable):
            switch(ada, gateway, card_id + 1)
        assert (gateway.charged, changes_of(), plan_of(ada)) == ([], [], "plan-payg")

    def test_while_a_page_for_it_is_open(
        self, ada: Account, gateway: FakeGateway, card_id: int
    ) -> None:
        agreed = shown(ada, "plan-pro")
        checkout = switch_plan(ada, "plan-pro", shop=make_shop(gateway), agreed=agreed, now=NOW)
        with pytest.raises(ChangeInProgress):
            switch(ada, gateway, card_id, agreed=agreed)
        pay(checkout, gateway=gateway)
        assert (gateway.charged, plan_of(ada)) == ([], "plan-pro")

    def test_while_a_payment_is_processed(
        self, ada: Account, gateway: FakeGateway, card_id: int
    ) -> None:
        switch_plan(ada, "plan-pro", shop=make_shop(gateway), now=NOW)
        (row,) = payments_of(ada)
        charge(row, OutcomeStatus.PROCESSING)
        for later in (NOW, NOW + timedelta(days=3)):
            with pytest.raises(ChangeInProgress):
                switch(ada, gateway, card_id, now=later)
        assert gateway.charged == []

    def test_of_terms_that_are_others_by_now(
        self, ada: Account, gateway: FakeGateway, card_id: int
    ) -> None:
        agreed = shown(ada, "plan-pro")
        make_coupon()
        redeem("SAVE20", ada)
        with pytest.raises(PreviewStale):
            switch(ada, gateway, card_id, agreed=agreed)
        assert (gateway.charged, changes_of()) == ([], [])

    def test_to_charge_for_a_period_that_is_over(
        self, ada: Account, gateway: FakeGateway, card_id: int
    ) -> None:
        buy_plan(ada, "plan-basic", gateway=gateway)
        gateway.declines_with = "authentication_required"
        last = {"plan_id": "plan-enterprise", "now": END - 25 * MINUTE}
        last["agreed"] = shown(ada, **last)
        switch(ada, gateway, card_id, **last)
        assert changes_of() == ["applied", "open"]
        gateway.declines_with = None
        with pytest.raises(PreviewStale):
            switch(ada, gateway, card_id, **{**last, "now": END + MINUTE})
        assert (len(gateway.charged), plan_of(ada)) == (1, "plan-basic")

    def test_while_a_page_that_has_ended_may_have_been_paid(
        self, ada: Account, gateway: FakeGateway, card_id: int
    ) -> None:
        begin_switch(ada, "plan-pro", gateway=gateway)
        gateway.is_away = True
        with pytest.raises(InvoiceNotPayable, match="has just ended"):
            switch(ada, gateway, card_id, now=NOW + 36 * MINUTE)
        gateway.is_away = False
        gateway.pay("cs_1")
        with pytest.raises(AlreadyOnPlan):
            switch(ada, gateway, card_id, now=NOW + 37 * MINUTE)
        assert (gateway.charged, plan_of(ada), changes_of()) == ([], "plan-pro", ["applied"])
