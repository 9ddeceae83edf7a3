"""Refund a payment: the refund was written down before; now the provider gives the money back.

Two transactions with the call between them. It may be done twice and beside itself: the key of
the refund leads to the same refund at the provider, and what cannot be repeated is looked for.
"""

from dataclasses import dataclass
from datetime import datetime

from app.domain.payments import disputes, operations, refunds, rules
from app.domain.payments.errors import ProviderRefused, ProviderUnreachable, UnknownProvider
from app.domain.payments.gateway import (
    Gateways,
    PaymentGateway,
    RefundOrder,
    RefundOutcomeStatus,
    RefundsSeen,
)
from app.domain.payments.models import Payment, Refund
from app.domain.payments.rules import RefundStatus
from app.foundation import outbox
from app.foundation.database import transaction
from app.foundation.sentences import say
from app.workflows.settle_refund import settle_refund, take_refund_outcome

UNASKED = (RefundStatus.CREATED, RefundStatus.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done about a refund now."""

    order: RefundOrder
    provider: str
    # The provider may know of it already.
    is_looked_for: bool
    # The same key still leads to the same refund.
    is_repeatable: bool


def refund_payment(refund_id: int, *, gateways: Gateways, now: datetime) -> None:
    """Have the refund made, and take in what became of it.

    A refusal is noted on the refund, and no error. Raises UnknownRefund, UnknownProvider and
    ProviderUnreachable, after which it is to be done again.
    """
    step = _step(refund_id, now=now)
    if step is None:
        return
    gateway = gateways.get(step.provider)
    if gateway is None:
        raise UnknownProvider(say("{provider} is not connected here.", {"provider": step.provider}))
    try:
        _carry_out(step, refund_id, gateway=gateway, now=now)
    except ProviderUnreachable:
        _note(refund_id, RefundOutcomeStatus.UNANSWERED, now=now)
        raise
    except ProviderRefused:
        _note(refund_id, RefundOutcomeStatus.REFUSED, now=now)


def _step(refund_id: int, *, now: datetime) -> Step | None:
    with transaction():
        payment, refund = _locked(refund_id)
        if refund.status not in rules.REFUND_UNDECIDED:
            return None
        # Asked or not, it goes to the end of the sweep's line.
        refund.updated_at = now
        is_young = rules.is_within_key_life(refund.created_at, now=now)
        return Step(
            order=_order(payment, refund),
            provider=payment.provider,
            is_looked_for=refund.status != RefundStatus.CREATED or not is_young,
            is_repeatable=is_young,
        )


def _carry_out(step: Step, refund_id: int, *, gateway: PaymentGateway, now: datetime) -> None:
    if step.is_looked_for:
        seen = gateway.refunds_of_payment(step.order.provider_payment)
        if isinstance(seen, RefundsSeen):
            with transaction():
                settle_all(seen, now=now)
        with transaction():
            if _locked(refund_id)[1].status not in UNASKED:
                return
    if not step.is_repeatable:
        # A day has passed, and the provider knows of no such refund: it never got there.
        _note(refund_id, RefundOutcomeStatus.REFUSED, now=now)
        return
    try:
        outcome = gateway.refund(step.order)
    except ProviderRefused:
        seen = gateway.refunds_of_payment(step.order.provider_payment)
        with transaction():
            if isinstance(seen, RefundsSeen):
                settle_all(seen, now=now)
            _take_refusal(refund_id, now=now)
        return
    with transaction():
        settle_refund(outcome, now=now)


def settle_all(seen: RefundsSeen, *, now: datetime) -> None:
    """Settle every refund of a payment, in the running transaction."""
    for outcome in seen.refunds:
        settle_refund(outcome, now=now)


def _take_refusal(refund_id: int, *, now: datetime) -> None:
    payment, refund = _locked(refund_id)
    take_refund_outcome(payment, refund, RefundOutcomeStatus.REFUSED, now=now)
    left_minor = operations.left_minor(payment)
    # Somebody has given some of it back at the provider before us: the rest still goes.
    is_ours_to_give = payment.is_overpayment and not disputes.is_disputed(payment)
    if is_ours_to_give and 0 < left_minor < refund.amount_minor:
        rest = operations.add_refund(
            payment,
            amount_minor=left_minor,
            reason=refund.reason,
            requested_by=refund.requested_by,
            now=now,
        )
        outbox.add(refunds.REFUND_PAYMENT, {"refund": rest.id}, now=now)


def _note(refund_id: int, status: RefundOutcomeStatus, *, now: datetime) -> None:
    with transaction():
        payment, refund = _locked(refund_id)
        take_refund_outcome(payment, refund, status, now=now)


def _locked(refund_id: int) -> tuple[Payment, Refund]:
    payment = operations.lock_payment(refunds.payment_of_refund(refund_id))
    return payment, refunds.lock_refund(refund_id)


def _order(payment: Payment, refund: Refund) -> RefundOrder:
    assert payment.provider_payment is not None, "only what is settled is given back"
    return RefundOrder(
        refund_id=str(refund.id),
        provider_payment=payment.provider_payment,
        idempotency_key=refund.idempotency_key,
        amount_minor=refund.amount_minor,
        reason=refund.reason,
    )
