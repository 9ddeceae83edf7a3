"""Attempts, cards and refunds are written down before any provider is asked."""

from datetime import datetime, timedelta

import pytest
from flask import Flask

from app.domain.accounts.models import Account
from app.domain.mails.models import Mail
from app.domain.payments import cards, operations, queries
from app.domain.payments.consent import Consent
from app.domain.payments.errors import CardNotUsable, PaymentNotRefundable, RefundTooLarge
from app.domain.payments.models import Dispute, Payment, PaymentMethod, Refund
from app.foundation.database import session, transaction
from app.foundation.journal import JournalEntry
from tests.factories.payments import (
    make_card,
    make_charge,
    make_checkout,
    make_invoice,
    make_paid,
    make_refund,
    payment_row,
)
from tests.fakes.payment_gateway import FakeGateway
from tests.fakes.payment_gateway import make_card as card_at_provider
from tests.threads import in_parallel


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


def keep(account: Account, number: int = 1, *, consent: Consent | None, now: datetime):
    with transaction():
        return operations.keep_card(
            account.id, card_at_provider(number), provider="stripe", consent=consent, now=now
        )


class TestAddOffSession:
    def test_carries_the_card_in_its_key(self, ada: Account, now: datetime) -> None:
        invoice, card = make_invoice(ada), make_card(ada)
        attempts = [make_charge(invoice, card) for _ in range(2)]
        first, second = (payment_row(attempt.public_id) for attempt in attempts)
        assert (first.method, first.status, first.payment_method_id) == (
            "off_session", "created", card.id,
        )  # fmt: skip
        assert first.idempotency_key == f"{first.public_id}:off_session-{card.id}:1"
        assert second.idempotency_key == f"{second.public_id}:off_session-{card.id}:2"
        assert (first.expires_at, first.provider, first.amount_minor) == (None, "stripe", 1_234)

    def test_charges_no_card_that_was_removed(self, ada: Account, now: datetime) -> None:
        invoice, card = make_invoice(ada), make_card(ada)
        with transaction():
            cards.remove_card(ada, card.id, now=now)
        with pytest.raises(CardNotUsable, match="removed"):
            make_charge(invoice, cards.card_by_id(card.id))

    def test_charges_no_card_without_consent(self, ada: Account, now: datetime) -> None:
        card = keep(ada, consent=None, now=now)
        with pytest.raises(CardNotUsable, match="agreed"):
            make_charge(make_invoice(ada), card)
        assert session.query(Payment).count() == 0

    def test_is_no_page_to_send_anybody_to(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        invoice = make_invoice(ada)
        page = make_checkout(ada, invoice, gateway=gateway)
        make_charge(invoice, make_card(ada))
        session.rollback()
        assert queries.last_attempt(invoice, provider="stripe").public_id == page.payment_id
        assert make_checkout(ada, invoice, gateway=gateway) == page


def test_a_checkout_says_what_it_is_for(ada: Account, now: datetime) -> None:
    invoice = make_invoice(ada)
    given = {"provider": "stripe", "amount_minor": 500, "now": now}
    with transaction():
        plain = operations.add_checkout(invoice, **given)
        topup = operations.add_checkout(invoice, purpose="topup", **given)
    assert (plain.purpose, topup.purpose) == ("invoice", "topup")
    assert topup.idempotency_key.endswith(":checkout:2")


class TestKeepCard:
    def test_keeps_a_card_once(self, ada: Account, now: datetime) -> None:
        consent = Consent("2026-11", now)
        rows = [keep(ada, consent=consent, now=now) for _ in range(3)]
        assert {row.id for row in rows} == {session.query(PaymentMethod).one().id}
        (row,) = session.query(PaymentMethod)
        assert (row.provider_customer, row.provider_reference) == ("cus_1", "pm_1")
        assert (row.brand, row.last4, row.expires_on) == ("visa", "4242", "2034-12")
        assert (row.consent_version, row.consented_at, row.is_default) == ("2026-11", now, True)
        assert session.query(JournalEntry).filter_by(action="card_saved").count() == 1
        letter = session.query(Mail).one()
        assert (letter.kind, letter.facts) == ("card_saved", {"brand": "visa", "last4": "4242"})

    def test_keeps_a_card_once_though_it_comes_twice_at_once(
        self, app: Flask, ada: Account, now: datetime
    ) -> None:
        in_parallel(app, [lambda: keep(ada, consent=None, now=now)] * 6)
        assert session.query(PaymentMethod).count() == 1

    def test_makes_the_first_the_default(self, ada: Account, now: datetime) -> None:
        rows = [keep(ada, number, consent=None, now=now) for number in (1, 2)]
        assert [row.is_default for row in rows] == [True, False]

    def test_adds_a_consent_but_changes_none(self, ada: Account, now: datetime) -> None:
        keep(ada, consent=None, now=now)
        first, later = Consent("2026-11", now), Consent("2026-12", now + timedelta(days=1))
        for consent in (first, later, None):
            row = keep(ada, consent=consent, now=now)
            assert (row.consent_version, row.consented_at) == ("2026-11", now)

    def test_does_not_bring_back_what_was_removed(self, ada: Account, now: datetime) -> None:
        card = keep(ada, consent=None, now=now)
        with transaction():
            cards.remove_card(ada, card.id, now=now)
        again = keep(ada, consent=Consent("2026-11", now), now=now)
        assert (again.removed_at, again.is_default) == (now, False)
        assert cards.cards_of(ada, now=now) == ()


class TestAddRefund:
    def test_is_written_down_first(self, ada: Account, gateway: FakeGateway, now: datetime) -> None:
        payment = make_paid(ada, gateway=gateway)
        first, second = make_refund(payment), make_refund(payment)
        assert (first.status, first.amount_minor) == ("created", 234)
        assert first.idempotency_key == f"{payment.public_id}:refund:1"
        assert second.idempotency_key == f"{payment.public_id}:refund:2"
        assert gateway.refund_orders == []
        assert payment_row(payment.public_id).refunded_minor == 0
        entry = session.query(JournalEntry).filter_by(action="refund_requested").first()
        assert entry is not None and entry.actor == "operator:olga"

    def test_counts_what_is_on_its_way(self, ada: Account, gateway: FakeGateway) -> None:
        payment = make_paid(ada, gateway=gateway)
        make_refund(payment, minor=1_000)
        with pytest.raises(RefundTooLarge, match=r"From \$0\.01 to \$2\.34"):
            make_refund(payment, minor=235)
        make_refund(payment, minor=234)
        with pytest.raises(PaymentNotRefundable, match="already"):
            make_refund(payment, minor=1)

    def test_never_gives_more_back_however_many_try(
        self, app: Flask, ada: Account, gateway: FakeGateway
    ) -> None:
        payment = make_paid(ada, gateway=gateway)

        def attempt() -> bool:
            try:
                make_refund(payment, minor=700)
            except RefundTooLarge:
                return False
            return True

        assert sum(in_parallel(app, [attempt] * 6)) == 1
        session.rollback()
        assert session.query(Refund).count() == 1

    def test_waits_for_the_bank_of_a_disputed_payment(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        payment = make_paid(ada, gateway=gateway)
        dispute = {"payment_id": payment.id, "user_id": "ada", "provider_dispute": "du_1"}
        with transaction():
            session.add(Dispute(amount_minor=1, reason="fraudulent", opened_at=now, **dispute))
        with pytest.raises(PaymentNotRefundable, match="disputed"):
            make_refund(payment)

    def test_gives_back_only_what_a_dispute_has_left(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        payment = make_paid(ada, gateway=gateway)
        lost = {"payment_id": payment.id, "user_id": "ada", "opened_at": now, "status": "lost"}
        with transaction():
            session.add(
                Dispute(
                    amount_minor=1_000, reason="unauthorised", provider_dispute="PP-D-1", **lost
                )
            )
        with pytest.raises(RefundTooLarge, match=r"From \$0\.01 to \$2\.34"):
            make_refund(payment, minor=235)
        make_refund(payment, minor=234)
        with pytest.raises(PaymentNotRefundable, match="already"):
            make_refund(payment, minor=1)

    def test_gives_nothing_back_that_was_not_paid(self, ada: Account, gateway: FakeGateway) -> None:
        checkout = make_checkout(ada, make_invoice(ada), gateway=gateway)
        with pytest.raises(PaymentNotRefundable, match="is pending"):
            make_refund(payment_row(checkout.payment_id))
