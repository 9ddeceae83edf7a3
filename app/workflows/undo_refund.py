"""Undo a refund: the customer's bank has sent the money back, so he gets it as account credit."""

from datetime import datetime

from app.domain.accounts import queries as accounts
from app.domain.invoices import credit
from app.domain.mails import operations as mails
from app.domain.payments import disputes, operations, refunds
from app.foundation import journal


def undo_refund(refund_id: int, *, now: datetime) -> None:
    """Credit the account with a refund that did not arrive, once. Raises UnknownRefund."""
    payment = operations.lock_payment(refunds.payment_of_refund(refund_id))
    refund = refunds.lock_refund(refund_id)
    account = accounts.account(payment.user_id)
    source = refunds.undone_source(refund.id)
    if credit.has_source(source):
        return
    note = "A refund that your bank has sent back"
    # What was taken away in a dispute is not ours to credit.
    kept_minor = payment.amount_minor - payment.refunded_minor - disputes.lost_minor(payment)
    minor = max(0, min(refund.amount_minor, kept_minor))
    if not minor:
        return
    credit.add(account, minor=minor, kind="refund_undone", source=source, note=note, now=now)
    mails.write("refund_bounced", account, about=source, facts={"amount_minor": minor}, now=now)
    details = {"refund": refund.id, "amount_minor": minor}
    journal.write("refund_undone", actor="system", user_id=account.id, now=now, details=details)
