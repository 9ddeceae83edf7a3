"""Voiding forgives what was asked for and gives back what the invoice had used."""

from datetime import timedelta

import pytest
from flask import Flask

from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account
from app.domain.invoices import credit
from app.domain.invoices.errors import InvoiceNotVoidable, UnknownInvoice
from app.domain.invoices.models import CreditEntry
from app.domain.payments.refunds import REFUND_PAYMENT
from app.foundation.database import session, transaction
from app.foundation.journal import JournalEntry
from app.foundation.periods import BillingMonth
from app.workflows.close_month import close_month
from app.workflows.lapse_purchase import CLOSE_CHECKOUTS
from app.workflows.void_invoice import void_invoice
from tests.factories.payments import invoice_row, make_checkout, make_invoice, payment_row
from tests.factories.purchases import SELLER, invoices_of, pay, promises
from tests.factories.redemptions import (
    applications_of,
    make_coupon,
    make_fixed_coupon,
    redeem,
    usage_of,
)
from tests.factories.usage import make_usage
from tests.fakes.payment_gateway import FakeGateway
from tests.moments import NOW

CLOSES = NOW.replace(month=12, day=1, hour=1)
pytestmark = pytest.mark.usefixtures("books")


def void(reference: str, *, now=NOW) -> None:
    with transaction():
        void_invoice(reference, reason="a mistake", actor="operator:olga", now=now)


def give_credit(account: Account, minor: int) -> None:
    with transaction():
        locked = accounts.lock_accounts({account.id})[account.id]
        credit.add(locked, minor=minor, kind="gift", source="gift:1", note="", now=NOW)


class TestVoidInvoice:
    @pytest.mark.parametrize("by", ["public_id", "invoice_number"])
    def test_is_by_id_or_number(self, ada: Account, by: str) -> None:
        invoice = make_invoice(ada)
        void(getattr(invoice, by))
        row = invoice_row(invoice.public_id)
        assert (row.status, row.voided_at, row.void_reason) == ("void", NOW, "a mistake")
        assert row.invoice_number == invoice.invoice_number
        entry = session.query(JournalEntry).filter_by(action="invoice_voided").one()
        assert (entry.actor, entry.user_id) == ("operator:olga", "ada")

    def test_gives_coupons_and_credit_back(self, ada: Account) -> None:
        make_coupon()
        make_fixed_coupon(minor=10_000)
        redeem("SAVE20", ada)
        redeem("TENOFF", ada, now=NOW + timedelta(seconds=1))
        give_credit(ada, 300)
        make_invoice(ada, minor=1_000, now=NOW)
        (invoice,) = invoices_of(ada)
        assert (invoice.discount_minor, invoice.final_minor, invoice.status) == (1_000, 0, "paid")
        with transaction():
            session.get_one(type(invoice), invoice.id).status = "issued"
            session.get_one(type(invoice), invoice.id).paid_at = None
        void(invoice.public_id)
        percent, fixed = usage_of(ada, "SAVE20"), usage_of(ada, "TENOFF")
        assert (percent.used_up_at, percent.discount_minor) == (None, 0)
        assert (fixed.remaining_minor, fixed.discount_minor) == (10_000, 0)
        assert [row.returned_at for row in applications_of(invoice.id)] == [NOW, NOW]

    def test_gives_spent_credit_back(self, ada: Account) -> None:
        give_credit(ada, 300)
        invoice = make_invoice(ada, minor=1_000)
        assert invoice.credit_used_minor == 300
        void(invoice.public_id)
        session.refresh(ada)
        assert ada.credit_minor == 300
        amounts = [(row.kind, row.amount_minor) for row in session.query(CreditEntry)]
        assert amounts == [("gift", 300), ("used", -300), ("returned", 300)]

    def test_is_refused_twice_and_once_paid(self, ada: Account) -> None:
        gateway = FakeGateway()
        twice, paid = make_invoice(ada), make_invoice(ada)
        void(twice.public_id)
        pay(make_checkout(ada, paid, gateway=gateway), gateway=gateway)
        for invoice in (twice, paid):
            with pytest.raises(InvoiceNotVoidable):
                void(invoice.public_id)

    @pytest.mark.parametrize("reference", ["inv-nothing", "draft-2026-11", "a b", "", "a\x00"])
    def test_knows_no_other_invoice(self, app: Flask, reference: str) -> None:
        with pytest.raises(UnknownInvoice):
            void(reference)

    def test_sends_money_back_that_comes_all_the_same(self, ada: Account) -> None:
        gateway, invoice = FakeGateway(), make_invoice(ada)
        checkout = make_checkout(ada, invoice, gateway=gateway)
        void(invoice.public_id)
        assert promises(CLOSE_CHECKOUTS) == [{"invoice": invoice.public_id}]
        pay(checkout, gateway=gateway)
        assert payment_row(checkout.payment_id).is_overpayment
        assert len(promises(REFUND_PAYMENT)) == 1

    def test_forgives_the_usage(self, ada: Account) -> None:
        make_usage(prompt_tokens=100_000)
        for _ in range(2):
            with transaction():
                close_month(BillingMonth(2026, 11), seller=SELLER, actor="test", now=CLOSES)
            (invoice,) = invoices_of(ada)
            if invoice.status == "issued":
                void(invoice.public_id, now=CLOSES)
        assert [row.status for row in invoices_of(ada)] == ["void"]
