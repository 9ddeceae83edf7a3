"""What the domain needs of a payment provider, in its own words; adapters speak the provider's."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from app.domain.payments.consent import Consent

EVENT_NAME = re.compile(r"[!-~]{1,255}")


class OutcomeStatus(StrEnum):
    """What became of asking a provider for money."""

    # The page waits for the customer.
    OPEN = "open"
    # No answer came: it may or may not have happened.
    UNANSWERED = "unanswered"
    # The provider did not take the order.
    REFUSED = "refused"
    # The customer has done his part; the money takes its time.
    PROCESSING = "processing"
    PAID = "paid"
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class CheckoutOrder:
    """What the customer is to be asked to pay; the same for every repeat of the same key."""

    payment_id: str
    # Our invoice's id, which the provider hands back with the payment.
    reference: str
    idempotency_key: str
    amount_minor: int
    currency: str
    description: str
    email: str
    success_url: str
    cancel_url: str
    expires_at: datetime
    # The provider keeps the card for later, with a customer made for it.
    saves_card: bool = False


@dataclass(frozen=True, slots=True)
class SetupOrder:
    """A card is to be saved, and nothing paid; what was consented to travels along."""

    account_id: str
    idempotency_key: str
    email: str
    customer: str | None
    consent: Consent
    # The provider adds which page the customer comes from, as `session`.
    success_url: str
    cancel_url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ChargeOrder:
    """What a saved card is to be charged; the same for every repeat of the same key."""

    payment_id: str
    reference: str
    idempotency_key: str
    amount_minor: int
    currency: str
    description: str
    customer: str
    card: str
    # Its owner has just said so himself. All the same nobody asks him here: what his bank wants
    # him to confirm has failed, and he is led to a page.
    is_on_session: bool = False


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """What is to be given back of a payment; the same for every repeat of the same key."""

    refund_id: str
    provider_payment: str
    idempotency_key: str
    amount_minor: int
    reason: str


@dataclass(frozen=True, slots=True)
class OpenedCheckout:
    """A page at the provider that waits for the customer."""

    session: str
    url: str


@dataclass(frozen=True, slots=True)
class SavedCard:
    """A card that a provider keeps: enough to show it and to charge it, not to use it elsewhere."""

    customer: str
    reference: str
    brand: str
    last4: str
    # The last month it is good for, as 2034-12.
    expires_on: str | None


@dataclass(frozen=True, slots=True)
class PaymentOutcome:
    """Where a payment stands at the provider, and everything that must agree with our attempt."""

    provider: str
    payment_id: str
    reference: str
    session: str | None
    # The provider's payment, once there is one: settled by it once and never again.
    provider_payment: str | None
    status: OutcomeStatus
    amount_minor: int
    currency: str
    decline_code: str | None = None
    saved_card: SavedCard | None = None


class SetupStatus(StrEnum):
    """What became of a page that saves a card."""

    OPEN = "open"
    SAVED = "saved"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class SetupOutcome:
    """Where the saving of a card stands; the card is there once it is saved."""

    provider: str
    account_id: str
    session: str
    status: SetupStatus
    consent: Consent
    saved_card: SavedCard | None = None


class RefundOutcomeStatus(StrEnum):
    """What became of asking a provider to give money back."""

    # No answer came: it may or may not have happened.
    UNANSWERED = "unanswered"
    # The provider did not take the order.
    REFUSED = "refused"
    PENDING = "pending"
    SETTLED = "settled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RefundOutcome:
    """Where a refund stands at the provider, whoever asked for it."""

    provider: str
    provider_payment: str
    provider_refund: str
    # Ours, if it was us who asked.
    refund_id: str | None
    amount_minor: int
    status: RefundOutcomeStatus
    reason: str


@dataclass(frozen=True, slots=True)
class RefundsSeen:
    """Everything that was given back of a payment so far, part by part."""

    provider: str
    provider_payment: str
    refunds: tuple[RefundOutcome, ...]


class DisputeStatus(StrEnum):
    """Where a dispute stands, at the provider as here."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class DisputeSeen:
    """A payment that its customer contests at his bank, or at the provider itself."""

    provider: str
    provider_dispute: str
    provider_payment: str
    # What is contested; once it is lost, what was taken away.
    amount_minor: int
    reason: str
    status: DisputeStatus
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class DisputesSeen:
    """One dispute about several payments: each with its part of it."""

    disputes: tuple[DisputeSeen, ...]


