"""Take a payment back: money that was refunded or lost in a dispute takes its effect with it."""

from datetime import datetime

from app.domain.accounts.models import Account
from app.domain.invoices import credit, credit_notes, operations, reasons
from app.domain.invoices import queries as invoices
from app.domain.invoices.models import CreditNote, Invoice
from app.domain.mails import operations as mails
from app.domain.payments import operations as payments
from app.domain.payments.models import Payment
from app.domain.subscriptions import operations as subscriptions
from app.domain.subscriptions import plan_changes
from app.domain.subscriptions import queries as periods
from app.domain.tokens import operations as tokens
from app.domain.tokens import queries as token_queries
from app.domain.tokens import rules as token_rules
from app.domain.usage import operations as usage
from app.foundation import journal
from app.workflows.lapse_purchase import give_up_change


def take_back_payment(
    payment: Payment, account: Account, *, minor: int, source: str, reason: str, now: datetime
) -> CreditNote | None:
    """Take back what so much of a settled payment had paid for; the account is locked.

    `source` names the refund or the dispute, such as refund:7. Returns the credit note over it;
    an overpayment had no effect that could be taken back, and neither has what was credited before.
    """
    _tell(payment, account, minor=minor, source=source, now=now)
    if payment.is_overpayment:
        return None
    invoice = payments.lock_invoice(payment)
    left_minor = credit_notes.left_minor(invoice)
    if left_minor <= 0:
        # All of it was credited before, and nothing is left to take back.
        return None
    # With the last of the money, the credit that had helped to pay comes back, too.
    is_whole = takes_the_rest(invoice, minor)
    gross_minor = left_minor if is_whole else minor
    note = credit_notes.credit(invoice, account, gross_minor=gross_minor, reason=reason, now=now)
    if is_whole:
        # Some of it may have come back before, by a credit note.
        credit.return_spent(account, invoice, minor=left_minor - minor, now=now)
        operations.mark_refunded(invoice, now=now)
        _end_period(invoice, account, now=now)
    _lapse_change_from(invoice, account, now=now)
    if invoice.kind == "topup":
        _take_tokens(payment, invoice, note, account, source=source, now=now)
    details: dict[str, object] = {
        "payment": payment.public_id,
        "credit_note": note.credit_note_number,
        "amount_minor": minor,
    }
    journal.write(
        "payment_taken_back", actor="system", user_id=account.id, now=now, details=details
    )
    return note


def takes_the_rest(invoice: Invoice, minor: int) -> bool:
    """Tell whether an amount that goes back is the last of the money that was paid."""
    left_minor = credit_notes.left_minor(invoice)
    return left_minor - invoice.credit_used_minor <= minor <= left_minor


def is_for_running_period(invoice: Invoice, *, now: datetime) -> bool:
    """Tell whether the invoice is for the plan that runs now: taken back whole, it ends."""
    period, subscription = periods.current_pair(invoice.user_id)
    is_running = now < periods.running_in(subscription, period).ends
    return invoice.period_id == period.id and is_running


def _end_period(invoice: Invoice, account: Account, *, now: datetime) -> None:
    """End the period that the invoice was for, if it still runs; what its quota covered stays."""
    if is_for_running_period(invoice, now=now):
        subscriptions.end_now(account, now=now)


def _lapse_change_from(invoice: Invoice, account: Account, *, now: datetime) -> None:
    """Let a change that waits for its money lapse: its credit was for what is taken back here."""
    waiting = plan_changes.find_open(account)
    if waiting is not None and waiting.period_id == invoice.period_id:
        give_up_change(waiting, account, reason=reasons.CREDIT_PAID_BACK, now=now)


def _take_tokens(
    payment: Payment,
    invoice: Invoice,
    note: CreditNote,
    account: Account,
    *,
    source: str,
    now: datetime,
) -> None:
    """Take the tokens back as far as they are unused; the rest is billed at its purchase price."""
    (line,) = invoices.lines_of([invoice.id])[invoice.id]
    bought = f"payment:{payment.public_id}"
    notes = credit_notes.notes_of(invoice)
    wanted = token_rules.tokens_of_part(
        line.quantity,
        part_minor=note.amount_minor,
        before_minor=sum(each.amount_minor for each in notes if each.id != note.id),
        whole_minor=line.amount_minor,
    )
    taken = min(wanted, token_rules.unused_of(bought, token_queries.ledger(account)))
    tokens.take_back(account, tokens_count=taken, source=f"{source}:{bought}", note=source, now=now)
    price_pico = line.unit_price_nanos or 0
    usage.add_shortfall(account.id, tokens_count=wanted - taken, price_pico=price_pico, now=now)


def _tell(payment: Payment, account: Account, *, minor: int, source: str, now: datetime) -> None:
    number = None if payment.is_overpayment else payments.lock_invoice(payment).invoice_number
    facts: dict[str, object] = {
        "invoice_number": number,
        "amount_minor": minor,
        "method": payment.provider,
    }
    if source.startswith("refund"):
        mails.write("refund_made", account, about=source, facts=facts, now=now)
