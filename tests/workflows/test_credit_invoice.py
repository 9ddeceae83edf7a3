"""Crediting a paid invoice: a credit note, account credit, and never more than is left."""

from datetime import datetime, timedelta

import pytest

from app.domain.accounts import queries as account_queries
from app.domain.accounts.errors import ReasonInvalid
from app.domain.accounts.models import Account
from app.domain.invoices.documents import GivenBack
from app.domain.invoices.errors import CreditTooLarge, InvoiceNotCreditable, UnknownInvoice
from app.domain.invoices.filing import credit_note_of
from app.domain.invoices.models import CreditNote, Invoice, TaxRate
from app.domain.mails.models import Mail
from app.domain.payments.models import Payment
from app.foundation.database import session, transaction
from app.workflows.credit_invoice import credit_invoice
from app.workflows.follow_refund import follow_refund
from app.workflows.refund_payment import refund_payment
from app.workflows.void_invoice import void_invoice
from tests.books import check_books
from tests.factories.payments import make_invoice, make_paid, make_refund, refund_row
from tests.fakes.payment_gateway import FakeGateway


@pytest.fixture
def payment(ada: Account, gateway: FakeGateway) -> Payment:
    """A payment of 12.34 that has come."""
    return make_paid(ada, gateway=gateway)


@pytest.fixture
def invoice(payment: Payment) -> Invoice:
    """The invoice that it has paid."""
    return session.get_one(Invoice, payment.invoice_id)


def credit(invoice: Invoice, minor: int, *, now: datetime, reason: str = "Slow days") -> CreditNote:
    with transaction():
        return credit_invoice(
            invoice.public_id, amount_minor=minor, reason=reason, actor="operator:olga", now=now
        )


def credit_of(account: Account) -> int:
    session.rollback()
    session.refresh(account)
    return account.credit_minor


class TestCreditInvoice:
    def test_becomes_account_credit(self, ada: Account, invoice: Invoice, now: datetime) -> None:
        note = credit(invoice, 234, now=now)
        assert (note.amount_minor, note.tax_minor, note.reason) == (234, 0, "Slow days")
        assert credit_of(ada) == 234
        assert session.get_one(Invoice, invoice.id).status == "paid"
        paper = credit_note_of(ada, invoice.public_id, note.credit_note_number, now=now)
        assert paper.given_back == GivenBack("Slow days", 234, "stripe", 0)
        mail = session.query(Mail).filter_by(kind="invoice_credited").one()
        assert mail.facts["amount_minor"] == 234
        check_books()

    def test_the_next_invoice_uses_it(self, ada: Account, invoice: Invoice, now: datetime) -> None:
        credit(invoice, 234, now=now)
        following = make_invoice(ada, now=now + timedelta(seconds=1))
        assert following.credit_used_minor == 234
        check_books()

    def test_takes_its_share_of_the_tax(
        self, ada: Account, gateway: FakeGateway, now: datetime
    ) -> None:
        with transaction():
            session.add(TaxRate(country="DE", name="USt", rate_bp=1_900, updated_at=now))
            account_queries.settings_of(ada).country = "DE"
        payment = make_paid(ada, gateway=gateway, minor=10_000, now=now)
        note = credit(session.get_one(Invoice, payment.invoice_id), 1_190, now=now)
        assert (note.amount_minor, note.tax_minor) == (1_000, 190)
        assert credit_of(ada) == 1_190
        check_books()

    def test_gives_back_what_is_left_and_no_more(
        self, ada: Account, invoice: Invoice, now: datetime
    ) -> None:
        credit(invoice, 234, now=now)
        for minor in (1_001, 0, -1):
            with pytest.raises(CreditTooLarge):
                credit(invoice, minor, now=now)
        credit(invoice, 1_000, now=now)
        with pytest.raises(CreditTooLarge):
            credit(invoice, 1, now=now)
        assert credit_of(ada) == 1_234
        check_books()

    def test_leaves_what_is_on_its_way_back(
        self, ada: Account, payment: Payment, invoice: Invoice, gateway: FakeGateway, now: datetime
    ) -> None:
        refund = make_refund(payment, minor=1_000)
        with pytest.raises(CreditTooLarge):
            credit(invoice, 235, now=now)
        # Sent back, but not yet taken back here.
        refund_payment(refund.id, gateways={"stripe": gateway}, now=now)
        with pytest.raises(CreditTooLarge):
            credit(invoice, 235, now=now)
        credit(invoice, 234, now=now)
        with transaction():
            follow_refund(refund.id, now=now)
        check_books()

    def test_money_that_goes_back_all_the_same_takes_nothing_twice(
        self, ada: Account, payment: Payment, invoice: Invoice, gateway: FakeGateway, now: datetime
    ) -> None:
        credit(invoice, 1_234, now=now)
        # Somebody sends it back at the provider's own desk.
        refund = make_refund(payment, minor=1_234)
        refund_payment(refund.id, gateways={"stripe": gateway}, now=now)
        for _ in range(2):
            with transaction():
                follow_refund(refund.id, now=now)
        assert refund_row(refund.id).credit_note_id is None
        assert session.query(CreditNote).count() == 1
        check_books()

    def test_unpaid_ones_are_voided_instead(self, ada: Account, now: datetime) -> None:
        unpaid = make_invoice(ada, now=now)
        with pytest.raises(InvoiceNotCreditable, match="void or replace it instead"):
            credit(unpaid, 100, now=now)
        with transaction():
            void_invoice(unpaid.public_id, reason="Mistake", actor="operator:olga", now=now)
        with pytest.raises(InvoiceNotCreditable, match="is void"):
            credit(unpaid, 100, now=now)
        assert credit_of(ada) == 0

    def test_wants_a_reason_and_an_invoice(self, invoice: Invoice, now: datetime) -> None:
        with pytest.raises(ReasonInvalid):
            credit(invoice, 100, now=now, reason=" ")
        with pytest.raises(UnknownInvoice), transaction():
            credit_invoice("INV-9", amount_minor=1, reason="a", actor="operator:olga", now=now)
