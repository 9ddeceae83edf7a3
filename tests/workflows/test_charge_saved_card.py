"""Charging a saved card: written down, asked, recorded; whatever is lost, nobody pays twice."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask import Flask

from app import create_app
from app.config import Settings
from app.domain.accounts.models import Account
from app.domain.invoices.models import Invoice
from app.domain.payments import cards
from app.domain.payments.errors import ProviderUnreachable, UnknownPayment, UnknownProvider
from app.domain.payments.gateway import ChargeOrder, OutcomeStatus
from app.domain.payments.models import Payment
from app.domain.payments.rules import KEY_LIFE
from app.foundation.database import session, transaction
from app.foundation.journal import JournalEntry
from app.workflows.charge_saved_card import charge_saved_card
from app.workflows.reconcile_payments import ask_about_attempts
from app.workflows.settle_payment import settle_payment
from app.workflows.verify_books import verify_books
from tests.factories.payments import (
    BASE_URL,
    invoice_row,
    make_card,
    make_charge,
    make_checkout,
    make_invoice,
    payment_row,
)
from tests.fakes.payment_gateway import FakeGateway
from tests.killing import die, run_until_killed
from tests.threads import in_parallel


@pytest.fixture
def attempt(ada: Account) -> Payment:
    """An attempt to charge Ada's card for an invoice, written down and not yet asked."""
    return make_charge(make_invoice(ada), make_card(ada))


def charge(attempt: Payment, gateway: FakeGateway, *, now: datetime) -> Payment:
    charge_saved_card(attempt.public_id, gateways={"stripe": gateway}, now=now)
    return payment_row(attempt.public_id)


def lose(attempt: Payment, gateway: FakeGateway, *, now: datetime) -> None:
    """Charge the card, and lose the answer."""
    gateway.loses_answers = True
    with pytest.raises(ProviderUnreachable):
        charge(attempt, gateway, now=now)
    gateway.loses_answers = False


def acts(name: str) -> int:
    session.rollback()
    return session.query(JournalEntry).filter_by(action=name).count()


