"""Buys plans and tokens as customers do, and lets money come and go."""

from datetime import datetime

from sqlalchemy import select

from app.domain.accounts.models import Account
from app.domain.invoices.models import Invoice, InvoiceLine
from app.domain.invoices.operations import Seller
from app.domain.mails.models import Mail
from app.domain.payments.gateway import OutcomeStatus, PaymentOutcome
from app.domain.payments.models import Payment, PaymentMethod
from app.foundation.database import session, transaction
from app.foundation.outbox import OutboxEntry
from app.workflows.begin_checkout import Checkout
from app.workflows.settle_payment import settle_payment
from app.workflows.switch_plan import Shop, switch_plan
from app.workflows.top_up import top_up
from tests.factories.payments import BASE_URL, payment_row
from tests.factories.usage import GRACE
from tests.fakes.payment_gateway import FakeGateway
from tests.moments import NOW

SELLER = Seller(name="Oblivious", address="1 Main St", country="DE", vat_id="DE123456789")


def make_shop(gateway: FakeGateway) -> Shop:
    """Make the shop that sells through the gateway."""
    asked = {gateway.provider: gateway}
    return Shop(gateway=gateway, asked=asked, base_url=BASE_URL, seller=SELLER, grace=GRACE)


def begin_switch(
    account: Account, plan_id: str, *, gateway: FakeGateway, now: datetime = NOW
) -> Checkout | None:
    """Accept a switch of plan."""
    return switch_plan(account, plan_id, shop=make_shop(gateway), now=now)


def pay(checkout: Checkout, *, gateway: FakeGateway, now: datetime = NOW) -> None:
    """Pay on the page, and let the news of it arrive."""
    page = payment_row(checkout.payment_id).provider_session
    gateway.pay(page)
    tell(gateway.outcome_of_session(page), now=now)


def close(checkout: Checkout, *, gateway: FakeGateway, now: datetime = NOW) -> None:
    """Let the page expire, and let the news of it arrive."""
    page = payment_row(checkout.payment_id).provider_session
    gateway.end(page, OutcomeStatus.EXPIRED)
    tell(gateway.outcome_of_session(page), now=now)


def buy_plan(account: Account, plan_id: str, *, gateway: FakeGateway, now: datetime = NOW) -> None:
    """Switch to a dearer plan and pay for it."""
    checkout = begin_switch(account, plan_id, gateway=gateway, now=now)
    if checkout is not None:
        pay(checkout, gateway=gateway, now=now)


def buy_tokens(
    account: Account, *, minor: int, gateway: FakeGateway, now: datetime = NOW
) -> Payment:
    """Buy extra tokens and pay for them."""
    bought = top_up(account, amount_minor=minor, shop=make_shop(gateway), now=now)
    pay(bought.checkout, gateway=gateway, now=now)
    return payment_row(bought.checkout.payment_id)


def make_card(account: Account, *, now: datetime = NOW, **changes: object) -> PaymentMethod:
    """Make a saved card that may be charged."""
    given = {
        "provider": "stripe",
        "provider_customer": f"cus_{account.id}",
        "provider_reference": f"pm_{account.id}",
        "brand": "visa",
        "last4": "4242",
        "is_default": True,
        "consent_version": "2026-01",
        "consented_at": now,
        "created_at": now,
        **changes,
    }
    card = PaymentMethod(user_id=account.id, **given)
    with transaction():
        session.add(card)
    return card


def charge(
    payment: Payment,
    status: OutcomeStatus = OutcomeStatus.PAID,
    *,
    decline_code: str | None = None,
    now: datetime = NOW,
) -> None:
    """Let a charge of a saved card end so."""
    tell(outcome_of(payment, status, decline_code=decline_code), now=now)


def outcome_of(
    payment: Payment, status: OutcomeStatus = OutcomeStatus.PAID, *, decline_code: str | None = None
) -> PaymentOutcome:
    """Return what the provider says of an attempt."""
    invoice = session.get_one(Invoice, payment.invoice_id)
    return PaymentOutcome(
        provider=payment.provider,
        payment_id=payment.public_id,
        reference=invoice.public_id,
        session=payment.provider_session,
        provider_payment=f"pi_{payment.public_id}" if status is OutcomeStatus.PAID else None,
        status=status,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        decline_code=decline_code,
    )


def tell(outcome: PaymentOutcome, *, now: datetime = NOW) -> None:
    """Let the news of a payment arrive."""
    with transaction():
        settle_payment(outcome, now=now)


def payments_of(account: Account) -> list[Payment]:
    """Return the account's attempts, oldest first."""
    session.rollback()
    found = session.query(Payment).filter_by(user_id=account.id).populate_existing()
    return found.order_by(Payment.id).all()


def invoices_of(account: Account) -> list[Invoice]:
    """Return the account's invoices, oldest first, drafts and void ones too."""
    session.rollback()
    found = session.query(Invoice).filter_by(user_id=account.id).populate_existing()
    return found.order_by(Invoice.id).all()


def lines_of(invoice: Invoice) -> list[tuple[str, int]]:
    """Return what stands on an invoice, and the cents of each line."""
    columns = select(InvoiceLine.description, InvoiceLine.amount_minor)
    rows = session.execute(columns.filter_by(invoice_id=invoice.id).order_by(InvoiceLine.position))
    return [(description, minor) for description, minor in rows]


def mails_of(account: Account) -> list[str]:
    """Return the kinds of the account's mails, oldest first."""
    rows = session.query(Mail).filter_by(user_id=account.id).order_by(Mail.id)
    return [mail.kind for mail in rows.populate_existing()]


def promises(kind: str) -> list[dict[str, object]]:
    """Return what was promised of a kind, oldest first."""
    rows = session.query(OutboxEntry).filter_by(kind=kind).order_by(OutboxEntry.id)
    return [entry.payload for entry in rows]
