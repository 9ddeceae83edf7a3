"""What can be done with payments. Changes state; never commits."""

import secrets
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app.domain.accounts import operations as accounts
from app.domain.accounts.models import Account
from app.domain.invoices.models import Invoice
from app.domain.payments import cards, disputes, queries, refunds, rules
from app.domain.payments.consent import Consent
from app.domain.payments.errors import OutcomeMismatch, UnknownPayment
from app.domain.payments.gateway import OpenedCheckout, OutcomeStatus, PaymentOutcome, SavedCard
from app.domain.payments.models import Payment, PaymentMethod, Refund
from app.domain.payments.rules import PaymentStatus, RefundStatus
from app.foundation import journal
from app.foundation.database import session
from app.foundation.secret_keys import ALPHABET
from app.foundation.sentences import say

PUBLIC_ID_LENGTH = 20


def add_checkout(
    invoice: Invoice,
    *,
    provider: str,
    amount_minor: int,
    now: datetime,
    purpose: str = "invoice",
    consent: Consent | None = None,
) -> Payment:
    """Write down an attempt before the provider is asked; the account is locked.

    With a consent, the card that pays it is saved.
    """
    payment = _attempt(invoice, purpose=purpose, amount_minor=amount_minor, now=now)
    payment.provider, payment.method = provider, rules.CHECKOUT
    payment.idempotency_key = rules.idempotency_key(
        payment.public_id, attempt_number=payment.attempt_number
    )
    payment.expires_at = now.replace(microsecond=0) + rules.checkout_life(purpose)
    if consent is not None:
        payment.consent_version, payment.consented_at = consent.version, consent.given_at
    return _written(payment)


def add_off_session(
    invoice: Invoice, *, purpose: str, card: PaymentMethod, amount_minor: int, now: datetime
) -> Payment:
    """Write down that a saved card is to be charged by itself; the account is locked.

    Raises CardNotUsable.
    """
    given = {"purpose": purpose, "method": rules.OFF_SESSION}
    return _add_charge(invoice, card, **given, amount_minor=amount_minor, now=now)


def add_on_session(
    invoice: Invoice, *, purpose: str, card: PaymentMethod, amount_minor: int, now: datetime
) -> Payment:
    """Write down that a saved card is to be charged as its owner has just said.

    The account is locked. Raises CardNotUsable.
    """
    given = {"purpose": purpose, "method": rules.ON_SESSION}
    return _add_charge(invoice, card, **given, amount_minor=amount_minor, now=now)


def _add_charge(
    invoice: Invoice,
    card: PaymentMethod,
    *,
    purpose: str,
    method: str,
    amount_minor: int,
    now: datetime,
) -> Payment:
    assert card.user_id == invoice.user_id, "nobody pays with somebody else's card"
    rules.check_chargeable(
        is_removed=card.removed_at is not None, has_consent=card.consented_at is not None
    )
    payment = _attempt(invoice, purpose=purpose, amount_minor=amount_minor, now=now)
    payment.provider, payment.method = card.provider, method
    payment.payment_method_id = card.id
    payment.idempotency_key = rules.idempotency_key(
        payment.public_id,
        attempt_number=payment.attempt_number,
        method=method,
        card_id=card.id,
    )
    return _written(payment)


def keep_card(
    account_id: str,
    card: SavedCard,
    *,
    provider: str,
    consent: Consent | None,
    now: datetime,
) -> PaymentMethod:
    """Keep a card that a provider has saved, once; the account's first becomes its default.

    A card that was removed since stays removed, however late the news of its saving comes.
    """
    account = accounts.lock_accounts({account_id})[account_id]
    row = cards.find_card(provider, card.reference)
    is_new = row is None
    if row is None:
        row = PaymentMethod(
            user_id=account_id,
            provider=provider,
            provider_customer=card.customer,
            provider_reference=card.reference,
            is_default=cards.find_default(account_id) is None,
            created_at=now,
        )
        session.add(row)
    assert row.user_id == account_id, "a provider's card belongs to one account"
    row.brand, row.last4, row.expires_on = card.brand, card.last4, card.expires_on
    if row.consented_at is None and consent is not None:
        row.consent_version, row.consented_at = consent.version, consent.given_at
    session.flush()
    if account.erased_at is not None:
        # Its news came late: nobody is left whom it could be charged for.
        cards.forget_all(account, now=now)
    elif is_new:
        # He has entered it himself, on the provider's page.
        cards.tell_owner(row, "card_saved", actor=f"customer:{account_id}", now=now)
    return row


