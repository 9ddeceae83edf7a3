"""Settling: what a provider says takes effect once, if it is about exactly what was ordered."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from app.domain.accounts.models import Account
from app.domain.payments import queries
from app.domain.payments.consent import VERSION, Consent
from app.domain.payments.errors import OutcomeImpossible, OutcomeMismatch, UnknownPayment
from app.domain.payments.gateway import OutcomeStatus, PaymentOutcome
from app.domain.payments.models import PaymentMethod
from app.foundation.database import session, transaction
from app.foundation.journal import JournalEntry
from app.workflows.settle_payment import settle_payment
from app.workflows.verify_books import verify_books
from tests.factories.payments import invoice_row, make_checkout, make_invoice, payment_row
from tests.fakes.payment_gateway import FakeGateway, make_card


def settle(outcome: PaymentOutcome, *, now: datetime) -> None:
    with transaction():
        settle_payment(outcome, now=now)


def acts() -> list[str]:
    return [entry.action for entry in session.query(JournalEntry).order_by(JournalEntry.id)]


class TestSettlePayment:
    def test_pays_the_invoice(self, ada: Account, gateway: FakeGateway, now: datetime) -> None:
        invoice = make_invoice(ada)
        checkout = make_checkout(ada, invoice, gateway=gateway)
        gateway.pay("cs_1")
        settle(gateway.outcome_of_session("cs_1"), now=now)
        paid, row = payment_row(checkout.payment_id), invoice_row(invoice.public_id)
        assert (paid.status, paid.settled_at, paid.provider_payment) == ("settled", now, "pi_cs_1")
        assert not paid.is_overpayment
        assert (row.status, row.paid_at, row.transaction_id) == ("paid", now, "pi_cs_1")
        assert acts()[-1] == "payment_settled"
        assert verify_books() == []

    def test_has_its_effect_once(self, ada: Account, gateway: FakeGateway, now: datetime) -> None:
        make_checkout(ada, make_invoice(ada), gateway=gateway)
        gateway.pay("cs_1")
        for _ in range(3):
            settle(gateway.outcome_of_session("cs_1"), now=now)
        assert acts().count("payment_settled") == 1

    def test_keeps_the_card_that_paid_where_that_was_agreed_to(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        agreed = Consent(VERSION, now - timedelta(minutes=5))
        make_checkout(ada, make_invoice(ada), gateway=gateway, consent=agreed)
        gateway.pay("cs_1", saved_card=make_card(3))
        for _ in range(2):
            settle(gateway.outcome_of_session("cs_1"), now=now)
        card = session.query(PaymentMethod).one()
        assert (card.user_id, card.last4, card.is_default) == ("ada", "4244", True)
        assert (card.consent_version, card.consented_at) == (agreed.version, agreed.given_at)
        assert "card_saved" in acts() and verify_books() == []

    def test_keeps_no_card_otherwise(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        make_checkout(ada, make_invoice(ada), gateway=gateway)
        gateway.pay("cs_1", saved_card=make_card())
        settle(gateway.outcome_of_session("cs_1"), now=now)
        make_checkout(ada, make_invoice(ada), gateway=gateway, consent=Consent(VERSION, now))
        second = list(gateway.pages)[1]
        gateway.end(second, OutcomeStatus.EXPIRED)
        settle(gateway.outcome_of_session(second), now=now)
        assert session.query(PaymentMethod).count() == 0

    @pytest.mark.parametrize(
        "changes",
        [{"amount_minor": 1}, {"currency": "EUR"}, {"reference": "inv-x"}, {"provider": "paypal"}],
    )
    def test_believes_no_other_terms(
        self, ada: Account, gateway: FakeGateway, now: datetime, changes: dict[str, object]
    ) -> None:
        invoice = make_invoice(ada)
        checkout = make_checkout(ada, invoice, gateway=gateway)
        gateway.pay("cs_1")
        with pytest.raises(OutcomeMismatch):
            settle(replace(gateway.outcome_of_session("cs_1"), **changes), now=now)
        assert payment_row(checkout.payment_id).status == "pending"
        assert invoice_row(invoice.public_id).status == "issued"

    def test_takes_no_money_that_has_settled_another_attempt(
        self, ada: Account, ben: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        make_checkout(ada, make_invoice(ada), gateway=gateway)
        gateway.pay("cs_1")
        settle(gateway.outcome_of_session("cs_1"), now=now)
        invoice = make_invoice(ben)
        checkout = make_checkout(ben, invoice, gateway=gateway)
        crossed = replace(
            gateway.outcome_of_session(payment_row(checkout.payment_id).provider_session),
            status=OutcomeStatus.PAID,
            provider_payment="pi_cs_1",
        )
        with pytest.raises(OutcomeMismatch, match="Another attempt"):
            settle(crossed, now=now)
        assert payment_row(checkout.payment_id).status == "pending"
        assert invoice_row(invoice.public_id).status == "issued"
        assert acts().count("payment_settled") == 1

    def test_does_not_know_what_it_has_not_ordered(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        make_checkout(ada, make_invoice(ada), gateway=gateway)
        with pytest.raises(UnknownPayment):
            settle(replace(gateway.outcome_of_session("cs_1"), payment_id="pay-x"), now=now)

    def test_takes_money_that_comes_after_the_end(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        invoice = make_invoice(ada)
        checkout = make_checkout(ada, invoice, gateway=gateway)
        gateway.end("cs_1", OutcomeStatus.EXPIRED)
        settle(gateway.outcome_of_session("cs_1"), now=now)
        assert payment_row(checkout.payment_id).status == "expired"
        gateway.pay("cs_1")
        settle(gateway.outcome_of_session("cs_1"), now=now)
        assert invoice_row(invoice.public_id).status == "paid"
        assert acts()[-2:] == ["payment_expired", "payment_settled"]

    def test_shows_what_was_paid_twice_as_an_overpayment(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        invoice = make_invoice(ada)
        first = make_checkout(ada, invoice, gateway=gateway)
        make_checkout(ada, invoice, gateway=gateway, now=now + timedelta(hours=2))
        for page in ("cs_2", "cs_1"):
            gateway.pay(page)
            settle(gateway.outcome_of_session(page), now=now)
        late = payment_row(first.payment_id)
        assert (late.status, late.is_overpayment) == ("settled", True)
        assert invoice_row(invoice.public_id).transaction_id == "pi_cs_2"
        assert [view.id for view in queries.overpayments()] == [first.payment_id]
        assert acts()[-1] == "overpayment_received"
        assert verify_books() == []

    def test_shows_money_for_a_void_invoice_as_an_overpayment(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        invoice = make_invoice(ada)
        checkout = make_checkout(ada, invoice, gateway=gateway)
        with transaction():
            invoice_row(invoice.public_id).status = "void"
        gateway.pay("cs_1")
        settle(gateway.outcome_of_session("cs_1"), now=now)
        assert payment_row(checkout.payment_id).is_overpayment
        assert invoice_row(invoice.public_id).status == "void"
        assert verify_books() == []

    def test_keeps_a_failure_and_its_reason(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        checkout = make_checkout(ada, make_invoice(ada), gateway=gateway)
        gateway.end("cs_1", OutcomeStatus.FAILED, decline_code="insufficient_funds")
        settle(gateway.outcome_of_session("cs_1"), now=now)
        row = payment_row(checkout.payment_id)
        assert (row.status, row.decline_code) == ("failed", "insufficient_funds")

    def test_refuses_to_take_money_back(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        make_checkout(ada, make_invoice(ada), gateway=gateway)
        gateway.pay("cs_1")
        paid = gateway.outcome_of_session("cs_1")
        settle(paid, now=now)
        with pytest.raises(OutcomeImpossible):
            settle(replace(paid, status=OutcomeStatus.EXPIRED), now=now)
        with pytest.raises(OutcomeMismatch, match="also took pi_other"):
            settle(replace(paid, provider_payment="pi_other"), now=now)
