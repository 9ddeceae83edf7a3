"""6, 10: money that came in has one effect, and events are not forgotten."""

from sqlalchemy import func, literal, select

from app.domain.invoices.models import Invoice
from app.domain.payments.inbox import FOLLOW_UP_EVENT, WAITING
from app.domain.payments.models import Payment, ProviderEvent, Refund
from app.domain.subscriptions.models import PlanChange, SubscriptionPeriod
from app.domain.tokens.models import TokenEntry
from app.foundation.outbox import OutboxEntry
from app.workflows.verify_books.reading import Lines, some

TOOK_EFFECT = (Payment.status == "settled", ~Payment.is_overpayment)


def _paid_invoices() -> Lines:
    """6: a paid invoice has settled payments and credit of exactly its amount."""
    settled = select(Payment.invoice_id, func.sum(Payment.amount_minor).label("minor"))
    settled = settled.where(*TOOK_EFFECT)
    paid = settled.group_by(Payment.invoice_id).subquery()
    came_in = func.coalesce(paid.c.minor, 0) + Invoice.credit_used_minor
    wrong = (
        select(Invoice.public_id, Invoice.user_id, Invoice.final_minor, came_in)
        .outerjoin(paid, paid.c.invoice_id == Invoice.id)
        .where(Invoice.paid_at.is_not(None), came_in != Invoice.final_minor)
    )
    for public_id, user_id, final_minor, minor in some(wrong):
        yield f"invoice {public_id} of {user_id} is paid: {final_minor} cents asked, {minor} came"


def _settled_payments() -> Lines:
    """6: a settled payment has paid its invoice, or is told as an overpayment."""
    without_effect = (
        select(Payment.public_id, Payment.user_id, Invoice.public_id, Invoice.status)
        .join(Invoice, Invoice.id == Payment.invoice_id)
        .where(*TOOK_EFFECT, Invoice.paid_at.is_(None))
    )
    for payment_id, user_id, invoice_id, status in some(without_effect):
        yield f"payment {payment_id} of {user_id} is settled, its invoice {invoice_id} is {status}"


def _paid_once() -> Lines:
    """6: a settled payment of an invoice is the one that paid it; others are overpayments."""
    twice = (
        select(Invoice.public_id, Payment.user_id, func.count())
        .join(Invoice, Invoice.id == Payment.invoice_id)
        .where(*TOOK_EFFECT)
        .group_by(Invoice.public_id, Payment.user_id)
        .having(func.count() > 1)
    )
    for invoice_id, user_id, count in some(twice):
        yield f"invoice {invoice_id} of {user_id} was paid by {count} payments"


def _refunds_counted() -> Lines:
    """6: what was given back of a payment is the sum of its settled refunds."""
    settled = select(Refund.payment_id, func.sum(Refund.amount_minor).label("minor"))
    settled = settled.where(Refund.status == "settled")
    given = settled.group_by(Refund.payment_id).subquery()
    minor = func.coalesce(given.c.minor, 0)
    wrong = (
        select(Payment.public_id, Payment.user_id, Payment.refunded_minor, minor)
        .outerjoin(given, given.c.payment_id == Payment.id)
        .where(Payment.refunded_minor != minor)
    )
    for public_id, user_id, counted, refunded in some(wrong):
        yield f"payment {public_id} of {user_id} gave back {counted} cents, refunds {refunded}"


def _top_ups_booked() -> Lines:
    """6: the tokens of a settled top-up are booked, and only those of settled ones."""
    # The ledger names what an entry came from.
    payment = Payment
    named = TokenEntry.source == literal("payment:").concat(payment.public_id)
    booked = select(TokenEntry.id).where(TokenEntry.user_id == payment.user_id, named).exists()
    top_up = payment.purpose == "topup"
    without = select(payment.public_id, payment.user_id).where(top_up, *TOOK_EFFECT, ~booked)
    for payment_id, user_id in some(without):
        yield f"payment {payment_id} of {user_id} is settled, its tokens are not booked"
    settled = (payment.status == "settled") & ~payment.is_overpayment
    unpaid = select(payment.public_id, payment.user_id).where(top_up, ~settled, booked)
    for payment_id, user_id in some(unpaid):
        yield f"payment {payment_id} of {user_id} bought nothing, but its tokens are booked"


def _switches_applied() -> Lines:
    """6: the plan of a settled upgrade was switched."""
    without = (
        select(Payment.public_id, Payment.user_id, PlanChange.status)
        .join(Invoice, Invoice.id == Payment.invoice_id)
        .join(PlanChange, PlanChange.id == Invoice.plan_change_id)
        .where(*TOOK_EFFECT, PlanChange.status != "applied")
    )
    for payment_id, user_id, status in some(without):
        yield f"payment {payment_id} of {user_id} is settled, its change of plan is {status}"


def _paid_renewals() -> Lines:
    """6: a renewal that is paid has made its period whole."""
    period = SubscriptionPeriod
    still = (
        select(Invoice.public_id, Invoice.user_id, period.id)
        .join(period, period.id == Invoice.period_id)
        .where(Invoice.status == "paid", period.grace_ends_at.is_not(None))
    )
    for invoice_id, user_id, period_id in some(still):
        yield f"invoice {invoice_id} of {user_id} is paid, its period {period_id} is still in grace"


def _waiting_events() -> Lines:
    """10: a provider's event that waits is promised a next try."""
    event = OutboxEntry.payload["event"].as_integer()
    promised = select(event).where(
        OutboxEntry.kind == FOLLOW_UP_EVENT, OutboxEntry.done_at.is_(None)
    )
    forgotten = select(ProviderEvent.provider, ProviderEvent.event_id).where(
        ProviderEvent.status == WAITING, ProviderEvent.id.not_in(promised)
    )
    for provider, event_id in some(forgotten):
        yield f"event {event_id} of {provider} waits, and nobody will look into it"


CHECKS = (
    _paid_invoices,
    _settled_payments,
    _paid_once,
    _refunds_counted,
    _top_ups_booked,
    _switches_applied,
    _paid_renewals,
    _waiting_events,
)
