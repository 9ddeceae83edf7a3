"""Attempts to charge saved cards are written down like those with a page."""

from datetime import timedelta

import pytest

from app.domain.accounts.models import Account
from app.domain.payments import operations, queries
from app.domain.payments.gateway import OutcomeStatus
from app.domain.payments.models import Payment
from app.foundation.database import session, transaction
from tests.books import check_books
from tests.factories.payments import make_checkout, make_invoice
from tests.factories.purchases import charge, make_card
from tests.fakes.payment_gateway import FakeGateway
from tests.moments import NOW


@pytest.fixture(autouse=True)
def books(app):
    yield
    check_books()


def attempt(invoice, card) -> Payment:
    with transaction():
        session.add_all([invoice, card])
        return operations.add_off_session(
            invoice, purpose="invoice", card=card, amount_minor=1_234, now=NOW
        )


class TestAddOffSession:
    def test_has_its_card_its_key_and_no_page(self, ada: Account) -> None:
        invoice, card = make_invoice(ada), make_card(ada)
        payment = attempt(invoice, card)
        assert (payment.method, payment.purpose, payment.status) == (
            "off_session",
            "invoice",
            "created",
        )
        assert (payment.provider, payment.payment_method_id) == ("stripe", card.id)
        assert (payment.expires_at, payment.checkout_url) == (None, None)
        assert payment.idempotency_key == f"{payment.public_id}:off_session:1"

    def test_counts_attempts_of_every_method(self, ada: Account) -> None:
        gateway = FakeGateway()
        invoice, card = make_invoice(ada), make_card(ada)
        make_checkout(ada, invoice, gateway=gateway)
        gateway.end("cs_1", OutcomeStatus.EXPIRED)
        first = attempt(invoice, card)
        charge(first, OutcomeStatus.FAILED, decline_code="card_declined")
        second = attempt(invoice, card)
        assert (first.attempt_number, second.attempt_number) == (2, 3)
        assert first.idempotency_key != second.idempotency_key

    def test_may_still_be_paid_until_it_is_decided(self, ada: Account) -> None:
        invoice, card = make_invoice(ada), make_card(ada)
        payment = attempt(invoice, card)
        assert queries.may_be_paid(invoice, now=NOW.replace(year=2030))
        session.rollback()
        charge(payment, OutcomeStatus.FAILED, decline_code="card_declined")
        assert not queries.may_be_paid(invoice, now=NOW)

    def test_of_a_page_ends_with_the_page(self, ada: Account) -> None:
        invoice = make_invoice(ada)
        make_checkout(ada, invoice, gateway=FakeGateway())
        end = session.query(Payment).one().expires_at
        assert queries.may_be_paid(invoice, now=end - timedelta(microseconds=1))
        assert not queries.may_be_paid(invoice, now=end)
