"""Credit notes: numbered apart, line by line, never more than remains."""

import pytest

from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account
from app.domain.accounts.queries import settings_of
from app.domain.invoices import credit_notes, operations
from app.domain.invoices.errors import CreditTooLarge, InvoiceNotCreditable
from app.domain.invoices.models import CreditNoteLine, Invoice, InvoiceLine, TaxRate
from app.domain.invoices.queries import net_paid_minor
from app.foundation.database import session, transaction
from tests.books import check_books
from tests.factories.payments import make_invoice
from tests.factories.purchases import buy_plan, invoices_of
from tests.factories.subscriptions import current_period
from tests.fakes.payment_gateway import FakeGateway
from tests.moments import NOW


@pytest.fixture(autouse=True)
def books(app):
    yield
    check_books()


def take_back(invoice: Invoice, minor: int):
    with transaction():
        account = accounts.lock_accounts({invoice.user_id})[invoice.user_id]
        row = session.get_one(Invoice, invoice.id, with_for_update=True)
        return credit_notes.credit(row, account, gross_minor=minor, reason="a mistake", now=NOW)


class TestCredit:
    def test_takes_net_and_tax_back(self, ada: Account) -> None:
        with transaction():
            session.add(TaxRate(country="DE", name="VAT", rate_bp=1_900, updated_at=NOW))
            settings_of(ada).country = "DE"
        invoice = make_invoice(ada, minor=1_000)
        note = take_back(invoice, 595)
        assert (note.amount_minor, note.tax_minor) == (500, 95)
        assert note.credit_note_number == f"CN-{ada.number}-2026-11"
        rest = take_back(invoice, 595)
        assert rest.credit_note_number == f"CN-{ada.number}-2026-11-2"
        line = session.query(InvoiceLine).populate_existing().one()
        assert line.credited_minor == 1_000
        assert [row.amount_minor for row in session.query(CreditNoteLine)] == [500, 500]
        with pytest.raises(CreditTooLarge):
            take_back(invoice, 1)
        assert [row.id for row in credit_notes.notes_of(invoice)] == [note.id, rest.id]

    def test_is_refused_for_what_is_void(self, ada: Account) -> None:
        invoice = make_invoice(ada)
        with transaction():
            locked = accounts.lock_accounts({"ada"})["ada"]
            operations.void(session.get_one(Invoice, invoice.id), locked, reason="x", now=NOW)
        with pytest.raises(InvoiceNotCreditable):
            take_back(invoice, 1)

    def test_lowers_what_was_paid_for_a_period(self, ada: Account) -> None:
        buy_plan(ada, "plan-pro", gateway=FakeGateway())
        period = current_period(ada.id)
        assert net_paid_minor(period.id) == 9_999
        take_back(invoices_of(ada)[0], 999)
        assert net_paid_minor(period.id) == 9_000
