"""Charge a saved card: the attempt was written down before; now the provider is asked.

Two transactions with the call between them. It may be done twice and beside itself: the key of
the attempt leads to the same charge, and what cannot be repeated is looked for instead.
"""

from dataclasses import dataclass
from datetime import datetime

from app.domain.invoices.rules import InvoiceStatus
from app.domain.payments import cards, operations, rules
from app.domain.payments.errors import ProviderRefused, ProviderUnreachable, UnknownProvider
from app.domain.payments.gateway import (
    ChargeOrder,
    Gateways,
    OutcomeStatus,
    PaymentGateway,
    PaymentOutcome,
)
from app.domain.payments.models import Payment, PaymentMethod
from app.domain.payments.rules import PaymentStatus
from app.foundation.database import transaction
from app.foundation.sentences import say
from app.workflows.settle_payment import settle_payment

CHARGE_SAVED_CARD = "charge_saved_card"
UNASKED = (PaymentStatus.CREATED, PaymentStatus.UNKNOWN)
PAYABLE = (InvoiceStatus.DRAFT, InvoiceStatus.ISSUED)
DESCRIPTIONS = {"topup": "Extra tokens", "plan_change": "Plan change", "invoice": "Invoice"}


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done about an attempt now."""

    order: ChargeOrder
    provider: str
    # Since when the provider may know of it; null if it has surely not been asked.
    looked_for_since: datetime | None
    # Why the card is not charged any more, if it is not.
    stopped_by: str | None


def charge_saved_card(public_id: str, *, gateways: Gateways, now: datetime) -> None:
    """Have the card charged, and take in what became of it.

    A decline and a refusal are outcomes of the attempt, and no errors. Raises UnknownPayment,
    UnknownProvider and ProviderUnreachable, after which it is to be done again.
    """
    step = _step(public_id, now=now)
    if step is None:
        return
    gateway = gateways.get(step.provider)
    if gateway is None:
        raise UnknownProvider(say("{provider} is not connected here.", {"provider": step.provider}))
    try:
        outcome = _asked(step, gateway=gateway)
    except ProviderUnreachable:
        with transaction():
            operations.note_unanswered(operations.lock_payment(public_id), now=now)
        raise
    except ProviderRefused as refusal:
        outcome = _refused(step, refusal.reason)
    with transaction():
        settle_payment(outcome, now=now)


def _step(public_id: str, *, now: datetime) -> Step | None:
    with transaction():
        payment = operations.lock_payment(public_id)
        if payment.status not in UNASKED:
            return None
        assert payment.payment_method_id is not None, "only saved cards are charged this way"
        invoice = operations.lock_invoice(payment)
        card = cards.card_by_id(payment.payment_method_id)
        # Asked or not, it goes to the end of the sweep's line.
        operations.note_asked(payment, now=now)
        is_young = rules.is_within_key_life(payment.created_at, now=now)
        is_unasked = payment.status == PaymentStatus.CREATED and is_young
        return Step(
            order=_order(payment, card, reference=invoice.public_id),
            provider=payment.provider,
            looked_for_since=None if is_unasked else payment.created_at,
            stopped_by=_obstacle(card, is_payable=invoice.status in PAYABLE, is_young=is_young),
        )


def _order(payment: Payment, card: PaymentMethod, *, reference: str) -> ChargeOrder:
    """Return what an attempt asks for: word for word the same each time, as its key demands."""
    return ChargeOrder(
        payment_id=payment.public_id,
        reference=reference,
        idempotency_key=payment.idempotency_key,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        # Not the invoice's number, which a draft only gets when it is paid.
        description=DESCRIPTIONS[payment.purpose],
        customer=card.provider_customer,
        card=card.provider_reference,
        is_on_session=payment.method == rules.ON_SESSION,
    )


def _obstacle(card: PaymentMethod, *, is_payable: bool, is_young: bool) -> str | None:
    if not is_young:
        return "too_late"
    if card.removed_at is not None:
        return "card_removed"
    return None if is_payable else "nothing_due"


def _asked(step: Step, *, gateway: PaymentGateway) -> PaymentOutcome:
    if step.looked_for_since is not None:
        found = gateway.find_charge(step.order, since=step.looked_for_since)
        if found is not None:
            return found
    if step.stopped_by is not None:
        return _refused(step, step.stopped_by)
    return gateway.charge(step.order)


def _refused(step: Step, reason: str) -> PaymentOutcome:
    return PaymentOutcome(
        provider=step.provider,
        payment_id=step.order.payment_id,
        reference=step.order.reference,
        session=None,
        provider_payment=None,
        status=OutcomeStatus.REFUSED,
        amount_minor=step.order.amount_minor,
        currency=step.order.currency,
        decline_code=reason,
    )
