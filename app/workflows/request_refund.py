"""Request a refund: the operator has money of a payment given back, as far as it can be."""

from datetime import datetime

from app.domain.accounts import queries as accounts
from app.domain.accounts import rules as account_rules
from app.domain.invoices import credit_notes, crediting
from app.domain.invoices import queries as invoices
from app.domain.invoices.models import Invoice
from app.domain.payments import operations, refunds
from app.domain.payments.errors import PaymentNotRefundable, RefundTooLarge, TokensAlreadyUsed
from app.domain.payments.models import Payment, Refund
from app.domain.payments.refunds import REFUND_PAYMENT
from app.domain.payments.rules import PaymentStatus
from app.domain.tokens import queries as token_queries
from app.domain.tokens import rules as token_rules
from app.foundation import outbox
from app.foundation.figures import usd_of_minor


def request_refund(
    public_id: str, *, amount_minor: int | None, reason: str, actor: str, now: datetime
) -> Refund:
    """Write a refund down and promise to have it made; without an amount, of all that can be.

    What it had paid for is taken back once the money is. Raises ReasonInvalid, UnknownPayment,
    PaymentNotRefundable, RefundTooLarge and TokensAlreadyUsed.
    """
    reason = account_rules.check_reason(reason)
    payment = operations.lock_payment(public_id)
    # What never came, or is contested, is refused below.
    most_minor = payment.amount_minor
    if payment.status == PaymentStatus.SETTLED:
        most_minor = _most_minor(payment, wanted_minor=amount_minor)
    refund = operations.add_refund(
        payment,
        amount_minor=most_minor if amount_minor is None else amount_minor,
        reason=reason,
        requested_by=actor,
        now=now,
    )
    outbox.add(REFUND_PAYMENT, {"refund": refund.id}, now=now)
    return refund


def _most_minor(payment: Payment, *, wanted_minor: int | None) -> int:
    """Return how much can be given back; refuse to give more."""
    paid_minor = payment.amount_minor - payment.refunded_minor - refunds.open_minor(payment)
    if payment.is_overpayment:
        # It has paid for nothing.
        return paid_minor
    invoice = operations.lock_invoice(payment)
    on_its_way_minor = refunds.uncredited_minor(invoice)
    most_minor = min(paid_minor, credit_notes.left_minor(invoice) - on_its_way_minor)
    if paid_minor > 0 and most_minor <= 0:
        raise PaymentNotRefundable("What this payment was for has become account credit already.")
    if wanted_minor is not None and paid_minor >= wanted_minor > most_minor:
        raise RefundTooLarge(
            f"At most {usd_of_minor(most_minor)} can be refunded: the rest became account credit."
        )
    if invoice.kind != "topup":
        return most_minor
    unused_minor = _worth_of_unused(payment, invoice, left_minor=most_minor) - on_its_way_minor
    if most_minor > 0 and (unused_minor <= 0 or (wanted_minor or 0) > unused_minor):
        raise TokensAlreadyUsed(
            f"Only {usd_of_minor(max(unused_minor, 0))} of this purchase can be refunded:"
            " the rest of its tokens is used."
        )
    return min(most_minor, unused_minor)


def _worth_of_unused(payment: Payment, invoice: Invoice, *, left_minor: int) -> int:
    """Return what was paid for the unused tokens of a purchase, with tax."""
    (line,) = invoices.lines_of([invoice.id])[invoice.id]
    account = accounts.account(payment.user_id)
    bought = f"payment:{payment.public_id}"
    unused = token_rules.unused_of(bought, token_queries.ledger(account))
    if unused == line.quantity:
        return left_minor
    net_minor = token_rules.price_of_part(
        unused, tokens_count=line.quantity, whole_minor=line.amount_minor
    )
    return crediting.gross_of(
        net_minor, final_minor=invoice.final_minor, tax_minor=invoice.tax_minor
    )
