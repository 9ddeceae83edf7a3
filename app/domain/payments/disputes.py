"""Disputes: payments that customers contest at their banks, or at the provider itself."""

from datetime import datetime

from sqlalchemy import and_, func, or_, select

from app.domain.payments import rules
from app.domain.payments.gateway import DisputeSeen, DisputesSeen, DisputeStatus
from app.domain.payments.models import Dispute, Payment
from app.foundation.database import session
from app.foundation.sentences import say

# What is done with it is the promise of whoever hooks into it.
DISPUTE_DECIDED = "dispute_decided"


def is_disputed(payment: Payment) -> bool:
    """Tell whether it is yet to be decided where the payment's money goes."""
    still_open = select(Dispute.id).where(
        Dispute.payment_id == payment.id, Dispute.status == DisputeStatus.OPEN
    )
    return session.scalar(still_open.limit(1)) is not None


def has_open_dispute(user_id: str) -> bool:
    """Tell whether any payment of the account is disputed: then it has no credit."""
    still_open = select(Dispute.id).where(
        Dispute.user_id == user_id, Dispute.status == DisputeStatus.OPEN
    )
    return session.scalar(still_open.limit(1)) is not None


def lost_minor(payment: Payment) -> int:
    """Return how much of the payment was taken away in disputes."""
    lost = select(func.coalesce(func.sum(Dispute.amount_minor), 0)).where(
        Dispute.payment_id == payment.id, Dispute.status == DisputeStatus.LOST
    )
    return int(session.scalars(lost).one())


def lost_source(dispute_id: int) -> str:
    """Return under which source credit is taken back for a dispute that was lost."""
    return f"dispute:{dispute_id}:lost"


def lost_sources(payment: Payment) -> tuple[str, ...]:
    """Return the sources of all disputes of the payment."""
    found = session.scalars(select(Dispute.id).where(Dispute.payment_id == payment.id))
    return tuple(lost_source(dispute_id) for dispute_id in found)


def lost_reason(provider: str, provider_dispute: str) -> str:
    """Return which reason stands on the credit note over a dispute that was lost."""
    values = {"dispute": provider_dispute}
    # Cards are contested at their bank, all else where it was paid.
    if provider == "paypal":
        return say("The payment was contested at PayPal, and lost ({dispute})", values)
    return say("The payment was contested at your bank, and lost ({dispute})", values)


def payment_of_dispute(dispute_id: int) -> str:
    """Return the payment's id, for whoever locks it first."""
    named = select(Payment.public_id).join(Dispute, Dispute.payment_id == Payment.id)
    return session.scalars(named.where(Dispute.id == dispute_id)).one()


def dispute_by_id(dispute_id: int) -> Dispute:
    """Return the dispute as it stands now."""
    return session.get_one(Dispute, dispute_id, populate_existing=True)


def dispute_seen(payment: Payment, seen: DisputeSeen) -> tuple[Dispute, bool]:
    """Return the dispute that the provider speaks of, and whether it is new; payment locked."""
    theirs = select(Dispute).where(
        Dispute.payment_id == payment.id, Dispute.provider_dispute == seen.provider_dispute
    )
    dispute = session.scalars(theirs.with_for_update()).one_or_none()
    if dispute is not None:
        return dispute, False
    dispute = Dispute(
        payment_id=payment.id,
        user_id=payment.user_id,
        provider_dispute=seen.provider_dispute,
        amount_minor=seen.amount_minor,
        reason=seen.reason,
        status=DisputeStatus.OPEN,
        opened_at=seen.opened_at,
    )
    session.add(dispute)
    session.flush()
    return dispute, True


def move(dispute: Dispute, seen: DisputeSeen, *, now: datetime) -> bool:
    """Take the table's transition; tell whether it is decided now. Raises OutcomeImpossible."""
    following = rules.next_dispute_status(dispute.status, seen.status)
    if following is None:
        return False
    # The decision may be over less than was contested.
    dispute.amount_minor = seen.amount_minor
    dispute.status, dispute.decided_at = following, now
    return True


def owners_of(seen: DisputesSeen) -> set[str]:
    """Return whose payments a dispute is about, as far as they are settled here."""
    contested = [
        and_(Payment.provider == each.provider, Payment.provider_payment == each.provider_payment)
        for each in seen.disputes
    ]
    return set(session.scalars(select(Payment.user_id).where(or_(*contested))))
