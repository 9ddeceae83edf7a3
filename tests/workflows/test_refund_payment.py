"""Giving money back: written down, asked, recorded; whatever is lost, it goes out once."""

from datetime import datetime, timedelta

import pytest
from flask import Flask

from app import create_app
from app.config import Settings
from app.domain.accounts.models import Account
from app.domain.payments.errors import ProviderUnreachable, UnknownProvider, UnknownRefund
from app.domain.payments.gateway import DisputeStatus, RefundOrder, RefundOutcomeStatus
from app.domain.payments.models import Payment, Refund
from app.domain.payments.rules import KEY_LIFE
from app.foundation.database import session, transaction
from app.foundation.outbox import OutboxEntry
from app.workflows.reconcile_payments import ask_about_refunds
from app.workflows.record_dispute import record_dispute
from app.workflows.refund_payment import refund_payment
from app.workflows.void_invoice import void_invoice
from tests.factories.payments import (
    make_checkout,
    make_invoice,
    make_paid,
    make_refund,
    payment_row,
    refund_row,
)
from tests.factories.purchases import pay, promises
from tests.fakes.payment_gateway import FakeGateway
from tests.killing import die, run_until_killed
from tests.threads import in_parallel

LATER = timedelta(minutes=10)
pytestmark = pytest.mark.usefixtures("books")


@pytest.fixture
def payment(ada: Account, gateway: FakeGateway) -> Payment:
    """A payment of 12.34 that has come."""
    return make_paid(ada, gateway=gateway)


def refund(refund: Refund, gateway: FakeGateway, *, now: datetime) -> Refund:
    refund_payment(refund.id, gateways={"stripe": gateway}, now=now)
    return refund_row(refund.id)


def lose(asked: Refund, gateway: FakeGateway, *, now: datetime) -> None:
    """Give the money back, and lose the answer."""
    gateway.loses_answers = True
    with pytest.raises(ProviderUnreachable):
        refund(asked, gateway, now=now)
    gateway.loses_answers = False


def overpay(account: Account, gateway: FakeGateway, *, now: datetime) -> tuple[Payment, Refund]:
    """Pay an invoice that is void by then, and return the refund that was promised of it."""
    invoice = make_invoice(account)
    checkout = make_checkout(account, invoice, gateway=gateway)
    with transaction():
        void_invoice(invoice.public_id, reason="a gift", actor="olga", now=now)
    pay(checkout, gateway=gateway)
    (promised,) = promises("refund_payment")
    return payment_row(checkout.payment_id), refund_row(promised["refund"])


def settlings() -> int:
    session.rollback()
    return session.query(OutboxEntry).filter_by(kind="refund_settled").count()


