"""What questions about payments are answered with: frozen, and free of tables."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.payments.rules import (
    REFUND_UNDECIDED,
    UNDECIDED,
    PaymentStatus,
    RefundStatus,
    is_processing,
)
from app.foundation.sentences import Sentence, say


def card_name(brand: str, last4: str) -> Sentence:
    """Return what people call a card."""
    return say("{brand} ending in {digits}", {"brand": brand.capitalize(), "digits": last4})


@dataclass(frozen=True, slots=True)
class PaymentView:
    """An attempt to pay, as its customer sees it."""

    id: str
    user_id: str
    invoice_id: str
    invoice_number: str | None
    # invoice, plan_change or topup; for the last two, which plan or how many tokens it is for.
    purpose: str
    plan_name: str | None
    tokens: int | None
    provider: str
    status: str
    amount_minor: int
    currency: str
    checkout_url: str | None
    decline_code: str | None
    is_overpayment: bool
    created_at: datetime
    expires_at: datetime | None
    settled_at: datetime | None
    refunded_minor: int = 0
    # What the provider calls the page on which it is paid, if its opening was answered.
    provider_session: str | None = None

    @property
    def is_settled(self) -> bool:
        """Tell whether the money has come."""
        return self.status == PaymentStatus.SETTLED

    @property
    def is_undecided(self) -> bool:
        """Tell whether the money may still come or not: the page says "confirming"."""
        return self.status in UNDECIDED

    @property
    def is_processing(self) -> bool:
        """Tell whether it was paid as far as its customer can, and the money is on its way."""
        return is_processing(self.status, expires_at=self.expires_at)


@dataclass(frozen=True, slots=True)
class RefundView:
    """Money given back, or on its way, as its customer sees it."""

    provider: str
    amount_minor: int
    status: str
    reason: str
    created_at: datetime

    @property
    def is_settled(self) -> bool:
        """Tell whether the provider has given it back."""
        return self.status == RefundStatus.SETTLED

    @property
    def is_undecided(self) -> bool:
        """Tell whether it is on its way."""
        return self.status in REFUND_UNDECIDED


@dataclass(frozen=True, slots=True)
class CardView:
    """A saved card, as its owner sees it."""

    id: int
    provider: str
    brand: str
    last4: str
    expires_on: str | None
    is_default: bool
    is_expired: bool
    has_consent: bool
    created_at: datetime

    @property
    def name(self) -> Sentence:
        """Return what people call it."""
        return card_name(self.brand, self.last4)


@dataclass(frozen=True, slots=True)
class CardUses:
    """What the default card is charged for by itself, as its owner has set it."""

    auto_topup: bool
    renewals: bool
    auto_pay: bool


@dataclass(frozen=True, slots=True)
class EventView:
    """A provider's event in the inbox, as operators see it."""

    id: int
    provider: str
    event_id: str
    event_type: str
    status: str
    ignored_because: str | None
    attempts: int
    next_try_at: datetime | None
    last_error: str | None
    received_at: datetime
    processed_at: datetime | None
