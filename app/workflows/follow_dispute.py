"""Follow a dispute: if the money is taken away, what it had paid for is taken back."""

from datetime import datetime

from app.domain.accounts import queries as accounts
from app.domain.accounts.models import Account
from app.domain.invoices import credit, credit_notes
from app.domain.payments import disputes, operations, refunds
from app.domain.payments.gateway import DisputeStatus
from app.domain.payments.models import Dispute, Payment
from app.domain.usage import operations as usage
from app.foundation import journal
from app.workflows.take_back_payment import take_back_payment


def follow_dispute(dispute_id: int, *, now: datetime) -> None:
    """Take the effect of a decided dispute, once; one that was won changes nothing.

    Gone is first what the payment had paid for and was not taken back yet, then the credit that
    stands in for refunds of it that have bounced: nobody keeps that and the money, too.
    """
    payment = operations.lock_payment(disputes.payment_of_dispute(dispute_id))
    dispute = disputes.dispute_by_id(dispute_id)
    if dispute.status != DisputeStatus.LOST:
        return
    account = accounts.account(payment.user_id)
    taken_minor = _take_what_it_paid_for(payment, dispute, account, now=now)
    if taken_minor is not None:
        minor = dispute.amount_minor - taken_minor
        _take_credit(payment, dispute, account, minor=minor, now=now)


def _take_what_it_paid_for(
    payment: Payment, dispute: Dispute, account: Account, *, now: datetime
) -> int | None:
    """Return how much was taken back; None if the dispute has had its effect."""
    if payment.is_overpayment:
        return 0
    invoice = operations.lock_invoice(payment)
    reason = disputes.lost_reason(payment.provider, dispute.provider_dispute)
    if credit_notes.was_credited_for(invoice, reason):
        return None
    # Some of it may have been refunded before.
    minor = min(dispute.amount_minor, credit_notes.left_minor(invoice))
    if minor > 0:
        source = f"dispute:{dispute.id}"
        take_back_payment(payment, account, minor=minor, source=source, reason=reason, now=now)
    return max(minor, 0)


def _take_credit(
    payment: Payment, dispute: Dispute, account: Account, *, minor: int, now: datetime
) -> None:
    source = disputes.lost_source(dispute.id)
    given = (*refunds.undone_sources(payment), *disputes.lost_sources(payment))
    minor = min(minor, credit.sum_of(given))
    if minor <= 0 or credit.has_source(source):
        return
    note = "A payment that was disputed and lost"
    taken_minor = credit.take_back(
        account, minor=minor, kind="refund_undone", source=source, note=note, now=now
    )
    usage.add_credit_shortfall(account.id, minor=minor - taken_minor, now=now)
    details: dict[str, object] = {"dispute": dispute.id, "amount_minor": minor}
    journal.write("credit_taken_back", actor="system", user_id=account.id, now=now, details=details)
