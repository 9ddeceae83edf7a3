"""Cards that were declined: why, in words, and which purchase of extra tokens waits for it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from app.domain.accounts.models import BillingSettings
from app.domain.invoices.models import Invoice
from app.domain.payments.models import Payment, PaymentMethod
from app.domain.payments.queries import CHARGEABLE
from app.domain.payments.rules import AUTHENTICATION_REQUIRED, OFF_SESSION, PaymentStatus
from app.domain.payments.views import card_name
from app.domain.tokens.models import AutoTopup
from app.domain.tokens.rules import is_automatic, is_declined
from app.foundation.database import session
from app.foundation.sentences import Sentence, say

# What banks say of a card, in words; Stripe's decline codes.
DECLINES: dict[str, Sentence] = {
    "card_declined": say("the bank declined the card"),
    "generic_decline": say("the bank declined the card"),
    "do_not_honor": say("the bank declined the card"),
    "insufficient_funds": say("there were not enough funds on the card"),
    "expired_card": say("the card has expired"),
    "lost_card": say("the card was reported lost"),
    "stolen_card": say("the card was reported stolen"),
    "incorrect_cvc": say("the card’s security code was wrong"),
    "card_velocity_exceeded": say("the card’s limit was reached"),
    "authentication_required": say("the bank wants you to confirm the payment yourself"),
}


@dataclass(frozen=True, slots=True)
class DeclinedTopUp:
    """An automatic purchase of extra tokens that did not go through, and what is left to do."""

    card: Sentence
    amount_minor: int
    declined_at: datetime
    decline_code: str | None
    # The id of the purchase, for its owner to finish.
    invoice_id: str
    # After too many of them nothing is bought any more.
    is_switched_off: bool

    @property
    def reason(self) -> Sentence:
        """Return why the card was declined."""
        return because(self.decline_code)

    @property
    def is_to_confirm(self) -> bool:
        """Tell whether the bank only wants to hear the card's owner."""
        return self.decline_code == AUTHENTICATION_REQUIRED


def because(decline_code: str | None) -> Sentence:
    """Return why a card was declined, in words."""
    if not decline_code:
        return say("the bank gave no reason")
    unknown = say("the bank answered “{code}”", {"code": decline_code.replace("_", " ")})
    return DECLINES.get(decline_code, unknown)


def find_declined_top_up(user_id: str) -> DeclinedTopUp | None:
    """Return the automatic purchase that was declined, until something has mended it.

    That is a purchase that succeeds, another card, or its owner's switch. One statement.
    """
    newest = select(func.max(Payment.id)).where(
        Payment.user_id == user_id, Payment.purpose == "topup", Payment.method == OFF_SESSION
    )
    statement = (
        select(Payment, PaymentMethod, AutoTopup, BillingSettings, Invoice.public_id)
        .join(PaymentMethod, PaymentMethod.id == Payment.payment_method_id)
        .join(AutoTopup, AutoTopup.user_id == Payment.user_id)
        .join(BillingSettings, BillingSettings.user_id == Payment.user_id)
        .join(Invoice, Invoice.id == Payment.invoice_id)
        .where(Payment.id == newest.scalar_subquery())
        # A card that would not be charged again has been replaced.
        .where(Payment.status == PaymentStatus.FAILED, *CHARGEABLE)
    )
    row = session.execute(statement).one_or_none()
    if row is None:
        return None
    payment, card, remembered, chosen, invoice_id = row
    is_switched_off = remembered.switched_off_at is not None
    is_on = is_automatic(switched_on=chosen.auto_topup, threshold=chosen.auto_topup_threshold)
    if not is_declined(
        declines_in_a_row=remembered.declines_in_a_row,
        awaits_authentication=remembered.awaits_authentication,
        is_on=is_on,
        was_switched_off=is_switched_off,
    ):
        return None
    return DeclinedTopUp(
        card=card_name(card.brand, card.last4),
        amount_minor=payment.amount_minor,
        declined_at=payment.updated_at,
        decline_code=payment.decline_code,
        invoice_id=invoice_id,
        is_switched_off=is_switched_off,
    )
