"""Replacing: the same lines, billed with what is right today."""

from datetime import timedelta

import pytest

from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account
from app.domain.accounts.queries import settings_of
from app.domain.invoices import credit
from app.domain.invoices.errors import InvoiceNotVoidable
from app.domain.invoices.models import CarriedAmount, TaxRate
from app.foundation.database import session, transaction
from app.foundation.periods import BillingMonth
from app.workflows.close_month import close_month
from app.workflows.renew_subscriptions import renew_subscriptions
from app.workflows.replace_invoice import replace_invoice
from tests.factories.payments import make_checkout, make_invoice
from tests.factories.purchases import SELLER, buy_plan, invoices_of, lines_of, mails_of, pay
from tests.factories.redemptions import make_coupon, redeem, usage_of
from tests.factories.subscriptions import current_period
from tests.factories.usage import GRACE, make_usage
from tests.fakes.payment_gateway import FakeGateway
from tests.moments import NOW

DAY = timedelta(days=1)
OCTOBER = NOW.replace(month=10, day=20)
pytestmark = pytest.mark.usefixtures("books")


def replace(reference: str, *, now=NOW):
    with transaction():
        return replace_invoice(reference, reason="address", seller=SELLER, actor="olga", now=now)


def renew(*, now) -> None:
    with transaction():
        renew_subscriptions(seller=SELLER, grace=GRACE, now=now)


class TestReplaceInvoice:
    def test_bills_the_same_with_today_s_address_and_tax(self, ada: Account) -> None:
        make_coupon()
        redeem("SAVE20", ada)
        make_invoice(ada, minor=1_000)
        with transaction():
            session.add(TaxRate(country="DE", name="VAT", rate_bp=1_900, updated_at=NOW))
            settings_of(ada).country = "DE"
            settings_of(ada).billing_address = "2 New St"
        replace(invoices_of(ada)[0].public_id, now=NOW + DAY)
        old, new = invoices_of(ada)
        assert (old.status, old.replaced_by_id, new.status) == ("void", new.id, "issued")
        assert lines_of(old) == lines_of(new)
        assert (new.discount_minor, new.tax_minor, new.final_minor) == (200, 152, 952)
        assert (new.buyer["address"], old.buyer["address"]) == ("2 New St", "")
        assert new.billing_month == old.billing_month
        assert new.invoice_number == f"{old.invoice_number}-2"
        assert (new.issued_at, new.due_at) == (NOW + DAY, NOW + 31 * DAY)
        assert usage_of(ada, "SAVE20").discount_minor == 200
        assert mails_of(ada)[-1] == "invoice_issued"

    def test_takes_over_what_was_carried(self, ada: Account) -> None:
        for month in (10, 11):
            make_usage(
                prompt_tokens=16_000 * (month - 9),
                completion_tokens=0,
                now=NOW.replace(month=month, day=20),
            )
        for month in (10, 11):
            closes = NOW.replace(month=month + 1, day=1, hour=1)
            with transaction():
                close_month(BillingMonth(2026, month), seller=SELLER, actor="test", now=closes)
        (old,) = invoices_of(ada)
        assert lines_of(old)[1] == ("Carried from 2026-10", 48)
        replace(old.public_id, now=closes)
        new = invoices_of(ada)[1]
        assert (lines_of(new), new.final_minor) == (lines_of(old), 144)
        assert session.query(CarriedAmount).populate_existing().one().invoice_id == new.id

    def test_of_a_renewal_still_pays_its_period(self, ada: Account) -> None:
        gateway, end = FakeGateway(), NOW + 30 * DAY
        buy_plan(ada, "plan-pro", gateway=gateway)
        renew(now=end)
        replace(invoices_of(ada)[1].public_id, now=end + DAY)
        new = invoices_of(ada)[2]
        assert (new.kind, new.due_at, new.final_minor) == ("subscription", end + DAY, 9_999)
        checkout = make_checkout(ada, new, gateway=gateway, now=end + DAY)
        pay(checkout, gateway=gateway, now=end + DAY)
        assert current_period(ada.id).quota == 1_000_000

    def test_of_a_renewal_that_credit_pays_keeps_its_plan(self, ada: Account) -> None:
        end = NOW + 30 * DAY
        buy_plan(ada, "plan-pro", gateway=FakeGateway())
        renew(now=end)
        with transaction():
            locked = accounts.lock_accounts({ada.id})[ada.id]
            credit.add(locked, minor=9_999, kind="gift", source="gift:1", note="", now=end)
        new = replace(invoices_of(ada)[1].public_id, now=end + DAY)
        assert (new.status, new.credit_used_minor) == ("paid", 9_999)
        period = current_period(ada.id)
        assert (period.quota, period.grace_ends_at) == (1_000_000, None)
        renew(now=end + GRACE)
        assert (current_period(ada.id).plan_id, invoices_of(ada)[2].status) == ("plan-pro", "paid")

    def test_is_refused_once_paid(self, ada: Account) -> None:
        gateway, invoice = FakeGateway(), make_invoice(ada)
        pay(make_checkout(ada, invoice, gateway=gateway), gateway=gateway)
        with pytest.raises(InvoiceNotVoidable):
            replace(invoice.public_id)
        assert len(invoices_of(ada)) == 1
