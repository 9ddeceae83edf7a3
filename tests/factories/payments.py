"""Makes invoices that wait for their money, and attempts to pay them."""

from datetime import datetime
from itertools import count

from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account
from app.domain.invoices import operations
from app.domain.invoices.bills import usage_bill
from app.domain.invoices.models import Invoice
from app.domain.invoices.operations import Seller
from app.domain.invoices.payers import payer as payer_of
from app.domain.invoices.rules import USAGE_DUE_AFTER, Line
from app.domain.payments.gateway import PaymentGateway
from app.domain.payments.models import Payment
from app.foundation.database import session, transaction
from app.foundation.periods import BillingMonth
from app.workflows.begin_checkout import Checkout, begin_checkout
from tests.moments import NOW

BASE_URL = "https://billing.example.com"
SELLER = Seller(name="Oblivious", address="", country="", vat_id="")
_months = count(1)


def make_invoice(account: Account, *, minor: int = 1_234, now: datetime = NOW) -> Invoice:
    """Make an issued usage invoice of a month that the account has none of yet."""
    month = BillingMonth.of(now).plus(-next(_months))
    # No usage stands behind it, so its line must not say that it was billed.
    line = Line("other", "AI API usage - gpt-4", "gpt-4", 1000, None, minor * 10**7, minor)
    with transaction():
        locked = accounts.lock_accounts({account.id})
        payer = payer_of(locked[account.id], seller_country="")
        bill = usage_bill(payer, [line], month=str(month))
        drafts = operations.draw_up([bill], locked, seller=SELLER, now=now)
        operations.issue(drafts, locked, due_at=now + USAGE_DUE_AFTER, now=now)
        return drafts[0]


def make_checkout(
    account: Account, invoice: Invoice, *, gateway: PaymentGateway, now: datetime = NOW
) -> Checkout:
    """Begin to pay the invoice."""
    return begin_checkout(account, invoice.public_id, gateway=gateway, base_url=BASE_URL, now=now)


def payment_row(public_id: str) -> Payment:
    """Return the attempt as it stands in the database."""
    session.rollback()
    found = session.query(Payment).populate_existing().filter_by(public_id=public_id)
    return found.one()


def invoice_row(public_id: str) -> Invoice:
    """Return the invoice as it stands in the database."""
    session.rollback()
    found = session.query(Invoice).populate_existing().filter_by(public_id=public_id)
    return found.one()
