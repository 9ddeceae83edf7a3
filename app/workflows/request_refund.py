"""Request a refund: the operator has money of a payment given back, as far as it can be."""

from datetime import datetime

from app.domain.accounts import queries as accounts
from app.domain.accounts import rules as account_rules
from app.domain.invoices import credit_notes, crediting
from app.domain.invoices import queries as invoices
from app.domain.invoices.models import Invoice
from app.domain.payments import operations, refunds
from app.domain.payments.errors import RefundedMeanwhile, RefundTooLarge, TokensAlreadyUsed
from app.domain.payments.models import Payment, Refund
from app.domain.payments.refunds import REFUND_PAYMENT
from app.domain.payments.rules import PaymentStatus
from app.domain.tokens import queries as token_queries
from app.domain.tokens import rules as token_rules
from app.foundation import outbox
from app.foundation.figures import usd_of_minor
from app.foundation.sentences import say


def request_refund(
    public_id: str,
    *,
    amount_minor: int | None,
    reason: str,
    actor: str,
    now: datetime,
    after_refunds: int | None = None,
) -> Refund:
    """Write a refund down and promise to have it made; without an amount, of all that can be.

    What it had paid for is taken back once the money is. Whoever says after how many refunds he
    means it to come asks for no second one by mistake. Raises ReasonInvalid, UnknownPayment,
    RefundedMeanwhile, PaymentNotRefundable, RefundTooLarge and TokensAlreadyUsed.
    """
    reason = account_rules.check_reason(reason)
    payment = operations.lock_payment(public_id)
    if after_refunds is not None and refunds.refunds_count(payment) != after_refunds:
        raise RefundedMeanwhile(say("A refund of this payment was asked for meanwhile: see below."))
    most_minor = refundable_minor(payment, wanted_minor=amount_minor)
    refund = operations.add_refund(
        payment,
        amount_minor=most_minor if amount_minor is None else amount_minor,
        reason=reason,
        requested_by=actor,
        now=now,
    )
    outbox.add(REFUND_PAYMENT, {"refund": refund.id}, now=now)
    return refund


def refundable_minor(payment: Payment, *, wanted_minor: int | None) -> int:
    """Return how much can be given back; refuse what is credited already, or used."""
    paid_minor = operations.left_minor(payment)
    if payment.status != PaymentStatus.SETTLED or payment.is_overpayment:
        # It has paid for nothing.
        return paid_minor
    invoice = operations.lock_invoice(payment)
    on_its_way_minor = refunds.uncredited_minor(invoice)
    left_minor = credit_notes.left_minor(invoice) - on_its_way_minor
    unused_minor = left_minor
    if invoice.kind == "topup":
        unused_minor = _worth_of_unused(payment, invoice) - on_its_way_minor
    most_minor = max(min(paid_minor, left_minor, unused_minor), 0)
    wants_all = wanted_minor is None and most_minor == 0
    if paid_minor > 0 and (wants_all or most_minor < (wanted_minor or 0) <= paid_minor):
        raise _refusal(most_minor, is_used=unused_minor < left_minor)
    return most_minor


def _refusal(most_minor: int, *, is_used: bool) -> TokensAlreadyUsed | RefundTooLarge:
    most = {"most": usd_of_minor(most_minor)}
    if is_used:
        return TokensAlreadyUsed(
            say(
                "At most {most} of this payment can be refunded: the rest of its tokens is used.",
                most,
            )
        )
    return RefundTooLarge(
        say(
            "At most {most} of this payment can be refunded: the rest has become account credit.",
            most,
        )
    )


def _worth_of_unused(payment: Payment, invoice: Invoice) -> int:
    """Return what was paid for the unused tokens of a purchase, with tax."""
    (line,) = invoices.lines_of([invoice.id])[invoice.id]
    unused = unused_tokens(payment)
    if unused == line.quantity:
        return invoice.final_minor
    net_minor = token_rules.price_of_part(
        unused, tokens_count=line.quantity, whole_minor=line.amount_minor
    )
    return crediting.gross_of(
        net_minor, final_minor=invoice.final_minor, tax_minor=invoice.tax_minor
    )


def unused_tokens(payment: Payment) -> int:
    """Return how many of the tokens that a payment has bought are left."""
    bought = f"payment:{payment.public_id}"
    return token_rules.unused_of(bought, token_queries.ledger(accounts.account(payment.user_id)))