class TestChargeSavedCard:
    def test_pays_the_invoice(self, ada: Account, gateway: FakeGateway, now: datetime) -> None:
        invoice, card = make_invoice(ada), make_card(ada)
        attempt = make_charge(invoice, card)
        row = charge(attempt, gateway, now=now)
        (order,) = gateway.charged
        assert (order.customer, order.card) == ("cus_1", "pm_1")
        assert (order.amount_minor, order.currency) == (1_234, "USD")
        assert (order.payment_id, order.reference) == (attempt.public_id, invoice.public_id)
        assert order.idempotency_key == attempt.idempotency_key
        assert (row.status, row.provider_session) == ("settled", row.provider_payment)
        assert invoice_row(invoice.public_id).status == "paid"
        assert verify_books() == []

    def test_was_written_down_before(
        self, attempt: Payment, gateway: FakeGateway, now: datetime
    ) -> None:
        seen = []
        asked = gateway.charge

        def look(order):
            seen.append(payment_row(order.payment_id).status)
            return asked(order)

        gateway.charge = look
        charge(attempt, gateway, now=now)
        assert seen == ["created"]

    def test_is_done_once(self, attempt: Payment, gateway: FakeGateway, now: datetime) -> None:
        for _ in range(3):
            charge(attempt, gateway, now=now)
        assert len(gateway.charged) == 1
        assert acts("payment_settled") == 1

    def test_has_one_effect_beside_itself(
        self, app: Flask, attempt: Payment, gateway: FakeGateway, now: datetime
    ) -> None:
        def work() -> None:
            charge_saved_card(attempt.public_id, gateways={"stripe": gateway}, now=now)

        in_parallel(app, [work] * 6)
        assert len(gateway.charges) == 1
        assert acts("payment_settled") == 1
        assert payment_row(attempt.public_id).status == "settled"

    @pytest.mark.parametrize("code", ["insufficient_funds", "authentication_required"])
    def test_keeps_why_the_bank_said_no(
        self, attempt: Payment, gateway: FakeGateway, now: datetime, code: str
    ) -> None:
        gateway.declines_with = code
        for _ in range(2):
            row = charge(attempt, gateway, now=now)
            assert (row.status, row.decline_code) == ("failed", code)
        assert len(gateway.charged) == 1
        assert acts("payment_failed") == 1

    def test_takes_a_refusal_for_an_end(
        self, attempt: Payment, gateway: FakeGateway, now: datetime
    ) -> None:
        gateway.refuses_with = "resource_missing"
        row = charge(attempt, gateway, now=now)
        assert (row.status, row.decline_code) == ("failed", "resource_missing")

    def test_knows_no_other_attempt(self, app: Flask, gateway: FakeGateway, now: datetime) -> None:
        with pytest.raises(UnknownPayment):
            charge_saved_card("pay-x", gateways={"stripe": gateway}, now=now)

    def test_waits_for_its_provider(self, attempt: Payment, now: datetime) -> None:
        with pytest.raises(UnknownProvider):
            charge_saved_card(attempt.public_id, gateways={}, now=now)
        assert payment_row(attempt.public_id).status == "created"

    def test_leaves_what_others_have_paid(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        invoice = make_invoice(ada)
        attempt = make_charge(invoice, make_card(ada))
        make_checkout(ada, invoice, gateway=gateway)
        gateway.pay("cs_1")
        with transaction():
            settle_payment(gateway.outcome_of_session("cs_1"), now=now)
        row = charge(attempt, gateway, now=now)
        assert (row.status, row.decline_code) == ("failed", "nothing_due")
        assert gateway.charged == []

    def test_charges_no_card_that_was_removed_meanwhile(
        self, ada: Account, attempt: Payment, gateway: FakeGateway, now: datetime
    ) -> None:
        with transaction():
            cards.remove_card(ada, attempt.payment_method_id, now=now)
        row = charge(attempt, gateway, now=now)
        assert (row.status, row.decline_code) == ("failed", "card_removed")
        assert gateway.charged == []


class TestLostAnswers:
    def test_are_unknown_and_found(
        self, attempt: Payment, gateway: FakeGateway, now: datetime
    ) -> None:
        lose(attempt, gateway, now=now)
        assert payment_row(attempt.public_id).status == "unknown"
        row = charge(attempt, gateway, now=now)
        assert row.status == "settled"
        # It was looked for, and not asked for again.
        assert (len(gateway.charged), len(gateway.charges)) == (1, 1)

    def test_that_never_arrived_are_asked_with_the_same_key(
        self, attempt: Payment, gateway: FakeGateway, now: datetime
    ) -> None:
        gateway.is_away = True
        with pytest.raises(ProviderUnreachable):
            charge(attempt, gateway, now=now)
        gateway.is_away = False
        assert payment_row(attempt.public_id).status == "unknown"
        assert charge(attempt, gateway, now=now).status == "settled"
        (order,) = gateway.charged
        assert order.idempotency_key == attempt.idempotency_key

    def test_are_taken_though_the_card_is_gone_by_now(
        self, ada: Account, attempt: Payment, gateway: FakeGateway, now: datetime
    ) -> None:
        lose(attempt, gateway, now=now)
        with transaction():
            cards.remove_card(ada, attempt.payment_method_id, now=now)
        assert charge(attempt, gateway, now=now).status == "settled"

    @pytest.mark.parametrize(
        ("late", "ends_as"),
        [(-timedelta(seconds=1), ("settled", None)), (timedelta(), ("failed", "too_late"))],
    )
    def test_are_not_repeated_once_the_key_may_be_forgotten(
        self, attempt: Payment, gateway: FakeGateway, now: datetime, late: timedelta, ends_as
    ) -> None:
        row = charge(attempt, gateway, now=now + KEY_LIFE + late)
        assert (row.status, row.decline_code) == ends_as
        assert len(gateway.charged) == (row.status == "settled")

    def test_are_still_found_long_after(
        self, attempt: Payment, gateway: FakeGateway, now: datetime
    ) -> None:
        lose(attempt, gateway, now=now)
        assert charge(attempt, gateway, now=now + timedelta(days=3)).status == "settled"
        assert len(gateway.charged) == 1

    def test_do_not_undo_what_an_event_has_told(
        self, attempt: Payment, gateway: FakeGateway, now: datetime
    ) -> None:
        asked = gateway.charge

        def told_meanwhile(order):
            outcome = asked(order)
            with transaction():
                settle_payment(outcome, now=now)
            raise ProviderUnreachable("The answer was lost.")

        gateway.charge = told_meanwhile
        with pytest.raises(ProviderUnreachable):
            charge(attempt, gateway, now=now)
        assert payment_row(attempt.public_id).status == "settled"
        assert acts("payment_settled") == 1

    def test_of_money_that_is_under_way_wait(
        self, attempt: Payment, gateway: FakeGateway, now: datetime
    ) -> None:
        lose(attempt, gateway, now=now)
        ((intent, made),) = gateway.charges.items()
        gateway.charges[intent] = replace(made, status=OutcomeStatus.PROCESSING)
        assert charge(attempt, gateway, now=now).status == "pending"


class TestSweep:
    def sweep(self, gateway: FakeGateway, *, now: datetime) -> tuple[int, int]:
        came_to = ask_about_attempts(gateways={"stripe": gateway}, base_url=BASE_URL, now=now)
        return came_to.attempts_asked, came_to.attempts_unanswered

    def test_charges_what_was_never_asked(
        self, attempt: Payment, gateway: FakeGateway, now: datetime
    ) -> None:
        assert self.sweep(gateway, now=now + timedelta(seconds=119)) == (0, 0)
        assert self.sweep(gateway, now=now + timedelta(seconds=120)) == (1, 0)
        assert payment_row(attempt.public_id).status == "settled"

    def test_finds_what_a_lost_answer_was(
        self, attempt: Payment, gateway: FakeGateway, now: datetime
    ) -> None:
        lose(attempt, gateway, now=now)
        self.sweep(gateway, now=now + timedelta(minutes=5))
        assert payment_row(attempt.public_id).status == "settled"
        assert len(gateway.charges) == 1

    def test_follows_money_that_is_under_way(
        self, attempt: Payment, gateway: FakeGateway, now: datetime
    ) -> None:
        lose(attempt, gateway, now=now)
        ((intent, made),) = gateway.charges.items()
        gateway.charges[intent] = replace(made, status=OutcomeStatus.PROCESSING)
        charge(attempt, gateway, now=now)
        gateway.charges[intent] = made
        self.sweep(gateway, now=now + timedelta(minutes=10))
        assert gateway.asked == [intent]
        assert payment_row(attempt.public_id).status == "settled"

    def test_comes_back_to_a_provider_that_is_away(
        self, attempt: Payment, gateway: FakeGateway, now: datetime
    ) -> None:
        gateway.is_away = True
        assert self.sweep(gateway, now=now + timedelta(minutes=5)) == (1, 1)
        gateway.is_away = False
        assert self.sweep(gateway, now=now + timedelta(minutes=10)) == (1, 0)
        assert payment_row(attempt.public_id).status == "settled"


class Killer:
    def charge(self, order: ChargeOrder) -> None:
        die()


def charge_and_die(settings: Settings, public_id: str, now: datetime) -> None:
    with create_app(settings).app_context():
        charge_saved_card(public_id, gateways={"stripe": Killer()}, now=now)


class TestKilledBetween:
    @pytest.mark.parametrize("reaches_the_provider", [False, True])
    def test_the_call_and_its_record(
        self, settings: Settings, attempt: Payment, gateway: FakeGateway, reaches_the_provider
    ) -> None:
        now = attempt.created_at
        run_until_killed(charge_and_die, settings, attempt.public_id, now)
        assert payment_row(attempt.public_id).status == "created"
        if reaches_the_provider:
            # The card is charged; nobody here knows.
            gateway.charge(
                ChargeOrder(
                    payment_id=attempt.public_id,
                    reference=session.get_one(Invoice, attempt.invoice_id).public_id,
                    idempotency_key=attempt.idempotency_key,
                    amount_minor=1_234,
                    currency="USD",
                    description="Invoice",
                    customer="cus_1",
                    card="pm_1",
                )
            )
        later = now + timedelta(minutes=10)
        ask_about_attempts(gateways={"stripe": gateway}, base_url=BASE_URL, now=later)
        assert len(gateway.charges) == 1
        assert payment_row(attempt.public_id).status == "settled"
        assert acts("payment_settled") == 1
        assert verify_books() == []
