"""A payment provider in memory: it keeps its promises about keys, and can be told to fail."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from threading import Lock

from app.domain.payments.errors import ProviderRefused, ProviderUnreachable, SignatureInvalid
from app.domain.payments.gateway import (
    CardSeen,
    ChargeOrder,
    CheckoutOrder,
    DisputeSeen,
    DisputesSeen,
    DisputeStatus,
    EventNotice,
    EventOutcome,
    NotOurs,
    OpenedCheckout,
    OutcomeStatus,
    PaymentOutcome,
    RefundOrder,
    RefundOutcome,
    RefundOutcomeStatus,
    RefundsSeen,
    SavedCard,
    SetupOrder,
    SetupOutcome,
    SetupStatus,
)

SIGNATURE = "signed by the fake"
FIRST_DISPUTED_AT = datetime(2026, 11, 10, 12, tzinfo=UTC)
Order = CheckoutOrder | SetupOrder | ChargeOrder | RefundOrder


def make_card(number: int = 1, **changes: str | None) -> SavedCard:
    """Return a card as a provider would save it."""
    given = {
        "customer": "cus_1",
        "reference": f"pm_{number}",
        "brand": "visa",
        "last4": f"{4241 + number}",
        "expires_on": "2034-12",
        **changes,
    }
    return SavedCard(**given)


@dataclass(frozen=True)
class Page:
    """A page of the provider, with what became of it."""

    order: CheckoutOrder
    session: str
    status: OutcomeStatus = OutcomeStatus.OPEN
    provider_payment: str | None = None
    decline_code: str | None = None
    saved_card: SavedCard | None = None


@dataclass(frozen=True)
class Charge:
    """A saved card that was charged, with what became of it."""

    order: ChargeOrder
    intent: str
    status: OutcomeStatus
    decline_code: str | None = None


class FakeGateway:
    """A provider that does one thing per key, however often it is asked."""

    checkout_origins = ("https://pay.example.com",)

    def __init__(self, *, provider: str = "stripe", numbers_from: int = 1) -> None:
        self.provider = provider
        self.pages: dict[str, Page] = {}
        self.orders: list[CheckoutOrder] = []
        self.asked: list[str] = []
        # Whose page is it? It does not know any more, or takes it for somebody else's.
        self.lost: set[str] = set()
        self.strange: set[str] = set()
        self.is_away = False
        self.loses_answers = False
        self.refuses_with: str | None = None
        # What banks say to the next charges; none is yes.
        self.declines_with: str | None = None
        self.charges: dict[str, Charge] = {}
        self.charged: list[ChargeOrder] = []
        self.setups: dict[str, SetupOutcome] = {}
        self.refund_orders: list[RefundOrder] = []
        self.refunds_become = RefundOutcomeStatus.SETTLED
        self.refunds: dict[str, RefundOutcome] = {}
        self.disputes: dict[str, DisputeSeen | DisputesSeen] = {}
        self.cards: dict[str, SavedCard] = {}
        self.forgotten: list[str] = []
        self.notices: list[EventNotice] = []
        self._by_key: dict[str, str] = {}
        self._by_order: dict[str, Order] = {}
        self._lock = Lock()
        self._numbers = count(numbers_from)

    def open_checkout(self, order: CheckoutOrder) -> OpenedCheckout:
        self._reach()
        with self._lock:
            self.orders.append(order)
            session, is_new = self._once(order, "cs")
            if is_new:
                self.pages[session] = Page(order, session)
        self._answer()
        return OpenedCheckout(session, f"https://pay.example.com/{session}")

    def outcome_of_session(self, session: str) -> PaymentOutcome | NotOurs:
        self._reach()
        with self._lock:
            self.asked.append(session)
            if session in self.charges:
                return self._charge_outcome(self.charges[session])
            if session in self.lost:
                raise ProviderRefused("No such page.", reason="resource_missing")
            if session in self.strange:
                return NotOurs(f"{session} is somebody else's.")
            return self._outcome(self.pages[session])

    def expire_checkout(self, session: str) -> PaymentOutcome | NotOurs:
        self._reach()
        with self._lock:
            page = self.pages[session]
            if page.status is OutcomeStatus.OPEN:
                self.pages[session] = replace(page, status=OutcomeStatus.EXPIRED)
            return self._outcome(self.pages[session])

    def charge(self, order: ChargeOrder) -> PaymentOutcome:
        self._reach()
        with self._lock:
            self.charged.append(order)
            intent, is_new = self._once(order, "pi")
            if is_new:
                said_no = self.declines_with is not None
                status = OutcomeStatus.FAILED if said_no else OutcomeStatus.PAID
                self.charges[intent] = Charge(order, intent, status, self.declines_with)
        self._answer()
        return self._charge_outcome(self.charges[intent])

    def find_charge(self, order: ChargeOrder, *, since: datetime) -> PaymentOutcome | None:
        self._reach()
        with self._lock:
            intent = self._by_key.get(order.idempotency_key)
            return self._charge_outcome(self.charges[intent]) if intent else None

    def open_setup(self, order: SetupOrder) -> OpenedCheckout:
        self._reach()
        with self._lock:
            session, is_new = self._once(order, "cs")
            if is_new:
                self.setups[session] = SetupOutcome(
                    provider=self.provider,
                    account_id=order.account_id,
                    session=session,
                    status=SetupStatus.OPEN,
                    consent=order.consent,
                )
        self._answer()
        return OpenedCheckout(session, f"https://pay.example.com/{session}")

    def outcome_of_setup(self, session: str) -> SetupOutcome | NotOurs:
        self._reach()
        if session not in self.setups:
            raise ProviderRefused("There is no such page.", reason="resource_missing")
        return self.setups[session]

    def forget_card(self, reference: str) -> None:
        self._reach()
        self.forgotten.append(reference)
        self.cards.pop(reference, None)

    def refund(self, order: RefundOrder) -> RefundOutcome:
        self._reach()
        with self._lock:
            self.refund_orders.append(order)
            refund, is_new = self._once(order, "re")
            if is_new:
                self.refunds[refund] = RefundOutcome(
                    provider=self.provider,
                    provider_payment=order.provider_payment,
                    provider_refund=refund,
                    refund_id=order.refund_id,
                    amount_minor=order.amount_minor,
                    status=self.refunds_become,
                    reason=order.reason,
                )
        self._answer()
        return self.refunds[refund]

    def refunds_of_payment(self, provider_payment: str) -> RefundsSeen | NotOurs:
        self._reach()
        with self._lock:
            theirs = [
                refund
                for refund in self.refunds.values()
                if refund.provider_payment == provider_payment
            ]
        return RefundsSeen(self.provider, provider_payment, tuple(theirs))

    def outcome_of_event(self, event_type: str, body: bytes) -> EventOutcome:
        self._reach()
        said = json.loads(body)
        if said.get("setup"):
            return self.outcome_of_setup(said["setup"])
        if said.get("payment"):
            return self.refunds_of_payment(said["payment"])
        if said.get("dispute"):
            return self.disputes[said["dispute"]]
        if said.get("card"):
            return CardSeen(self.provider, said["card"], self.cards.get(said["card"]))
        if said.get("session") is None:
            return NotOurs(f"{event_type} names nothing of ours.")
        return self.outcome_of_session(said["session"])

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

    def save(self, session: str, card: SavedCard) -> EventNotice:
        """Let the customer save a card on the page that is there for it."""
        self.cards[card.reference] = card
        changes = {"status": SetupStatus.SAVED, "saved_card": card}
        self.setups[session] = replace(self.setups[session], **changes)
        return self.notice(setup=session)

    def give_back(
        self, payment: str, amount_minor: int, *, status: RefundOutcomeStatus | None = None
    ) -> EventNotice:
        """Let somebody give money back at the provider's own desk."""
        refund = f"re_{next(self._numbers)}"
        self.refunds[refund] = RefundOutcome(
            provider=self.provider,
            provider_payment=payment,
            provider_refund=refund,
            refund_id=None,
            amount_minor=amount_minor,
            status=status or self.refunds_become,
            reason="requested_by_customer",
        )
        return self.notice(payment=payment)

    def end_refund(self, refund: str, status: RefundOutcomeStatus) -> EventNotice:
        """Let a refund arrive, or come back."""
        self.refunds[refund] = replace(self.refunds[refund], status=status)
        return self.notice(payment=self.refunds[refund].provider_payment)

    def contest(
        self, payment: str, status: DisputeStatus = DisputeStatus.OPEN, *, amount_minor: int = 1_234
    ) -> EventNotice:
        """Let a customer contest a payment, or let it be decided."""
        dispute = f"du_{payment}"
        self.disputes[dispute] = DisputeSeen(
            provider=self.provider,
            provider_dispute=dispute,
            provider_payment=payment,
            amount_minor=amount_minor,
            reason="fraudulent",
            status=status,
            opened_at=FIRST_DISPUTED_AT,
        )
        return self.notice(dispute=dispute)

    def notice(self, session: str | None = None, **named: str) -> EventNotice:
        """Make a notice about a page or what is named; of nothing, one of somebody else's."""
        event_id = f"evt_{next(self._numbers)}"
        said = {"id": event_id, "type": "checkout.changed", "session": session, **named}
        notice = EventNotice(self.provider, event_id, said["type"], json.dumps(said).encode())
        self.notices.append(notice)
        return notice

    def _reach(self) -> None:
        if self.is_away:
            raise ProviderUnreachable("The fake is away.")

    def _answer(self) -> None:
        if self.loses_answers:
            raise ProviderUnreachable("The answer was lost.")

    def _once(self, order: Order, prefix: str) -> tuple[str, bool]:
        """Return what stands under the order's key, and whether it is new."""
        if self.refuses_with is not None:
            raise ProviderRefused("The fake said no.", reason=self.refuses_with)
        known = self._by_key.get(order.idempotency_key)
        if known is None:
            made = f"{prefix}_{next(self._numbers)}"
            self._by_key[order.idempotency_key] = made
            self._by_order[made] = order
            return made, True
        if self._by_order[known] != order:
            if isinstance(order, ChargeOrder | RefundOrder):
                # Money may have moved under this key: nobody knows with which words.
                raise ProviderUnreachable("Same key, other words.")
            raise ProviderRefused("Same key, other words.", reason="idempotency_error")
        return known, False

    def _charge_outcome(self, charge: Charge) -> PaymentOutcome:
        order = charge.order
        return PaymentOutcome(
            provider=self.provider,
            payment_id=order.payment_id,
            reference=order.reference,
            session=charge.intent,
            provider_payment=charge.intent,
            status=charge.status,
            amount_minor=order.amount_minor,
            currency=order.currency,
            decline_code=charge.decline_code,
        )

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
            saved_card=page.saved_card,
        )


def order_from(text: str) -> CheckoutOrder:
    """Read an order that another process has written down."""
    said = json.loads(text)
    said["expires_at"] = datetime.fromtimestamp(said["expires_at"], UTC)
    return CheckoutOrder(**said)
