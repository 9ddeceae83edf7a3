"""A payment provider in memory: it keeps its promises about keys, and can be told to fail."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from threading import Lock

from app.domain.payments.errors import ProviderRefused, ProviderUnreachable, SignatureInvalid
from app.domain.payments.gateway import (
    CheckoutOrder,
    EventNotice,
    NotOurs,
    OpenedCheckout,
    OutcomeStatus,
    PaymentOutcome,
)

SIGNATURE = "signed by the fake"


@dataclass(frozen=True)
class Page:
    """A page of the provider, with what became of it."""

    order: CheckoutOrder
    session: str
    status: OutcomeStatus = OutcomeStatus.OPEN
    provider_payment: str | None = None
    decline_code: str | None = None


class FakeGateway:
    """A provider that opens one page per key, however often it is asked."""

    provider = "stripe"
    checkout_origins = ("https://pay.example.com",)

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.orders: list[CheckoutOrder] = []
        self.asked: list[str] = []
        self.is_away = False
        self.loses_answers = False
        self.refuses_with: str | None = None
        self.notices: list[EventNotice] = []
        self._by_key: dict[str, str] = {}
        self._lock = Lock()
        self._numbers = count(1)

    def open_checkout(self, order: CheckoutOrder) -> OpenedCheckout:
        self._reach()
        with self._lock:
            self.orders.append(order)
            if self.refuses_with is not None:
                raise ProviderRefused("The fake said no.", reason=self.refuses_with)
            session = self._by_key.get(order.idempotency_key)
            if session is None:
                session = f"cs_{next(self._numbers)}"
                self._by_key[order.idempotency_key] = session
                self.pages[session] = Page(order, session)
            elif self.pages[session].order != order:
                raise ProviderRefused("Same key, other words.", reason="idempotency_error")
        if self.loses_answers:
            raise ProviderUnreachable("The answer was lost.")
        return OpenedCheckout(session, f"https://pay.example.com/{session}")

    def outcome_of_session(self, session: str) -> PaymentOutcome | NotOurs:
        self._reach()
        with self._lock:
            self.asked.append(session)
            return self._outcome(self.pages[session])

    def outcome_of_event(self, event_type: str, body: bytes) -> PaymentOutcome | NotOurs:
        self._reach()
        session = json.loads(body).get("session")
        if session is None:
            return NotOurs(f"{event_type} names nothing of ours.")
        return self.outcome_of_session(session)

    def read_event(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> EventNotice:
        if headers.get("signature") != SIGNATURE:
            raise SignatureInvalid("Not signed by the fake.")
        said = json.loads(body)
        return EventNotice(self.provider, said["id"], said["type"], body)

    def events_since(self, since: datetime) -> Sequence[EventNotice]:
        self._reach()
        return list(self.notices)

    # What happens at the provider.

    def pay(self, session: str, **changes: object) -> EventNotice:
        """Let the customer pay on the page; the notice of it is returned, not delivered."""
        page = self.pages[session]
        given = {"status": OutcomeStatus.PAID, "provider_payment": f"pi_{session}", **changes}
        self.pages[session] = replace(page, **given)
        return self.notice(session)

    def end(self, session: str, status: OutcomeStatus, **changes: object) -> EventNotice:
        """Let the page end otherwise."""
        self.pages[session] = replace(self.pages[session], status=status, **changes)
        return self.notice(session)

    def notice(self, session: str | None) -> EventNotice:
        """Make a notice about a page; None for one of somebody else's."""
        event_id = f"evt_{next(self._numbers)}"
        said = {"id": event_id, "type": "checkout.changed", "session": session}
        notice = EventNotice(self.provider, event_id, said["type"], json.dumps(said).encode())
        self.notices.append(notice)
        return notice

    def _reach(self) -> None:
        if self.is_away:
            raise ProviderUnreachable("The fake is away.")

    def _outcome(self, page: Page) -> PaymentOutcome:
        order = page.order
        return PaymentOutcome(
            provider=self.provider,
            payment_id=order.payment_id,
            reference=order.reference,
            session=page.session,
            provider_payment=page.provider_payment,
            status=page.status,
            amount_minor=order.amount_minor,
            currency=order.currency,
            decline_code=page.decline_code,
        )


def order_from(text: str) -> CheckoutOrder:
    """Read an order that another process has written down."""
    said = json.loads(text)
    said["expires_at"] = datetime.fromtimestamp(said["expires_at"], UTC)
    return CheckoutOrder(**said)
