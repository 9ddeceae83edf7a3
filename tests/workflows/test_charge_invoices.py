"""Saved cards are charged at once and on later days, each invoice by one attempt at a time."""

from datetime import timedelta

import pytest
from flask import Flask

from app.domain.accounts.models import Account
from app.domain.accounts.queries import settings_of
from app.domain.mails.models import Mail
from app.domain.payments.gateway import OutcomeStatus
from app.foundation.database import session, transaction
from app.workflows.auto_top_up import CHARGE_SAVED_CARD
from app.workflows.charge_invoices import charge_invoices
from app.workflows.renew_subscriptions import renew_subscriptions
from tests.factories.payments import make_checkout, make_invoice
from tests.factories.purchases import (
    SELLER,
    buy_plan,
    charge,
    close,
    invoices_of,
    mails_of,
    make_card,
    payments_of,
    promises,
)
from tests.factories.subscriptions import current_period
from tests.factories.usage import GRACE
from tests.fakes.payment_gateway import FakeGateway
from tests.moments import NOW
from tests.threads import in_parallel

TICK, HOUR, DAY = timedelta(microseconds=1), timedelta(hours=1), timedelta(days=1)
END = NOW + 30 * DAY
pytestmark = pytest.mark.usefixtures("books")


def charge_all(now) -> int:
    with transaction():
        return charge_invoices(now=now)


def want_auto_pay(account: Account) -> None:
    with transaction():
        settings_of(account).auto_pay = True


@pytest.fixture
def renewed(ada: Account, gateway: FakeGateway) -> Account:
    """Ada, whose Pro plan has been renewed and is not paid yet; her card is saved."""
    buy_plan(ada, "plan-pro", gateway=gateway)
    make_card(ada)
    with transaction():
        renew_subscriptions(seller=SELLER, grace=GRACE, now=END)
    return ada


def attempts(account: Account):
    return [payment for payment in payments_of(account) if payment.method == "off_session"]


class TestRenewals:
    def test_are_charged_at_once(self, renewed: Account) -> None:
        assert charge_all(END) == 1
        (payment,) = attempts(renewed)
        assert (payment.purpose, payment.amount_minor, payment.status) == (
            "invoice",
            9_999,
            "created",
        )
        assert promises(CHARGE_SAVED_CARD) == [{"payment": payment.public_id}]
        charge(payment, now=END)
        assert current_period(renewed.id).quota == 1_000_000
        assert invoices_of(renewed)[1].status == "paid"
        assert charge_all(END + 5 * DAY) == 0

    def test_are_tried_again_on_days_one_three_and_five(self, renewed: Account) -> None:
        tried = []
        for hour in range(-1, 24 * 7 - 1):
            if charge_all(END + hour * HOUR):
                tried.append(hour)
                payment = attempts(renewed)[-1]
                failed = {"decline_code": "insufficient_funds", "now": END + hour * HOUR}
                charge(payment, OutcomeStatus.FAILED, **failed)
        assert tried == [0, 24, 72, 120]
        assert mails_of(renewed).count("renewal_failed") == 4
        rows = session.query(Mail).filter_by(kind="renewal_failed").order_by(Mail.id)
        days = [END + day * DAY for day in (1, 3, 5)]
        expected = [*(day.isoformat() for day in days), None]
        assert [mail.facts["next_try_at"] for mail in rows] == expected
        assert rows.first().facts["grace_ends_at"] == (END + GRACE).isoformat()
        assert [payment.attempt_number for payment in attempts(renewed)] == [1, 2, 3, 4]

    def test_wait_while_an_attempt_is_undecided(self, renewed: Account) -> None:
        charge_all(END)
        assert charge_all(END + DAY) == 0

    def test_wait_while_the_customer_is_on_his_page(self, renewed: Account, gateway) -> None:
        checkout = make_checkout(renewed, invoices_of(renewed)[1], gateway=gateway, now=END)
        assert charge_all(END) == 0
        close(checkout, gateway=gateway, now=END + HOUR)
        assert charge_all(END + HOUR) == 1

    def test_wait_until_it_is_known_whether_a_page_that_has_ended_was_paid(
        self, renewed: Account, gateway
    ) -> None:
        make_checkout(renewed, invoices_of(renewed)[1], gateway=gateway, now=END)
        for after in (HOUR, DAY):
            assert charge_all(END + after) == 0

    def test_threads_charge_once(self, app: Flask, renewed: Account) -> None:
        assert sum(in_parallel(app, [lambda: charge_all(END)] * 4)) == 1


class TestUsage:
    def test_is_charged_where_its_customer_wants_it(self, ada: Account, ben: Account) -> None:
        for account in (ada, ben):
            make_invoice(account)
            make_card(account)
        want_auto_pay(ada)
        assert charge_all(NOW) == 1
        assert (len(attempts(ada)), attempts(ben)) == (1, [])
        charge(attempts(ada)[0])
        assert invoices_of(ada)[0].status == "paid"

    @pytest.mark.parametrize(
        "changes",
        [
            {"removed_at": NOW},
            {"is_default": False},
            {"consented_at": None, "consent_version": None},
        ],
    )
    def test_is_charged_to_no_other_card(self, ada: Account, changes) -> None:
        make_invoice(ada)
        make_card(ada, **changes)
        want_auto_pay(ada)
        assert charge_all(NOW) == 0
