"""Preview a refund: what giving money of a payment back would take along."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.invoices import queries as invoices
from app.domain.payments import operations, refunds
from app.domain.payments.models import Payment
from app.workflows.request_refund import refundable_minor, unused_tokens
from app.workflows.take_back_payment import is_for_running_period, takes_the_rest


@dataclass(frozen=True, slots=True)
class RefundPreview:
    """What a refund would be, and do; nothing is written."""

    payment_id: str
    provider: str
    amount_minor: int
    most_minor: int
    # None: it had nothing to pay, so nothing is taken back with it.
    invoice_number: str | None
    # The invoice is refunded whole, and the plan that it was for ends now.
    is_whole: bool
    ends_plan: bool
    # Of extra tokens that were bought with it; None where it bought none.
    bought_tokens: int | None
    unused_tokens: int
    # How many refunds of the payment there are so far.
    refunds_count: int


def preview_refund(public_id: str, *, amount_minor: int | None, now: datetime) -> RefundPreview:
    """Return what a refund of so much, or of all that can be, would do; the account is locked.

    Raises UnknownPayment, PaymentNotRefundable, RefundTooLarge and TokensAlreadyUsed, as asking
    for it would.
    """
    payment = operations.lock_payment(public_id)
    most_minor = refundable_minor(payment, wanted_minor=amount_minor)
    amount_minor = most_minor if amount_minor is None else amount_minor
    operations.check_refundable(payment, amount_minor=amount_minor)
    invoice = None if payment.is_overpayment else operations.lock_invoice(payment)
    is_whole = invoice is not None and takes_the_rest(invoice, amount_minor)
    bought = _bought_tokens(payment)
    return RefundPreview(
        payment_id=payment.public_id,
        provider=payment.provider,
        amount_minor=amount_minor,
        most_minor=most_minor,
        invoice_number=None if invoice is None else invoice.invoice_number,
        is_whole=is_whole,
        ends_plan=invoice is not None and is_whole and is_for_running_period(invoice, now=now),
        bought_tokens=bought,
        unused_tokens=0 if bought is None else unused_tokens(payment),
        refunds_count=refunds.refunds_count(payment),
    )


def _bought_tokens(payment: Payment) -> int | None:
    if payment.is_overpayment or payment.purpose != "topup":
        return None
    (line,) = invoices.lines_of([payment.invoice_id])[payment.invoice_id]
    return line.quantity
