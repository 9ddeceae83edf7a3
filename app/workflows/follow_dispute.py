"""Follow a dispute: if the bank takes the money away, what it had paid for is taken back."""

from datetime import datetime

from app.domain.accounts import queries as accounts
from app.domain.invoices import credit_notes
from app.domain.payments import disputes, operations
from app.domain.payments.gateway import DisputeStatus
from app.workflows.take_back_payment import take_back_payment


def follow_dispute(dispute_id: int, *, now: datetime) -> None:
    """Take the effect of a decided dispute, once; one that was won changes nothing."""
    payment = operations.lock_payment(disputes.payment_of_dispute(dispute_id))
    dispute = disputes.dispute_by_id(dispute_id)
    if dispute.status != DisputeStatus.LOST or payment.is_overpayment:
        return
    invoice = operations.lock_invoice(payment)
    reason = f"The payment was disputed and lost ({dispute.provider_dispute})"
    # Some of it may have been refunded before.
    minor = min(dispute.amount_minor, credit_notes.left_minor(invoice))
    if minor <= 0 or credit_notes.was_credited_for(invoice, reason):
        return
    take_back_payment(
        payment,
        accounts.account(payment.user_id),
        minor=minor,
        source=f"dispute:{dispute.id}",
        reason=reason,
        now=now,
    )
