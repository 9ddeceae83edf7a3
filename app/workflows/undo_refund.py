"""Undo a refund: the customer's bank has sent the money back, so he gets it as account credit."""

from datetime import datetime

from app.domain.accounts import queries as accounts
from app.domain.invoices import credit
from app.domain.mails import operations as mails
from app.domain.payments import operations, refunds
from app.foundation import journal


def undo_refund(refund_id: int, *, now: datetime) -> None:
    """Credit the account with a refund that did not arrive, once. Raises UnknownRefund."""
    payment = operations.lock_payment(refunds.payment_of_refund(refund_id))
    refund = refunds.lock_refund(refund_id)
    account = accounts.account(payment.user_id)
    source = f"refund:{refund.id}:undone"
    if credit.has_source(source):
        return
    note = "A refund that your bank has sent back"
    minor = refund.amount_minor
    credit.add(account, minor=minor, kind="refund_undone", source=source, note=note, now=now)
    facts: dict[str, object] = {"amount_minor": minor, "became": "credit"}
    mails.write("overpayment", account, about=source, facts=facts, now=now)
    details = {"refund": refund.id, "amount_minor": minor}
    journal.write("refund_undone", actor="system", user_id=account.id, now=now, details=details)