class TestRefundPayment:
    def test_gives_the_money_back(
        self, payment: Payment, gateway: FakeGateway, now: datetime
    ) -> None:
        asked = make_refund(payment)
        row = refund(asked, gateway, now=now)
        assert gateway.refund_orders == [
            RefundOrder(
                refund_id=str(asked.id),
                provider_payment=payment.provider_payment,
                idempotency_key=asked.idempotency_key,
                amount_minor=234,
                reason="Bought by mistake",
            )
        ]
        assert (row.status, row.provider_refund) == ("settled", "re_3")
        assert payment_row(payment.public_id).refunded_minor == 234
        assert settlings() == 1

    def test_is_done_once(self, payment: Payment, gateway: FakeGateway, now: datetime) -> None:
        asked = make_refund(payment)
        for _ in range(3):
            refund(asked, gateway, now=now)
        assert len(gateway.refund_orders) == 1

    def test_has_one_effect_beside_itself(
        self, app: Flask, payment: Payment, gateway: FakeGateway, now: datetime
    ) -> None:
        asked = make_refund(payment)

        def work() -> None:
            refund_payment(asked.id, gateways={"stripe": gateway}, now=now)

        in_parallel(app, [work] * 6)
        assert len(gateway.refunds) == 1
        assert payment_row(payment.public_id).refunded_minor == 234
        assert settlings() == 1

    def test_follows_a_slow_one_to_its_end(
        self, payment: Payment, gateway: FakeGateway, now: datetime
    ) -> None:
        gateway.refunds_become = RefundOutcomeStatus.PENDING
        asked = make_refund(payment)
        assert refund(asked, gateway, now=now).status == "pending"
        assert payment_row(payment.public_id).refunded_minor == 0
        assert refund(asked, gateway, now=now).status == "pending"
        gateway.end_refund("re_3", RefundOutcomeStatus.SETTLED)
        assert refund(asked, gateway, now=now).status == "settled"
        assert len(gateway.refund_orders) == 1

    def test_notes_that_it_was_refused(
        self, payment: Payment, gateway: FakeGateway, now: datetime
    ) -> None:
        gateway.refuses_with = "charge_disputed"
        asked = make_refund(payment)
        assert refund(asked, gateway, now=now).status == "failed"
        assert payment_row(payment.public_id).refunded_minor == 0
        # What failed may be asked for again.
        gateway.refuses_with = None
        assert refund(make_refund(payment, minor=1_234), gateway, now=now).status == "settled"

    def test_gives_back_what_somebody_else_has_left_of_an_overpayment(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        payment, asked = overpay(ada, gateway, now=now)
        gateway.give_back(payment.provider_payment, 200)
        gateway.refuses_with = "charge_already_refunded"
        for _ in range(2):
            assert refund(asked, gateway, now=now).status == "failed"
        gateway.refuses_with = None
        _, promised = promises("refund_payment")
        assert refund(refund_row(promised["refund"]), gateway, now=now).amount_minor == 1_034
        assert payment_row(payment.public_id).refunded_minor == 1_234

    def test_gives_back_what_a_dispute_has_left_of_an_overpayment(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        payment, asked = overpay(ada, gateway, now=now)
        gateway.contest(payment.provider_payment, DisputeStatus.LOST, amount_minor=234)
        with transaction():
            record_dispute(next(iter(gateway.disputes.values())), now=now)
        gateway.refuses_with = "refund_amount_exceeded"
        assert refund(asked, gateway, now=now).status == "failed"
        gateway.refuses_with = None
        _, promised = promises("refund_payment")
        assert refund(refund_row(promised["refund"]), gateway, now=now).amount_minor == 1_000

    def test_leaves_the_rest_of_what_was_no_overpayment_to_the_operator(
        self, payment: Payment, gateway: FakeGateway, now: datetime
    ) -> None:
        asked = make_refund(payment, minor=1_234)
        gateway.give_back(payment.provider_payment, 200)
        gateway.refuses_with = "charge_already_refunded"
        assert refund(asked, gateway, now=now).status == "failed"
        assert promises("refund_payment") == []
        assert payment_row(payment.public_id).refunded_minor == 200

    def test_knows_no_other_refund(self, app: Flask, gateway: FakeGateway, now: datetime) -> None:
        with pytest.raises(UnknownRefund):
            refund_payment(7, gateways={"stripe": gateway}, now=now)

    def test_waits_for_its_provider(self, payment: Payment, now: datetime) -> None:
        asked = make_refund(payment)
        with pytest.raises(UnknownProvider):
            refund_payment(asked.id, gateways={}, now=now)
        assert refund_row(asked.id).status == "created"


class TestLostAnswers:
    def test_are_unknown_and_found(
        self, payment: Payment, gateway: FakeGateway, now: datetime
    ) -> None:
        asked = make_refund(payment)
        lose(asked, gateway, now=now)
        assert refund_row(asked.id).status == "unknown"
        assert refund(asked, gateway, now=now).status == "settled"
        assert (len(gateway.refund_orders), settlings()) == (1, 1)

    def test_that_never_arrived_are_asked_with_the_same_key(
        self, payment: Payment, gateway: FakeGateway, now: datetime
    ) -> None:
        asked = make_refund(payment)
        gateway.is_away = True
        with pytest.raises(ProviderUnreachable):
            refund(asked, gateway, now=now)
        gateway.is_away = False
        assert refund(asked, gateway, now=now).status == "settled"

    @pytest.mark.parametrize(
        ("late", "status"), [(-timedelta(seconds=1), "settled"), (timedelta(), "failed")]
    )
    def test_are_not_repeated_once_the_key_may_be_forgotten(
        self, payment: Payment, gateway: FakeGateway, now: datetime, late: timedelta, status: str
    ) -> None:
        asked = make_refund(payment)
        assert refund(asked, gateway, now=now + KEY_LIFE + late).status == status
        assert len(gateway.refund_orders) == (status == "settled")

    def test_are_still_found_long_after(
        self, payment: Payment, gateway: FakeGateway, now: datetime
    ) -> None:
        asked = make_refund(payment)
        lose(asked, gateway, now=now)
        assert refund(asked, gateway, now=now + timedelta(days=3)).status == "settled"
        assert len(gateway.refund_orders) == 1


class TestSweep:
    def sweep(self, gateway: FakeGateway, *, now: datetime) -> tuple[int, int]:
        came_to = ask_about_refunds(gateways={"stripe": gateway}, now=now)
        return came_to.refunds_asked, came_to.refunds_unanswered

    def test_leaves_young_ones_alone(
        self, payment: Payment, gateway: FakeGateway, now: datetime
    ) -> None:
        asked = make_refund(payment)
        assert self.sweep(gateway, now=now + timedelta(seconds=119)) == (0, 0)
        assert self.sweep(gateway, now=now + timedelta(seconds=120)) == (1, 0)
        assert refund_row(asked.id).status == "settled"

    def test_asks_about_slow_ones_by_the_hour(
        self, payment: Payment, gateway: FakeGateway, now: datetime
    ) -> None:
        gateway.refunds_become = RefundOutcomeStatus.PENDING
        refund(make_refund(payment), gateway, now=now)
        gateway.end_refund("re_3", RefundOutcomeStatus.SETTLED)
        assert self.sweep(gateway, now=now + timedelta(minutes=59)) == (0, 0)
        assert self.sweep(gateway, now=now + timedelta(minutes=60)) == (1, 0)
        assert settlings() == 1

    def test_comes_back_to_a_provider_that_is_away(
        self, payment: Payment, gateway: FakeGateway, now: datetime
    ) -> None:
        make_refund(payment)
        gateway.is_away = True
        assert self.sweep(gateway, now=now + LATER) == (1, 1)
        gateway.is_away = False
        assert self.sweep(gateway, now=now + 2 * LATER) == (1, 0)
        assert settlings() == 1


class Killer:
    def refund(self, order: RefundOrder) -> None:
        die()


def refund_and_die(settings: Settings, refund_id: int, now: datetime) -> None:
    with create_app(settings).app_context():
        refund_payment(refund_id, gateways={"stripe": Killer()}, now=now)


class TestKilledBetween:
    def test_the_row_and_the_call(
        self, settings: Settings, payment: Payment, gateway: FakeGateway, now: datetime
    ) -> None:
        asked = make_refund(payment)
        run_until_killed(refund_and_die, settings, asked.id, now)
        assert refund_row(asked.id).status == "created"
        ask_about_refunds(gateways={"stripe": gateway}, now=now + LATER)
        assert len(gateway.refunds) == 1
        self.check_given_back_once(payment, asked)

    def test_the_call_and_its_record(
        self, settings: Settings, payment: Payment, gateway: FakeGateway, now: datetime
    ) -> None:
        asked = make_refund(payment)
        run_until_killed(refund_and_die, settings, asked.id, now)
        # The provider has done it; nobody here knows.
        order = RefundOrder(
            refund_id=str(asked.id),
            provider_payment=payment.provider_payment or "",
            idempotency_key=asked.idempotency_key,
            amount_minor=234,
            reason="Bought by mistake",
        )
        gateway.refund(order)
        ask_about_refunds(gateways={"stripe": gateway}, now=now + LATER)
        assert gateway.refund_orders == [order, order]
        assert len(gateway.refunds) == 1
        self.check_given_back_once(payment, asked)

    def check_given_back_once(self, payment: Payment, asked: Refund) -> None:
        assert refund_row(asked.id).status == "settled"
        assert payment_row(payment.public_id).refunded_minor == 234
        assert settlings() == 1