@dataclass(frozen=True, slots=True)
class CardSeen:
    """A saved card that the provider has changed, or has forgotten."""

    provider: str
    reference: str
    # Null once it cannot be charged any more.
    card: SavedCard | None


@dataclass(frozen=True, slots=True)
class NotOurs:
    """Something at the provider that is none of our business, and why."""

    reason: str


def nothing_done_on(event_type: str) -> NotOurs:
    """Return what comes of an event of a type on which nothing is done."""
    return NotOurs(f"Nothing is done on {event_type}.")


@dataclass(frozen=True, slots=True)
class EventNotice:
    """A provider's message that something happened; it names what to ask about, no more."""

    provider: str
    event_id: str
    event_type: str
    body: bytes


def names_an_event(event_id: object, event_type: object) -> bool:
    """Tell whether a provider could have named an event so: short, visible, plain letters."""
    names = (event_id, event_type)
    return all(isinstance(name, str) and EVENT_NAME.fullmatch(name) for name in names)


# What an event can be about.
EventOutcome = (
    PaymentOutcome | SetupOutcome | RefundsSeen | DisputeSeen | DisputesSeen | CardSeen | NotOurs
)


class PaymentGateway(Protocol):
    """A payment provider. Every call may raise ProviderUnreachable or ProviderRefused."""

    @property
    def provider(self) -> str:
        """Return the provider's name as it stands on payments."""

    @property
    def checkout_origins(self) -> Sequence[str]:
        """Return where the provider's pages stand, such as https://checkout.stripe.com."""

    def open_checkout(self, order: CheckoutOrder) -> OpenedCheckout:
        """Open a page for the customer, or return the one that was opened for the same key."""

    def outcome_of_session(self, session: str) -> PaymentOutcome | NotOurs:
        """Return where the payment behind a page, or behind a charge without one, stands now."""

    def expire_checkout(self, session: str) -> PaymentOutcome | NotOurs:
        """Close a page that may not be paid any more, and return where its payment stands.

        A page that is paid or closed already is left as it is.
        """

    def charge(self, order: ChargeOrder) -> PaymentOutcome:
        """Charge a saved card, or return what became of that under the same key.

        A decline is an outcome: `failed`, with the bank's code.
        """

    def find_charge(self, order: ChargeOrder, *, since: datetime) -> PaymentOutcome | None:
        """Return what became of an order whose answer was lost, None if it never arrived."""

    def open_setup(self, order: SetupOrder) -> OpenedCheckout:
        """Open a page that saves a card, or return the one of the same key."""

    def outcome_of_setup(self, session: str) -> SetupOutcome | NotOurs:
        """Return where the saving of a card stands now."""

    def forget_card(self, reference: str) -> None:
        """Have the provider forget a saved card; one that is gone already is fine."""

    def refund(self, order: RefundOrder) -> RefundOutcome:
        """Give money back, or return what became of that under the same key."""

    def refunds_of_payment(self, provider_payment: str) -> RefundsSeen | NotOurs:
        """Return everything that was given back of a payment, by us or at the provider."""

    def outcome_of_event(self, event_type: str, body: bytes) -> EventOutcome:
        """Return where that stands now which the event names."""

    def read_event(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> EventNotice:
        """Return the message if the provider has signed it now. Raises SignatureInvalid.

        The names of the headers are in lower case.
        """

    def events_since(self, since: datetime) -> Sequence[EventNotice]:
        """Return the events of payments since a moment, oldest first."""


Gateways = Mapping[str, PaymentGateway]
