"""Settle a payment: what the provider says of it takes effect, once, whoever brings the news.

The webhook, the return page and the sweep all come here, in any order and any number.
"""

from datetime import datetime

from app.domain.invoices import operations as invoices
from app.domain.invoices.models import Invoice
from app.domain.invoices.rules import InvoiceStatus
from app.domain.payments import operations, rules
from app.domain.payments.gateway import PaymentOutcome
from app.domain.payments.models import Payment
from app.domain.payments.rules import PaymentStatus
from app.foundation import journal


def settle_payment(outcome: PaymentOutcome, *, now: datetime) -> None:
    """Take the outcome's transition and write its effect, in the running transaction.

    Raises UnknownPayment, OutcomeMismatch and OutcomeImpossible; then nothing is changed.
    """
    payment = operations.lock_payment(outcome.payment_id)
    invoice = operations.lock_invoice(payment)
    rules.check_terms(
        outcome,
        provider=payment.provider,
        reference=invoice.public_id,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
    )
    if not operations.record_outcome(payment, outcome, now=now):
        return
    if payment.status == PaymentStatus.SETTLED:
        _take_effect(payment, invoice, now=now)
    if payment.status != PaymentStatus.PENDING:
        _note(payment, invoice, now=now)


def _take_effect(payment: Payment, invoice: Invoice, *, now: datetime) -> None:
    due_minor = invoice.final_minor - invoice.credit_used_minor
    if invoice.status != InvoiceStatus.ISSUED or payment.amount_minor != due_minor:
        # Void, paid by another attempt, or no longer the amount that was asked for.
        payment.is_overpayment = True
        return
    assert payment.provider_payment is not None, "what is settled was paid by something"
    invoices.mark_paid(
        invoice, method=payment.provider, transaction_id=payment.provider_payment, now=now
    )


def _note(payment: Payment, invoice: Invoice, *, now: datetime) -> None:
    act = "overpayment_received" if payment.is_overpayment else f"payment_{payment.status}"
    details: dict[str, object] = {
        "payment": payment.public_id,
        "invoice": invoice.invoice_number,
        "amount_minor": payment.amount_minor,
        "provider_payment": payment.provider_payment,
    }
    actor = f"provider:{payment.provider}"
    journal.write(act, actor=actor, user_id=payment.user_id, now=now, details=details)
