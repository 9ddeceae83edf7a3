"""What the domain needs of a payment provider, in its own words; adapters speak the provider's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


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


@dataclass(frozen=True, slots=True)
class OpenedCheckout:
    """A page at the provider that waits for the customer."""

    session: str
    url: str


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


@dataclass(frozen=True, slots=True)
class NotOurs:
    """Something at the provider that is none of our business, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """What is to be given back of a payment; the same for every repeat of the same key."""

    provider_payment: str
    amount_minor: int
    currency: str
    idempotency_key: str
    refund_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class RefundOutcome:
    """Where a refund stands at the provider."""

    refund_id: str
    provider_refund: str
    # pending, settled or failed
    status: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class EventNotice:
    """A provider's message that something happened; it names what to ask about, no more."""

    provider: str
    event_id: str
    event_type: str
    body: bytes


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
        """Return where the payment behind a page stands now."""

    def outcome_of_event(self, event_type: str, body: bytes) -> PaymentOutcome | NotOurs:
        """Return where that stands now which the event names."""

    def read_event(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> EventNotice:
        """Return the message if the provider has signed it now. Raises SignatureInvalid.

        The names of the headers are in lower case.
        """

    def events_since(self, since: datetime) -> Sequence[EventNotice]:
        """Return the events of payments since a moment, oldest first."""


Gateways = Mapping[str, PaymentGateway]