def keep_card_of(payment: Payment, outcome: PaymentOutcome, *, now: datetime) -> None:
    """Keep the card that has paid, where its owner agreed to it when he went to pay."""
    if payment.consent_version is None or payment.consented_at is None:
        return
    if outcome.saved_card is not None:
        consent = Consent(payment.consent_version, payment.consented_at)
        provider = payment.provider
        keep_card(payment.user_id, outcome.saved_card, provider=provider, consent=consent, now=now)


def check_refundable(payment: Payment, *, amount_minor: int) -> None:
    """Refuse to give so much of a locked payment back.

    Raises PaymentNotRefundable and RefundTooLarge.
    """
    rules.check_known_to_provider(payment.provider_payment)
    rules.check_refundable(
        amount_minor,
        status=payment.status,
        left_minor=left_minor(payment),
        is_disputed=disputes.is_disputed(payment),
    )


def add_refund(
    payment: Payment, *, amount_minor: int, reason: str, requested_by: str, now: datetime
) -> Refund:
    """Write down that money is to be given back, before the provider is asked.

    Raises PaymentNotRefundable and RefundTooLarge.
    """
    payment = lock_payment(payment.public_id)
    check_refundable(payment, amount_minor=amount_minor)
    refund_number = refunds.refunds_count(payment) + 1
    refund = Refund(
        payment_id=payment.id,
        amount_minor=amount_minor,
        status=RefundStatus.CREATED,
        reason=reason,
        requested_by=requested_by,
        idempotency_key=rules.refund_key(payment.public_id, refund_number=refund_number),
        created_at=now,
        updated_at=now,
    )
    session.add(refund)
    session.flush()
    details = {"payment": payment.public_id, "refund": refund.id, "amount_minor": amount_minor}
    user_id = payment.user_id
    journal.write("refund_requested", actor=requested_by, user_id=user_id, now=now, details=details)
    return refund


def left_minor(payment: Payment) -> int:
    """Return how much of a payment is ours: not given back, on its way back, or lost."""
    gone_minor = payment.refunded_minor + disputes.lost_minor(payment)
    return payment.amount_minor - gone_minor - refunds.open_minor(payment)


def lock_payment(public_id: str) -> Payment:
    """Lock the attempt, after its account like everyone does. Raises UnknownPayment."""
    # Whatever else was asked for is no id, and some of it no text for a database.
    if not queries.PUBLIC_ID.fullmatch(public_id):
        raise UnknownPayment(say("There is no payment with this id."))
    owner = session.scalar(select(Payment.user_id).where(Payment.public_id == public_id))
    if owner is None:
        raise UnknownPayment(say("There is no payment {payment} here.", {"payment": public_id}))
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
    try:
        with session.begin_nested():
            return _take(payment, outcome, now=now)
    except IntegrityError as taken:
        # Named like every other outcome that cannot be: the sweep and the page go on without it.
        raise OutcomeMismatch(
            say(
                "Another attempt has the provider’s {payment} already.",
                {"payment": outcome.provider_payment},
            )
        ) from taken


def _take(payment: Payment, outcome: PaymentOutcome, *, now: datetime) -> bool:
    changed = _move(payment, outcome.status, now=now)
    if payment.provider_session is None:
        payment.provider_session = outcome.session
    is_under_way = payment.status == PaymentStatus.PENDING and payment.provider_session is not None
    if outcome.status is OutcomeStatus.PROCESSING and is_under_way:
        # Nobody pays on its page any more, and the page's end says nothing of the money. A page
        # whose answer was lost keeps its end: with it the page is found again.
        payment.expires_at = None
    if changed:
        payment.decline_code = outcome.decline_code
    if changed and payment.status == PaymentStatus.SETTLED:
        payment.provider_payment = outcome.provider_payment
        payment.settled_at = now
    return changed


def _attempt(invoice: Invoice, *, purpose: str, amount_minor: int, now: datetime) -> Payment:
    return Payment(
        public_id="pay-" + "".join(secrets.choice(ALPHABET) for _ in range(PUBLIC_ID_LENGTH)),
        user_id=invoice.user_id,
        invoice_id=invoice.id,
        purpose=purpose,
        attempt_number=queries.attempts_count(invoice) + 1,
        status=PaymentStatus.CREATED,
        amount_minor=amount_minor,
        currency=invoice.currency,
        created_at=now,
        updated_at=now,
    )


def _written(payment: Payment) -> Payment:
    session.add(payment)
    session.flush()
    return payment


def _move(payment: Payment, outcome: OutcomeStatus, *, now: datetime) -> bool:
    following = rules.next_status(payment.status, outcome)
    payment.updated_at = now
    if following is None:
        return False
    payment.status = following
    return True


def forget_pages(account: Account) -> None:
    """Forget the providers' pages of the account's payments: they have ended long ago."""
    theirs = update(Payment).where(Payment.user_id == account.id)
    session.execute(theirs.values(checkout_url=None))
