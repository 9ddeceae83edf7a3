"""Follow a refund: once the money is back with the customer, what it had paid for is taken back."""

from datetime import datetime

from app.domain.accounts import queries as accounts
from app.domain.payments import operations, refunds
from app.workflows.take_back_payment import take_back_payment


def follow_refund(refund_id: int, *, now: datetime) -> None:
    """Take the effect of a settled refund, once. Raises UnknownRefund."""
    payment = operations.lock_payment(refunds.payment_of_refund(refund_id))
    refund = refunds.lock_refund(refund_id)
    if refund.credit_note_id is not None:
        return
    note = take_back_payment(
        payment,
        accounts.account(payment.user_id),
        minor=refund.amount_minor,
        source=f"refund:{refund.id}",
        reason=refund.reason,
        now=now,
    )
    refund.credit_note_id = None if note is None else note.id
