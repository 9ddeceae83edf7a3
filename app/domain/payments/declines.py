"""Cards that were declined: why, in words, and which purchase of extra tokens waits for it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, func, literal, select

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


def known_reason(decline_code: str | None) -> Sentence | None:
    """Return why a card was declined, where there are words for it."""
    return DECLINES.get(decline_code or "")


class DeclinedColumns(NamedTuple):
    """What `newest_attempt` reads of an automatic purchase that did not go through."""

    brand: str
    last4: str
    amount_minor: int
    declined_at: datetime
    decline_code: str | None
    invoice_id: str
    declines_in_a_row: int
    awaits_authentication: bool
    switched_off_at: datetime | None
    auto_topup: bool
    threshold: int


def find_declined_top_up(user_id: str) -> DeclinedTopUp | None:
    """Return the automatic purchase that was declined, until something has mended it.

    That is a purchase that succeeds, another card, or its owner's switch. One statement.
    """
    row = session.execute(newest_attempt(literal(user_id))).one_or_none()
    return None if row is None else declined_of(row)


def newest_attempt(user_id: ColumnElement[str]) -> Select[*tuple[Any, ...]]:
    """Return how the account's newest automatic purchase is read, if it did not go through."""
    newest = select(func.max(Payment.id)).where(
        Payment.user_id == user_id, Payment.purpose == "topup", Payment.method == OFF_SESSION
    )
    columns = (
        *(PaymentMethod.brand, PaymentMethod.last4, Payment.amount_minor, Payment.updated_at),
        *(Payment.decline_code, Invoice.public_id, AutoTopup.declines_in_a_row),
        *(AutoTopup.awaits_authentication, AutoTopup.switched_off_at),
        *(BillingSettings.auto_topup, BillingSettings.auto_topup_threshold),
    )
    return (
        select(*(each.label(f"declined_{at}") for at, each in enumerate(columns)))
        .select_from(Payment)
        .join(PaymentMethod, PaymentMethod.id == Payment.payment_method_id)
        .join(AutoTopup, AutoTopup.user_id == Payment.user_id)
        .join(BillingSettings, BillingSettings.user_id == Payment.user_id)
        .join(Invoice, Invoice.id == Payment.invoice_id)
        .where(Payment.id == newest.scalar_subquery())
        # A card that would not be charged again has been replaced.
        .where(Payment.status == PaymentStatus.FAILED, *CHARGEABLE)
    )


def declined_of(row: Iterable[Any]) -> DeclinedTopUp | None:
    """Return the purchase that was declined, if nothing has mended it since."""
    read = DeclinedColumns._make(row)
    was_switched_off = read.switched_off_at is not None
    is_told = is_declined(
        declines_in_a_row=read.declines_in_a_row,
        awaits_authentication=read.awaits_authentication,
        is_on=is_automatic(switched_on=read.auto_topup, threshold=read.threshold),
        was_switched_off=was_switched_off,
    )
    if not is_told:
        return None
    return DeclinedTopUp(
        card=card_name(read.brand, read.last4),
        amount_minor=read.amount_minor,
        declined_at=read.declined_at,
        decline_code=read.decline_code,
        invoice_id=read.invoice_id,
        is_switched_off=was_switched_off,
    )
