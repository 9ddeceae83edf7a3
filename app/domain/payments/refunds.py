"""Refunds: what was given back of a payment, by us or at the provider."""

import re
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, func, or_, select

from app.domain.accounts.models import Account
from app.domain.invoices import reasons
from app.domain.invoices.models import Invoice
from app.domain.payments import rules
from app.domain.payments.errors import UnknownRefund
from app.domain.payments.gateway import RefundOutcome, RefundOutcomeStatus
from app.domain.payments.models import Payment, Refund
from app.domain.payments.rules import RefundStatus
from app.domain.payments.views import RefundView
from app.foundation.database import session
from app.foundation.sentences import say

# Kept by asking the provider.
REFUND_PAYMENT = "refund_payment"
# What is done with these is the promise of whoever hooks into them.
REFUND_SETTLED, REFUND_UNDONE = "refund_settled", "refund_undone"
# The provider hands back what was written there, whoever wrote it.
REFUND_ID = re.compile(r"\d{1,18}", re.ASCII)


def payment_of_refund(refund_id: int) -> str:
    """Return the payment's id, for whoever locks it first. Raises UnknownRefund."""
    found = session.scalar(
        select(Payment.public_id)
        .join(Refund, Refund.payment_id == Payment.id)
        .where(Refund.id == refund_id)
    )
    if found is None:
        raise UnknownRefund(say("There is no refund {refund} here.", {"refund": refund_id}))
    return found


def lock_refund(refund_id: int) -> Refund:
    """Lock a refund whose payment is locked. Raises UnknownRefund."""
    locked = select(Refund).where(Refund.id == refund_id).with_for_update()
    refund = session.scalars(locked).one_or_none()
    if refund is None:
        raise UnknownRefund(say("There is no refund {refund} here.", {"refund": refund_id}))
    return refund


def refund_seen(payment: Payment, outcome: RefundOutcome, *, now: datetime) -> Refund:
    """Return the refund that the provider speaks of; one made at the provider is written down."""
    refund = _find(payment, outcome)
    if refund is None:
        refund = Refund(
            payment_id=payment.id,
            amount_minor=outcome.amount_minor,
            status=RefundStatus.CREATED,
            reason=outcome.reason,
            requested_by=f"provider:{outcome.provider}",
            idempotency_key=f"{outcome.provider}:{outcome.provider_refund}",
            created_at=now,
            updated_at=now,
        )
        session.add(refund)
    refund.provider_refund = outcome.provider_refund
    session.flush()
    return refund


def move(refund: Refund, outcome: RefundOutcomeStatus, *, now: datetime) -> bool:
    """Take the state table's transition; tell whether the status has changed."""
    following = rules.next_refund_status(refund.status, outcome)
    if following is None:
        return False
    refund.status, refund.updated_at = following, now
    return True


def refunds_count(payment: Payment) -> int:
    """Return how often money of the payment was to be given back."""
    counted = select(func.count()).select_from(Refund).where(Refund.payment_id == payment.id)
    return session.scalars(counted).one()


def open_minor(payment: Payment) -> int:
    """Return how much of the payment is on its way back."""
    on_its_way = select(func.coalesce(func.sum(Refund.amount_minor), 0)).where(
        Refund.payment_id == payment.id, Refund.status.in_(rules.REFUND_UNDECIDED)
    )
    return int(session.scalars(on_its_way).one())


def undone_sources(payment: Payment) -> tuple[str, ...]:
    """Return under which sources refunds of the payment are credited if they bounce."""
    made = select(Refund.id).where(Refund.payment_id == payment.id)
    return tuple(undone_source(refund_id) for refund_id in session.scalars(made))


def undone_source(refund_id: int) -> str:
    """Return under which source a refund that has bounced is credited."""
    return f"refund:{refund_id}:undone"


def refunds_of_invoice(account: Account, invoice_id: str) -> tuple[RefundView, ...]:
    """Return what was given back of the payments of an invoice (by its id), newest first."""
    statement = (
        select(Refund, Payment.provider)
        .join(Payment, Payment.id == Refund.payment_id)
        .join(Invoice, Invoice.id == Payment.invoice_id)
        .where(Payment.user_id == account.id, Invoice.public_id == invoice_id)
        .order_by(Refund.created_at.desc(), Refund.id.desc())
        .execution_options(populate_existing=True)
    )
    return tuple(
        RefundView(
            provider, row.amount_minor, row.status, reasons.read_again(row.reason), row.created_at
        )
        for row, provider in session.execute(statement)
    )


def uncredited_minor(invoice: Invoice) -> int:
    """Return how much goes back, or went, of the invoice's money without a credit note so far."""
    statement = (
        select(func.coalesce(func.sum(Refund.amount_minor), 0))
        .join(Payment, Payment.id == Refund.payment_id)
        .where(
            Payment.invoice_id == invoice.id,
            ~Payment.is_overpayment,
            Refund.credit_note_id.is_(None),
            Refund.status != RefundStatus.FAILED,
        )
    )
    return int(session.scalars(statement).one())


def silent_refunds(*, now: datetime, limit: int) -> Sequence[int]:
    """Return the undecided refunds nothing was heard of for long, longest first."""
    silent = (
        and_(Refund.status == status, Refund.updated_at <= now - after)
        for status, after in rules.ASK_ABOUT_REFUND_AFTER.items()
    )
    statement = select(Refund.id).where(or_(*silent)).order_by(Refund.updated_at)
    return session.scalars(statement.limit(limit)).all()


def _find(payment: Payment, outcome: RefundOutcome) -> Refund | None:
    ours = select(Refund).where(Refund.payment_id == payment.id).with_for_update()
    known = session.scalars(ours.where(Refund.provider_refund == outcome.provider_refund))
    found = known.one_or_none()
    ours_by_id = REFUND_ID.fullmatch(outcome.refund_id or "")
    if found is None and ours_by_id is not None:
        named = ours.where(Refund.id == int(ours_by_id[0]), Refund.provider_refund.is_(None))
        found = session.scalars(named).one_or_none()
    return found
