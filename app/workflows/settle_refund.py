"""Settle a refund: what the provider says of it takes effect, once, whoever brings the news.

The call itself, the webhook and the sweep all come here, in any order and any number; so do
refunds that somebody has made at the provider.
"""

from datetime import datetime

from app.domain.payments import operations, queries, refunds
from app.domain.payments.errors import OutcomeMismatch
from app.domain.payments.gateway import RefundOutcome, RefundOutcomeStatus
from app.domain.payments.models import Payment, Refund
from app.domain.payments.rules import RefundStatus
from app.foundation import journal, outbox
from app.foundation.sentences import say


def settle_refund(outcome: RefundOutcome, *, now: datetime) -> None:
    """Take the outcome's transition and write its effect, in the running transaction.

    Raises UnknownPayment while the payment itself is not settled here, and OutcomeMismatch.
    """
    public_id = queries.payment_of_provider(outcome.provider, outcome.provider_payment)
    payment = operations.lock_payment(public_id)
    refund = refunds.refund_seen(payment, outcome, now=now)
    if refund.amount_minor != outcome.amount_minor:
        raise OutcomeMismatch(
            say(
                "Refund {refund} is over {amount} cents; the provider speaks of {said}.",
                {
                    "refund": refund.id,
                    "amount": refund.amount_minor,
                    "said": outcome.amount_minor,
                },
            )
        )
    take_refund_outcome(payment, refund, outcome.status, now=now)


def take_refund_outcome(
    payment: Payment, refund: Refund, status: RefundOutcomeStatus, *, now: datetime
) -> None:
    """Move the refund, and the payment with it; both are locked."""
    before = refund.status
    if not refunds.move(refund, status, now=now):
        return
    if refund.status == RefundStatus.SETTLED:
        payment.refunded_minor += refund.amount_minor
        outbox.add(refunds.REFUND_SETTLED, {"refund": refund.id}, now=now)
    elif before == RefundStatus.SETTLED:
        # The customer's bank has sent it back.
        payment.refunded_minor -= refund.amount_minor
        outbox.add(refunds.REFUND_UNDONE, {"refund": refund.id}, now=now)
    _note(payment, refund, now=now)


def _note(payment: Payment, refund: Refund, *, now: datetime) -> None:
    details: dict[str, object] = {
        "payment": payment.public_id,
        "refund": refund.id,
        "amount_minor": refund.amount_minor,
        "provider_refund": refund.provider_refund,
    }
    act, actor = f"refund_{refund.status}", f"provider:{payment.provider}"
    journal.write(act, actor=actor, user_id=payment.user_id, now=now, details=details)
