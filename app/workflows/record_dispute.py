"""Record a dispute: a customer contests a payment at his bank or at PayPal, who decide it."""

from datetime import datetime

from app.domain.accounts import operations as accounts
from app.domain.payments import disputes, operations, queries
from app.domain.payments.gateway import DisputeSeen, DisputesSeen
from app.domain.payments.models import Dispute, Payment
from app.foundation import journal, outbox


def record_dispute(seen: DisputeSeen, *, now: datetime) -> None:
    """Write down where a dispute stands, in the running transaction; in any order, any number.

    Raises UnknownPayment while the payment itself is not settled here, and OutcomeImpossible.
    """
    public_id = queries.payment_of_provider(seen.provider, seen.provider_payment)
    payment = operations.lock_payment(public_id)
    dispute, is_new = disputes.dispute_seen(payment, seen)
    if is_new:
        _note("dispute_opened", payment, dispute, now=now)
    if disputes.move(dispute, seen, now=now):
        outbox.add(disputes.DISPUTE_DECIDED, {"dispute": dispute.id}, now=now)
        _note(f"dispute_{dispute.status}", payment, dispute, now=now)


def record_each_dispute(seen: DisputesSeen, *, now: datetime) -> None:
    """Write down a dispute about several payments, which may be several accounts'."""
    # In one order for everybody, before the first of them is taken alone.
    accounts.lock_accounts(disputes.owners_of(seen))
    for each in seen.disputes:
        record_dispute(each, now=now)


def _note(act: str, payment: Payment, dispute: Dispute, *, now: datetime) -> None:
    details: dict[str, object] = {
        "payment": payment.public_id,
        "dispute": dispute.id,
        "amount_minor": dispute.amount_minor,
        "reason": dispute.reason,
    }
    actor = f"provider:{payment.provider}"
    journal.write(act, actor=actor, user_id=payment.user_id, now=now, details=details)
