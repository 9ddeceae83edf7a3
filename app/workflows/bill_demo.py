"""Bill the demo: its plans were paid as they began, its months closed as they ended.

All is paid but the last two months of one customer, who can try it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from app.domain.accounts.models import Account
from app.domain.accounts.operations import lock_accounts
from app.domain.catalog import queries as catalog
from app.domain.invoices import closing, rules
from app.domain.invoices import operations as invoices
from app.domain.invoices.bills import plan_bill
from app.domain.invoices.models import Invoice
from app.domain.invoices.operations import Seller
from app.domain.invoices.payers import payer as payer_of
from app.domain.invoices.rules import InvoiceStatus
from app.domain.payments import operations as payments
from app.domain.payments.gateway import OutcomeStatus, PaymentOutcome
from app.domain.payments.rules import DEMO_PAYMENT
from app.domain.subscriptions.models import SubscriptionPeriod
from app.foundation.bulk import any_of
from app.foundation.database import session
from app.foundation.periods import BillingMonth
from app.workflows.settle_payment import settle_payment

PROVIDER = "stripe"
PAYS_AFTER = timedelta(days=5)
# The month before the last one was billed late, so that its invoice has been overdue for days.
OVERDUE_SINCE = timedelta(days=3)
LEFT_OPEN = 2


def bill_demo(
    began_at: datetime, *, leaving_open: str, seller: Seller, now: datetime
) -> tuple[str, ...]:
    """Invoice the demo's months that have ended; return the numbers of what was issued.

    The account `leaving_open` keeps its last two invoices to pay; the others pay everything. What
    was billed or paid before is passed over.
    """
    everyone = session.scalars(select(Account.id).where(Account.is_demo)).all()
    accounts = list(lock_accounts(everyone).values())
    issued = _issue_plans(accounts, seller=seller)
    month = BillingMonth.of(began_at)
    while now >= rules.closes_at(month):
        closed_at = _closed_at(month, now=now)
        closing.note_closed(month, user_id=None, now=closed_at)
        closed = closing.close_accounts(accounts, month, seller=seller, now=closed_at)
        issued.extend(closed.issued)
        month = month.plus(1)
    used = [invoice for invoice in issued if invoice.kind == "usage"]
    kept = [invoice for invoice in used if invoice.user_id == leaving_open][-LEFT_OPEN:]
    for invoice in issued:
        if invoice not in kept:
            _pay(invoice)
    return tuple(str(invoice.invoice_number) for invoice in issued)


def _issue_plans(accounts: Sequence[Account], *, seller: Seller) -> list[Invoice]:
    """Issue the invoices of the paid periods that have none, as if at their start."""
    invoiced = select(Invoice.period_id).where(Invoice.period_id.is_not(None))
    owed = select(SubscriptionPeriod).where(
        any_of(SubscriptionPeriod.user_id, [account.id for account in accounts]),
        SubscriptionPeriod.price_minor > 0,
        SubscriptionPeriod.grace_ends_at.is_(None),
        SubscriptionPeriod.id.not_in(invoiced),
    )
    by_id = {account.id: account for account in accounts}
    names = {plan.id: plan.name for plan in catalog.plans()}
    issued: list[Invoice] = []
    for period in session.scalars(owed.order_by(SubscriptionPeriod.starts_at)).all():
        payer = payer_of(by_id[period.user_id], seller_country=seller.country)
        line = rules.plan_line(
            names[period.plan_id],
            starts_at=period.starts_at,
            ends_at=period.ends_at,
            price_minor=period.price_minor,
        )
        bill = plan_bill(
            payer, [line], plan_id=period.plan_id, period_id=period.id, now=period.starts_at
        )
        drafts = invoices.draw_up([bill], by_id, seller=seller, now=period.starts_at)
        invoices.issue(drafts, by_id, due_at=period.starts_at, now=period.starts_at)
        issued += drafts
    return issued


def _closed_at(month: BillingMonth, *, now: datetime) -> datetime:
    soonest = rules.closes_at(month)
    if BillingMonth.of(now) != month.plus(2):
        return soonest
    return max(soonest, now - rules.USAGE_DUE_AFTER - OVERDUE_SINCE)


def _pay(invoice: Invoice) -> None:
    """Write down a payment as it would have come in a few days after the invoice."""
    assert invoice.issued_at is not None, "only issued invoices are paid"
    begun_at = invoice.issued_at
    # Plans are paid at once, usage after a while.
    paid_at = begun_at + PAYS_AFTER if invoice.kind == "usage" else begun_at
    if invoice.status != InvoiceStatus.ISSUED or not invoice.final_minor:
        return
    due_minor = invoice.final_minor
    payment = payments.add_checkout(
        invoice, provider=PROVIDER, amount_minor=due_minor, now=begun_at
    )
    settle_payment(
        PaymentOutcome(
            provider=PROVIDER,
            payment_id=payment.public_id,
            reference=invoice.public_id,
            session=None,
            provider_payment=DEMO_PAYMENT + payment.public_id.removeprefix("pay-"),
            status=OutcomeStatus.PAID,
            amount_minor=due_minor,
            currency=invoice.currency,
        ),
        now=paid_at,
    )
