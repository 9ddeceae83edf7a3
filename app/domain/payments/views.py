"""What questions about payments are answered with: frozen, and free of tables."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.payments.rules import UNDECIDED, PaymentStatus


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

    @property
    def is_settled(self) -> bool:
        """Tell whether the money has come."""
        return self.status == PaymentStatus.SETTLED

    @property
    def is_undecided(self) -> bool:
        """Tell whether the money may still come or not: the page says "confirming"."""
        return self.status in UNDECIDED


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
