"""Worlds that pay alike: the fake of the tests, and the sandbox behind the real gateways."""

from datetime import timedelta

import requests

from app.adapters.paypal_gateway import PayPalGateway
from app.adapters.paypal_outcomes import money
from app.adapters.stripe_gateway import StripeGateway
from app.domain.payments.gateway import (
    DisputeSeen,
    DisputeStatus,
    EventNotice,
    RefundOutcomeStatus,
    SavedCard,
)
from app.foundation import clock
from tests.adapters.paypal import gateway_to
from tests.fakes.payment_gateway import FakeGateway, make_card
from tests.sandbox.buying import approve, refund, turn
from tests.sandbox.buying import client_of as client_of_paypal
from tests.sandbox.shopping import client_of, pay, post

CARDS = {
    "insufficient_funds": "pm_card_chargeDeclinedInsufficientFunds",
    "lost_card": "pm_card_chargeDeclinedLostCard",
    "expired_card": "pm_card_chargeDeclinedExpiredCard",
    "authentication_required": "pm_card_authenticationRequired",
}


class FakeWorld:
    """The fake, and what people do at it."""

    reason = "fraudulent"

    def __init__(self) -> None:
        self.gateway = FakeGateway()

    def pay(self, session: str) -> None:
        order = self.gateway.pages[session].order
        card = make_card() if order.saves_card else None
        self.gateway.pay(session, saved_card=card)

    def save(self, session: str) -> None:
        self.gateway.save(session, make_card())

    def saved_card(self) -> SavedCard:
        return make_card()

    def keeps(self, card: SavedCard) -> bool:
        return card.reference not in self.gateway.forgotten

    def declining_card(self, code: str) -> str:
        self.gateway.declines_with = code
        return "pm_declined"

    def lose_answers(self, *, lost: bool) -> None:
        self.gateway.loses_answers = lost

    def give_back(self, payment: str, amount_minor: int) -> None:
        self.gateway.give_back(payment, amount_minor)

    def slow_refunds(self) -> None:
        self.gateway.refunds_become = RefundOutcomeStatus.PENDING

    def end_refund(self, refund: str, status: RefundOutcomeStatus) -> None:
        self.gateway.end_refund(refund, status)

    def contest(self, payment: str) -> None:
        self.gateway.contest(payment)

    def decide(self, payment: str, status: DisputeStatus) -> None:
        self.gateway.contest(payment, status)

    def news(self) -> list[EventNotice]:
        return list(self.gateway.notices)


class SandboxWorld:
    """Stripe's gateway, the sandbox behind it, and what people do there."""

    reason = "fraudulent"

    def __init__(self, url: str) -> None:
        self.gateway = StripeGateway(api_key="sk_test_a", api_base=url, webhook_secrets=("s",))
        self.url, self.client = url, client_of(url)
        self.began = clock.now() - timedelta(seconds=1)
        self.number = "4242424242424242"

    def pay(self, session: str) -> None:
        assert pay(f"{self.url}/c/pay/{session}", self.number).status_code == 303

    save = pay

    def saved_card(self) -> SavedCard:
        customer = self.client.v1.customers.create(params={}).id
        token = "pm_card_pendingRefund" if self.number.endswith("7726") else "pm_card_visa"
        method = self.client.v1.payment_methods.attach(token, params={"customer": customer})
        return make_card(customer=customer, reference=method.id)

    def keeps(self, card: SavedCard) -> bool:
        return self.client.v1.payment_methods.retrieve(card.reference).customer == card.customer

    def declining_card(self, code: str) -> str:
        return CARDS[code]

    def lose_answers(self, *, lost: bool) -> None:
        knobs = {"lost_answers": 100 if lost else 0}
        requests.post(f"{self.url}/sandbox/knobs", json=knobs, timeout=10).raise_for_status()

    def give_back(self, payment: str, amount_minor: int) -> None:
        self._act(f"charges/{self._charge(payment)}/refund", amount=str(amount_minor))

    def slow_refunds(self) -> None:
        self.number = "4000000000007726"

    def end_refund(self, refund: str, status: RefundOutcomeStatus) -> None:
        verb = "arrive" if status is RefundOutcomeStatus.SETTLED else "bounce"
        self._act(f"refunds/{refund}/{verb}")

    def contest(self, payment: str) -> None:
        self._act(f"charges/{self._charge(payment)}/dispute")

    def decide(self, payment: str, status: DisputeStatus) -> None:
        found = self.client.v1.disputes.list(params={"payment_intent": payment}).data
        self._act(f"disputes/{found[0].id}/{status}")

    def news(self) -> list[EventNotice]:
        return list(self.gateway.events_since(self.began))

    def _charge(self, payment: str) -> str:
        return self.client.v1.charges.list(params={"payment_intent": payment}).data[0].id

    def _act(self, what: str, **fields: str) -> None:
        assert post(f"{self.url}/sandbox/{what}", pressed="", **fields).status_code == 303


class PayPalWorld:
    """PayPal's gateway, the sandbox behind it, and what people do there who have no cards."""

    reason = "unauthorised"

    def __init__(self, url: str) -> None:
        self.gateway: PayPalGateway = gateway_to(url)
        self.url = url
        self.began = clock.now() - timedelta(seconds=1)

    def pay(self, session: str) -> None:
        assert approve(f"{self.url}/checkoutnow?token={session}").status_code == 303

    def give_back(self, payment: str, amount_minor: int) -> None:
        amount = money(amount_minor, "USD")
        refund(client_of_paypal(self.url), payment, body={"amount": amount})

    def contest(self, payment: str, amount: str = "") -> None:
        self._act(f"captures/{payment}/dispute", amount=amount)

    def decide(self, payment: str, status: DisputeStatus) -> None:
        (dispute,) = {
            seen.provider_dispute
            for notice in self.news()
            if isinstance(seen := self.gateway.outcome_of_event(*named(notice)), DisputeSeen)
            and seen.provider_payment == payment
        }
        self._act(f"disputes/{dispute}/{status}")

    def news(self) -> list[EventNotice]:
        return list(self.gateway.events_since(self.began))

    def lose_answers(self, *, lost: bool) -> None:
        turn(self.url, lost_answers=100 if lost else 0)

    def _act(self, what: str, **fields: str) -> None:
        address = f"{self.url}/sandbox/paypal/{what}"
        assert post(address, pressed="", **fields).status_code == 303


def named(notice: EventNotice) -> tuple[str, bytes]:
    """Return what a gateway is told of an event."""
    return notice.event_type, notice.body


World = FakeWorld | SandboxWorld
# Whoever pays there can contest it, with a saved card or without.
Contestable = World | PayPalWorld
