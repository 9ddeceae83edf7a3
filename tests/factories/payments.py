"""Makes invoices that wait for their money, and attempts to pay them."""

from datetime import datetime
from itertools import count

from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account
from app.domain.invoices import operations
from app.domain.invoices.bills import plan_bill, usage_bill
from app.domain.invoices.models import Invoice
from app.domain.invoices.operations import Seller
from app.domain.invoices.payers import payer as payer_of
from app.domain.invoices.rules import USAGE_DUE_AFTER, Line
from app.domain.payments import operations as payments
from app.domain.payments.consent import Consent
from app.domain.payments.gateway import Gateways, PaymentGateway
from app.domain.payments.models import Payment, PaymentMethod, Refund
from app.foundation import clock
from app.foundation.database import session, transaction
from app.foundation.periods import BillingMonth
from app.workflows.begin_checkout import Checkout, begin_checkout
from app.workflows.settle_payment import settle_payment
from tests.factories.subscriptions import current_period
from tests.fakes.payment_gateway import FakeGateway
from tests.fakes.payment_gateway import make_card as card_at_provider
from tests.moments import NOW

BASE_URL = "https://billing.example.com"
SELLER = Seller(name="Oblivious", address="", country="", vat_id="")
_months = count()
# Invoices are of this century, however many a run of tests makes.
MONTHS_BACK = 240


def make_invoice(
    account: Account,
    *,
    minor: int = 1_234,
    month: BillingMonth | None = None,
    now: datetime = NOW,
) -> Invoice:
    """Make an issued usage invoice of a month that the account has none of yet."""
    month = month or BillingMonth.of(now).plus(-1 - next(_months) % MONTHS_BACK)
    # No usage stands behind it, so its line must not say that it was billed.
    line = Line("other", "AI API usage - gpt-4", "gpt-4", 1000, None, minor * 10**7, minor)
    with transaction():
        locked = accounts.lock_accounts({account.id})
        payer = payer_of(locked[account.id], seller_country="")
        bill = usage_bill(payer, [line], month=str(month))
        drafts = operations.draw_up([bill], locked, seller=SELLER, now=now)
        operations.issue(drafts, locked, due_at=now + USAGE_DUE_AFTER, now=now)
        return drafts[0]


def make_plan_invoice(user_id: str, *, minor: int = 999, now: datetime = NOW) -> Invoice:
    """Make an issued invoice of a plan, for the account's current period."""
    with transaction():
        locked = accounts.lock_accounts({user_id})
        payer = payer_of(locked[user_id], seller_country="")
        line = Line("plan", "Basic plan", None, 1, None, minor * 10**7, minor)
        period = current_period(user_id)
        bill = plan_bill(payer, [line], plan_id="plan-basic", period_id=period.id, now=now)
        drafts = operations.draw_up([bill], locked, seller=SELLER, now=now)
        operations.issue(drafts, locked, due_at=now, now=now)
        return drafts[0]


def make_checkout(
    account: Account,
    invoice: Invoice,
    *,
    gateway: PaymentGateway,
    asked: Gateways | None = None,
    now: datetime = NOW,
    consent: Consent | None = None,
) -> Checkout:
    """Begin to pay the invoice."""
    return begin_checkout(
        account,
        invoice.public_id,
        gateway=gateway,
        asked={gateway.provider: gateway} if asked is None else asked,
        base_url=BASE_URL,
        consent=consent,
        now=now,
    )


def make_card(
    account: Account, number: int = 1, *, now: datetime = NOW, **changes: str | None
) -> PaymentMethod:
    """Save a card of the account, with its consent."""
    with transaction():
        return payments.keep_card(
            account.id,
            card_at_provider(number, **changes),
            provider="stripe",
            consent=Consent("2026-11", now),
            now=now,
        )


def end_page(public_id: str) -> None:
    """Let the page of an attempt have ended just now; nobody tells us how."""
    with transaction():
        payment_row(public_id).expires_at = clock.now()


def make_charge(invoice: Invoice, card: PaymentMethod, *, now: datetime = NOW) -> Payment:
    """Write down that the card is to be charged for the invoice."""
    with transaction():
        accounts.lock_accounts({invoice.user_id})
        return payments.add_off_session(
            invoice, purpose="invoice", card=card, amount_minor=invoice.final_minor, now=now
        )


def make_paid(
    account: Account, *, gateway: FakeGateway, minor: int = 1_234, now: datetime = NOW
) -> Payment:
    """Make an invoice and have it paid on the provider's page."""
    invoice = make_invoice(account, minor=minor, now=now)
    checkout = make_checkout(account, invoice, gateway=gateway, now=now)
    session_id = payment_row(checkout.payment_id).provider_session
    gateway.pay(session_id)
    with transaction():
        settle_payment(gateway.outcome_of_session(session_id), now=now)
    return payment_row(checkout.payment_id)


def make_refund(payment: Payment, *, minor: int = 234, now: datetime = NOW) -> Refund:
    """Write down that some of the payment is to be given back."""
    with transaction():
        return payments.add_refund(
            payment,
            amount_minor=minor,
            reason="Bought by mistake",
            requested_by="operator:olga",
            now=now,
        )


def refund_row(refund_id: int) -> Refund:
    """Return the refund as it stands in the database."""
    session.rollback()
    return session.query(Refund).populate_existing().filter_by(id=refund_id).one()


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
