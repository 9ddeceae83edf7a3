"""Settling charges of saved cards: without a page, in any order, each with one effect."""

from datetime import timedelta

import pytest
from flask import Flask

from app.domain.accounts.models import Account
from app.domain.accounts.queries import settings_of
from app.domain.mails.models import Mail
from app.domain.payments import operations
from app.domain.payments.gateway import OutcomeStatus
from app.domain.payments.models import PaymentMethod
from app.domain.payments.refunds import REFUND_PAYMENT
from app.foundation.database import session, transaction
from tests.factories.payments import make_checkout, make_invoice, payment_row
from tests.factories.purchases import (
    charge,
    invoices_of,
    mails_of,
    make_card,
    outcome_of,
    pay,
    promises,
    tell,
)
from tests.fakes.payment_gateway import FakeGateway
from tests.moments import NOW
from tests.threads import in_parallel

HOUR = timedelta(hours=1)
pytestmark = pytest.mark.usefixtures("books")


@pytest.fixture
def attempt(ada: Account):
    """A charge of Ada's card for her usage invoice."""
    invoice, card = make_invoice(ada), make_card(ada)
    with transaction():
        row = session.get_one(type(invoice), invoice.id)
        card = session.get_one(PaymentMethod, card.id)
        given = {"purpose": "invoice", "card": card, "amount_minor": 1_234, "now": NOW}
        payment = operations.add_off_session(row, **given)
    return payment_row(payment.public_id)


class TestCharges:
    def test_pay_the_invoice_once(self, app: Flask, ada: Account, attempt) -> None:
        outcome = outcome_of(attempt)
        session.rollback()
        in_parallel(app, [lambda: tell(outcome)] * 4)
        (invoice,) = invoices_of(ada)
        assert (invoice.status, invoice.payment_method) == ("paid", "stripe")
        assert invoice.transaction_id == f"pi_{attempt.public_id}"
        assert mails_of(ada) == ["invoice_paid"]

    def test_write_no_receipt_to_those_who_want_none(self, ada: Account, attempt) -> None:
        with transaction():
            settings_of(ada).send_invoice_email = False
        charge(attempt)
        assert (invoices_of(ada)[0].status, mails_of(ada)) == ("paid", [])

    def test_tell_of_a_decline_and_when_it_is_tried_again(self, ada: Account, attempt) -> None:
        charge(attempt, OutcomeStatus.FAILED, decline_code="expired_card", now=NOW + HOUR)
        facts = session.query(Mail).filter_by(kind="renewal_failed").one().facts
        assert (facts["decline_code"], facts["due_minor"]) == ("expired_card", 1_234)
        assert facts["next_try_at"] == (NOW + timedelta(days=1)).isoformat()
        # It is no renewal: no plan, and no grace.
        assert (facts["plan_name"], facts["grace_ends_at"]) == (None, None)
        assert invoices_of(ada)[0].status == "issued"

    def test_that_were_declined_may_still_bring_money(self, ada: Account, attempt) -> None:
        charge(attempt, OutcomeStatus.FAILED, decline_code="processing_error")
        charge(payment_row(attempt.public_id), now=NOW + HOUR)
        assert invoices_of(ada)[0].status == "paid"

    def test_beside_a_page_leave_one_overpayment(self, ada: Account, attempt) -> None:
        gateway = FakeGateway()
        checkout = make_checkout(ada, invoices_of(ada)[0], gateway=gateway)
        charge(attempt)
        pay(checkout, gateway=gateway)
        assert len(promises(REFUND_PAYMENT)) == 1
        assert payment_row(checkout.payment_id).is_overpayment
        assert not payment_row(attempt.public_id).is_overpayment
