"""6, 10: money that came in has one effect, and events are not forgotten."""

from sqlalchemy import ColumnElement, func, literal, select

from app.domain.invoices.models import Invoice
from app.domain.payments.inbox import FOLLOW_UP_EVENT, WAITING
from app.domain.payments.models import Payment, ProviderEvent, Refund
from app.domain.subscriptions.models import PlanChange, SubscriptionPeriod
from app.domain.tokens.models import TokenEntry
from app.foundation.outbox import OutboxEntry
from app.workflows.verify_books.reading import Rows, check

TOOK_EFFECT = (Payment.status == "settled", ~Payment.is_overpayment)


@check("invoice {} of {} is paid: {} cents asked, {} came")
def _paid_invoices() -> Rows:
    """6: a paid invoice has settled payments and credit of exactly its amount."""
    settled = select(Payment.invoice_id, func.sum(Payment.amount_minor).label("minor"))
    settled = settled.where(*TOOK_EFFECT)
    paid = settled.group_by(Payment.invoice_id).subquery()
    came_in = func.coalesce(paid.c.minor, 0) + Invoice.credit_used_minor
    return (
        select(Invoice.public_id, Invoice.user_id, Invoice.final_minor, came_in)
        .outerjoin(paid, paid.c.invoice_id == Invoice.id)
        .where(Invoice.paid_at.is_not(None), came_in != Invoice.final_minor)
    )


@check("payment {} of {} is settled, its invoice {} is {}")
def _settled_payments() -> Rows:
    """6: a settled payment has paid its invoice, or is told as an overpayment."""
    return (
        select(Payment.public_id, Payment.user_id, Invoice.public_id, Invoice.status)
        .join(Invoice, Invoice.id == Payment.invoice_id)
        .where(*TOOK_EFFECT, Invoice.paid_at.is_(None))
    )


@check("invoice {} of {} was paid by {} payments")
def _paid_once() -> Rows:
    """6: a settled payment of an invoice is the one that paid it; others are overpayments."""
    return (
        select(Invoice.public_id, Payment.user_id, func.count())
        .join(Invoice, Invoice.id == Payment.invoice_id)
        .where(*TOOK_EFFECT)
        .group_by(Invoice.public_id, Payment.user_id)
        .having(func.count() > 1)
    )


@check("payment {} of {} gave back {} cents, refunds {}")
def _refunds_counted() -> Rows:
    """6: what was given back of a payment is the sum of its settled refunds."""
    settled = select(Refund.payment_id, func.sum(Refund.amount_minor).label("minor"))
    settled = settled.where(Refund.status == "settled")
    given = settled.group_by(Refund.payment_id).subquery()
    minor = func.coalesce(given.c.minor, 0)
    return (
        select(Payment.public_id, Payment.user_id, Payment.refunded_minor, minor)
        .outerjoin(given, given.c.payment_id == Payment.id)
        .where(Payment.refunded_minor != minor)
    )


@check("payment {} of {} is settled, its tokens are not booked")
def _top_ups_booked() -> Rows:
    """6: the tokens of a settled top-up are booked."""
    return _top_ups().where(*TOOK_EFFECT, ~_tokens_booked())


@check("payment {} of {} bought nothing, but its tokens are booked")
def _only_paid_tokens_booked() -> Rows:
    """6: no other tokens of top-ups are booked."""
    settled = (Payment.status == "settled") & ~Payment.is_overpayment
    return _top_ups().where(~settled, _tokens_booked())


@check("payment {} of {} is settled, its change of plan is {}")
def _switches_applied() -> Rows:
    """6: the plan of a settled upgrade was switched."""
    return (
        select(Payment.public_id, Payment.user_id, PlanChange.status)
        .join(Invoice, Invoice.id == Payment.invoice_id)
        .join(PlanChange, PlanChange.id == Invoice.plan_change_id)
        .where(*TOOK_EFFECT, PlanChange.status != "applied")
    )


@check("invoice {} of {} is paid, its period {} is still in grace")
def _paid_renewals() -> Rows:
    """6: a renewal that is paid has made its period whole."""
    period = SubscriptionPeriod
    return (
        select(Invoice.public_id, Invoice.user_id, period.id)
        .join(period, period.id == Invoice.period_id)
        .where(Invoice.status == "paid", period.grace_ends_at.is_not(None))
    )


@check("event {1} of {0} waits, and nobody will look into it")
def _waiting_events() -> Rows:
    """10: a provider's event that waits is promised a next try."""
    event = OutboxEntry.payload["event"].as_integer()
    # What is done has no next try: the index leaves it out, however much of it there is.
    promised = select(event).where(
        OutboxEntry.kind == FOLLOW_UP_EVENT, OutboxEntry.next_try_at.is_not(None)
    )
    return select(ProviderEvent.provider, ProviderEvent.event_id).where(
        ProviderEvent.status == WAITING, ProviderEvent.id.not_in(promised)
    )


def _top_ups() -> Rows:
    return select(Payment.public_id, Payment.user_id).where(Payment.purpose == "topup")


def _tokens_booked() -> ColumnElement[bool]:
    # The ledger names what an entry came from.
    named = TokenEntry.source == literal("payment:").concat(Payment.public_id)
    theirs = TokenEntry.user_id == Payment.user_id
    return select(TokenEntry.id).where(theirs, named).exists()


CHECKS = (
    _paid_invoices,
    _settled_payments,
    _paid_once,
    _refunds_counted,
    _top_ups_booked,
    _only_paid_tokens_booked,
    _switches_applied,
    _paid_renewals,
    _waiting_events,
)
