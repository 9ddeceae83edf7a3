"""Settle a payment: what the provider says of it takes effect, once, whoever brings the news.

The webhook, the return page and the sweep all come here, in any order and any number.
"""

from datetime import datetime

from app.domain.accounts import queries as accounts
from app.domain.accounts.models import Account
from app.domain.invoices import operations as invoices
from app.domain.invoices import reasons
from app.domain.invoices.models import Invoice
from app.domain.invoices.rules import InvoiceStatus
from app.domain.mails import operations as mails
from app.domain.payments import operations, rules
from app.domain.payments.gateway import PaymentOutcome
from app.domain.payments.models import Payment
from app.domain.payments.refunds import REFUND_PAYMENT
from app.domain.payments.rules import PaymentStatus
from app.domain.subscriptions import operations as subscriptions
from app.domain.subscriptions import plan_changes
from app.foundation import journal, outbox
from app.workflows.complete_purchase import complete_purchase
from app.workflows.lapse_purchase import lapse_purchase
from app.workflows.lift_suspension import lift_suspension
from app.workflows.note_top_up import note_top_up
from app.workflows.tell_of_decline import tell_of_decline, tell_of_declined_change


def settle_payment(outcome: PaymentOutcome, *, now: datetime) -> bool:
    """Take the outcome's transition and write its effect, in the running transaction.

    Tell whether the payment is decided, now or already. Raises UnknownPayment, OutcomeMismatch
    and OutcomeImpossible; then nothing is changed.
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
    was_awaited = rules.is_awaited(payment.status, expires_at=payment.expires_at)
    if operations.record_outcome(payment, outcome, now=now):
        _follow(payment, invoice, outcome, was_awaited=was_awaited, now=now)
    return payment.status not in rules.UNDECIDED


def _follow(
    payment: Payment,
    invoice: Invoice,
    outcome: PaymentOutcome,
    *,
    was_awaited: bool,
    now: datetime,
) -> None:
    if payment.status == PaymentStatus.SETTLED:
        operations.keep_card_of(payment, outcome, now=now)
        _take_effect(payment, invoice, now=now)
    elif payment.status in (PaymentStatus.FAILED, PaymentStatus.EXPIRED):
        _end_without_money(payment, invoice, was_awaited=was_awaited, now=now)
    if payment.status != PaymentStatus.PENDING:
        _note(payment, invoice, now=now)


def _take_effect(payment: Payment, invoice: Invoice, *, now: datetime) -> None:
    account = accounts.account(payment.user_id)
    if not _is_taken(payment, invoice, account, now=now):
        # Void, paid by another attempt, or no longer what was asked for.
        if invoice.plan_change_id is not None:
            plan_changes.refund(invoice.plan_change_id, now=now)
        _send_back(payment, account, now=now)
        return
    invoices.mark_paid(
        invoice, method=payment.provider, transaction_id=payment.provider_payment, now=now
    )
    lift_suspension(account, now=now)
    if invoice.kind == "topup":
        note_top_up(payment, invoice, account, now=now)
    else:
        _tell(payment, invoice, account, now=now)


def _send_back(payment: Payment, account: Account, *, now: datetime) -> None:
    payment.is_overpayment = True
    refund = operations.add_refund(
        payment,
        amount_minor=payment.amount_minor,
        reason=reasons.NOTHING_LEFT,
        requested_by="system",
        now=now,
    )
    outbox.add(REFUND_PAYMENT, {"refund": refund.id}, now=now)
    facts: dict[str, object] = {"amount_minor": payment.amount_minor}
    mails.write("overpayment", account, about=payment.public_id, facts=facts, now=now)


def _end_without_money(
    payment: Payment, invoice: Invoice, *, was_awaited: bool, now: datetime
) -> None:
    account = accounts.account(payment.user_id)
    if payment.purpose == "topup":
        note_top_up(payment, invoice, account, now=now)
    elif payment.method == "off_session":
        tell_of_decline(payment, invoice, account, now=now)
    elif payment.purpose == "plan_change" and was_awaited:
        # Who is declined at once reads it where he pays.
        tell_of_declined_change(payment, invoice, account, now=now)
    # A purchase whose bank wants to hear the customer waits for him.
    if payment.decline_code != rules.AUTHENTICATION_REQUIRED:
        lapse_purchase(invoice.id, reason=reasons.NO_MONEY, now=now)


def _is_taken(payment: Payment, invoice: Invoice, account: Account, *, now: datetime) -> bool:
    """Give what the money was for; tell whether there was something to give."""
    if payment.amount_minor != invoice.final_minor - invoice.credit_used_minor:
        return False
    if invoice.status == InvoiceStatus.DRAFT:
        return complete_purchase(invoice, account, payment=payment, now=now)
    if invoice.status != InvoiceStatus.ISSUED:
        return False
    return invoice.period_id is None or subscriptions.pay_period(invoice.period_id, now=now)


def _tell(payment: Payment, invoice: Invoice, account: Account, *, now: datetime) -> None:
    if not accounts.settings_of(account).send_invoice_email:
        return
    facts: dict[str, object] = {
        "invoice_number": invoice.invoice_number,
        "kind": invoice.kind,
        "final_minor": invoice.final_minor,
        "paid_at": now.isoformat(),
        "method": payment.provider,
    }
    mails.write("invoice_paid", account, about=invoice.public_id, facts=facts, now=now)


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
