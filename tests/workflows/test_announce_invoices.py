"""Invoices are announced to those who want it, once each."""

import pytest

from app.domain.accounts.models import Account
from app.domain.accounts.queries import settings_of
from app.domain.invoices.models import Invoice
from app.domain.mails.models import Mail
from app.foundation.database import session, transaction
from app.workflows.announce_invoices import announce_invoices
from tests.factories.payments import make_invoice
from tests.moments import NOW
from tests.statements import statements

pytestmark = pytest.mark.usefixtures("books")


def announce(invoices) -> None:
    with transaction():
        announce_invoices(invoices, now=NOW)


class TestAnnounceInvoices:
    def test_writes_once_for_each(self, ada: Account, ben: Account) -> None:
        invoices = [make_invoice(ada), make_invoice(ben)]
        for _ in range(2):
            announce(invoices)
        mails = session.query(Mail).order_by(Mail.user_id).all()
        assert [mail.user_id for mail in mails] == ["ada", "ben"]
        assert mails[0].facts == {
            "invoice_number": invoices[0].invoice_number,
            "kind": "usage",
            "billing_month": invoices[0].billing_month,
            "final_minor": 1_234,
            "due_minor": 1_234,
            "due_at": invoices[0].due_at.isoformat(),
        }

    def test_leaves_those_alone_who_want_none(self, ada: Account, ben: Account) -> None:
        with transaction():
            settings_of(ada).send_invoice_email = False
            settings_of(ben).billing_email = "books@example.org"
        announce([make_invoice(ada), make_invoice(ben)])
        assert [mail.address for mail in session.query(Mail)] == ["books@example.org"]

    def test_takes_as_many_statements_for_ten_as_for_one(self, ada: Account) -> None:
        few, many = [make_invoice(ada)], [make_invoice(ada) for _ in range(10)]
        counts = []
        for invoices in (few, many):
            with transaction():
                # A transaction reads everything anew: here the invoices are known already.
                session.query(Invoice).all()
                with statements() as sent:
                    announce_invoices(invoices, now=NOW)
            counts.append(len(sent))
        assert counts[0] == counts[1]
