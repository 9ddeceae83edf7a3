"""What can be done with payments. Changes state; never commits."""

import secrets
from datetime import datetime

from sqlalchemy import select

from app.domain.accounts import operations as accounts
from app.domain.invoices.models import Invoice
from app.domain.payments import queries, rules
from app.domain.payments.errors import UnknownPayment
from app.domain.payments.gateway import OpenedCheckout, OutcomeStatus, PaymentOutcome
from app.domain.payments.models import Payment, PaymentMethod
from app.domain.payments.rules import PaymentStatus
from app.foundation.database import session
from app.foundation.secret_keys import ALPHABET

PUBLIC_ID_LENGTH = 20


def add_checkout(
    invoice: Invoice, *, provider: str, amount_minor: int, now: datetime, purpose: str = "invoice"
) -> Payment:
    """Write down an attempt before the provider is asked; the account is locked."""
    public_id = "pay-" + "".join(secrets.choice(ALPHABET) for _ in range(PUBLIC_ID_LENGTH))
    attempt_number = queries.attempts_count(invoice) + 1
    payment = Payment(
        public_id=public_id,
        user_id=invoice.user_id,
        invoice_id=invoice.id,
        purpose=purpose,
        provider=provider,
        method=rules.METHOD,
        attempt_number=attempt_number,
        idempotency_key=rules.idempotency_key(public_id, attempt_number=attempt_number),
        status=PaymentStatus.CREATED,
        amount_minor=amount_minor,
        currency=invoice.currency,
        expires_at=now.replace(microsecond=0) + rules.checkout_life(purpose),
        created_at=now,
        updated_at=now,
    )
    session.add(payment)
    session.flush()
    return payment


def add_off_session(
    invoice: Invoice, *, purpose: str, card: PaymentMethod, amount_minor: int, now: datetime
) -> Payment:
    """Write down an attempt to charge a saved card; the account is locked."""
    public_id = "pay-" + "".join(secrets.choice(ALPHABET) for _ in range(PUBLIC_ID_LENGTH))
    attempt_number = queries.attempts_count(invoice) + 1
    payment = Payment(
        public_id=public_id,
        user_id=invoice.user_id,
        invoice_id=invoice.id,
        purpose=purpose,
        provider=card.provider,
        method=rules.OFF_SESSION,
        attempt_number=attempt_number,
        idempotency_key=rules.idempotency_key(
            public_id, attempt_number=attempt_number, method=rules.OFF_SESSION
        ),
        payment_method_id=card.id,
        status=PaymentStatus.CREATED,
        amount_minor=amount_minor,
        currency=invoice.currency,
        # No page waits for anybody.
        expires_at=None,
        created_at=now,
        updated_at=now,
    )
    session.add(payment)
    session.flush()
    return payment


def lock_payment(public_id: str) -> Payment:
    """Lock the attempt, after its account like everyone does. Raises UnknownPayment."""
    owner = session.scalar(select(Payment.user_id).where(Payment.public_id == public_id))
    if owner is None:
        raise UnknownPayment(f"There is no payment {public_id} here.")
    accounts.lock_accounts({owner})
    locked = select(Payment).where(Payment.public_id == public_id).with_for_update()
    return session.scalars(locked).one()


def lock_invoice(payment: Payment) -> Invoice:
    """Lock the invoice that the payment is for."""
    return locked_invoice(payment.invoice_id)


def locked_invoice(invoice_id: int) -> Invoice:
    """Lock an invoice by its row's id."""
    locked = select(Invoice).where(Invoice.id == invoice_id).with_for_update()
    return session.scalars(locked).one()


def note_opened(payment: Payment, opened: OpenedCheckout, *, now: datetime) -> None:
    """Note the page that was opened for the attempt."""
    payment.provider_session, payment.checkout_url = opened.session, opened.url
    _move(payment, OutcomeStatus.OPEN, now=now)


def note_unanswered(payment: Payment, *, now: datetime) -> None:
    """Note that nobody knows whether a page was opened."""
    _move(payment, OutcomeStatus.UNANSWERED, now=now)


def note_refused(payment: Payment, *, reason: str, now: datetime) -> None:
    """Note that the provider did not take the order."""
    if _move(payment, OutcomeStatus.REFUSED, now=now):
        payment.decline_code = reason


def note_asked(payment: Payment, *, now: datetime) -> None:
    """Note that the provider was asked, so that others come first next time."""
    payment.updated_at = now


def record_outcome(payment: Payment, outcome: PaymentOutcome, *, now: datetime) -> bool:
    """Take the state table's transition; tell whether the status has changed.

    Raises OutcomeImpossible and OutcomeMismatch.
    """
    rules.check_same_payment(outcome, provider_payment=payment.provider_payment)
    changed = _move(payment, outcome.status, now=now)
    if payment.provider_session is None:
        payment.provider_session = outcome.session
    if changed:
        payment.decline_code = outcome.decline_code
    if changed and payment.status == PaymentStatus.SETTLED:
        payment.provider_payment = outcome.provider_payment
        payment.settled_at = now
    return changed


def _move(payment: Payment, outcome: OutcomeStatus, *, now: datetime) -> bool:
    following = rules.next_status(payment.status, outcome)
    payment.updated_at = now
    if following is None:
        return False
    payment.status = following
    return True
