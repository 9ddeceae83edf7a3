"""Invoices that operators look through: what is overdue, to the moment, and who is named."""

from datetime import datetime, timedelta

from app.domain.accounts.models import Account
from app.domain.invoices.searching import Choice, invoices_found
from tests.factories.payments import make_invoice, make_paid
from tests.fakes.payment_gateway import FakeGateway

DAY = timedelta(days=1)
DUE_AFTER = timedelta(days=30)


class TestInvoicesFound:
    def test_an_invoice_is_overdue_after_its_due_moment(self, ada: Account, now: datetime) -> None:
        invoice = make_invoice(ada, now=now)
        for after, numbers in ((timedelta(0), []), (timedelta(1), [invoice.invoice_number])):
            moment = now + DUE_AFTER + after
            found = invoices_found(choice=Choice.OVERDUE, now=moment, limit=9)
            assert [each.invoice_number for each in found.rows] == numbers
        assert invoices_found(choice=Choice.PAID, now=now, limit=9).rows == ()

    def test_finds_whose_it_is(self, ada: Account, ben: Account, now: datetime) -> None:
        make_paid(ada, gateway=FakeGateway())
        own = make_invoice(ben, now=now)
        for query in ("ben", "BEN@example.com", own.invoice_number, f" {own.public_id}"):
            found = invoices_found(query=query, now=now, limit=1)
            assert [each.user_id for each in found.rows] == ["ben"] and found.older_before is None
        page = invoices_found(now=now, limit=1)
        older = invoices_found(now=now, limit=1, before=page.older_before)
        assert [each.user_id for each in (*page.rows, *older.rows)] == ["ben", "ada"]

    def test_the_newest_come_first_whatever_their_rows(self, ada: Account, now: datetime) -> None:
        made = [make_invoice(ada, now=now + days * DAY).invoice_number for days in (1, 2, 0)]
        names = [made[place] for place in (1, 0, 2)]
        first = invoices_found(now=now, limit=2)
        older = invoices_found(now=now, limit=2, before=first.older_before)
        assert [each.invoice_number for each in (*first.rows, *older.rows)] == names
