"""The providers themselves, in their test modes: worlds that know nothing but a key and an API.

With TEST_STRIPE_API_KEY and TEST_PAYPAL_CREDENTIALS (`id:secret`) they stand at Stripe and PayPal;
without, before our stand-in, so that every run shows that they work. What the API cannot do takes
a person with a browser: the stand-in has one, and at the providers the test is skipped for it.
"""

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from random import randrange
from typing import TypeVar
from urllib.parse import urlsplit

import pytest
import requests
import stripe
from requests.adapters import HTTPAdapter

from app.adapters.paypal_gateway import PayPalAccount, PayPalGateway
from app.adapters.stripe_gateway import StripeGateway
from app.config.providers import PAYPAL_SANDBOX_API, PAYPAL_STAND_IN, STRIPE_API
from app.domain.payments.gateway import DisputeStatus, EventNotice, RefundOutcomeStatus, SavedCard
from app.foundation import clock
from app.sandbox.settings import is_loopback
from tests.adapters.payment_worlds import SandboxWorld
from tests.fakes.payment_gateway import make_card
from tests.sandbox.buying import approve

STRIPE_KEY, PAYPAL_CREDENTIALS = "TEST_STRIPE_API_KEY", "TEST_PAYPAL_CREDENTIALS"
TEST_KEY = re.compile(r"(sk|rk)_test_\w+", re.ASCII)
HOSTS = {urlsplit(STRIPE_API).hostname, urlsplit(PAYPAL_SANDBOX_API).hostname}
# As Stripe's documentation names them.
DECLINING = {
    "insufficient_funds": "pm_card_visa_chargeDeclinedInsufficientFunds",
    "lost_card": "pm_card_visa_chargeDeclinedLostCard",
    "expired_card": "pm_card_chargeDeclinedExpiredCard",
    "authentication_required": "pm_card_authenticationRequired",
}
# What has happened there is listed a little later.
PATIENCE_SECONDS = 5
MARGIN = timedelta(minutes=1)
TIMEOUT_SECONDS = 20
Hand = TypeVar("Hand")


class RealMoney(Exception):
    """A test would move real money, or talk to somebody who is no provider."""


def first_number() -> int:
    """Return where a run begins to count: its keys must not be those of an earlier run."""
    return randrange(10**12)


def stripe_key(environment: Mapping[str, str] = os.environ) -> str | None:
    """Return the key for Stripe's test mode, if one is given. Raises RealMoney."""
    key = environment.get(STRIPE_KEY, "")
    if key and not TEST_KEY.fullmatch(key):
        raise RealMoney(f"{STRIPE_KEY} must be a key of the test mode: sk_test_… or rk_test_….")
    return key or None


def paypal_credentials(environment: Mapping[str, str] = os.environ) -> tuple[str, str] | None:
    """Return client id and secret of an app in PayPal's sandbox, if they are given.

    Nothing in them tells whether they are live. Those that are PayPal's sandbox refuses, and
    nobody else is asked.
    """
    given = environment.get(PAYPAL_CREDENTIALS, "")
    if not given:
        return None
    client_id, colon, secret = given.partition(":")
    if not (client_id and colon and secret):
        raise RealMoney(f"{PAYPAL_CREDENTIALS} must read like id:secret, of an app in the sandbox.")
    return client_id, secret


def checked(base: str) -> str:
    """Return the address if it is one of the providers' test modes or this machine."""
    parts = urlsplit(base)
    is_theirs = parts.scheme == "https" and parts.hostname in HOSTS
    if not is_theirs and not is_loopback(parts.hostname or ""):
        raise RealMoney(f"Tests go to the providers' test modes or this machine, not to {base}.")
    return base


class StripeByKey:
    """Stripe's gateway, and what people do at Stripe, as far as its API lets them."""

    def __init__(self, key: str, *, base: str = STRIPE_API, at: SandboxWorld | None = None) -> None:
        if not TEST_KEY.fullmatch(key):
            raise RealMoney("The key is none of Stripe's test mode.")
        self._at = at
        base = checked(base)
        self.gateway = StripeGateway(api_key=key, api_base=base, webhook_secrets=("s",))
        self.client = stripe.StripeClient(
            key,
            base_addresses={"api": base},
            max_network_retries=2,
            http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
        )
        self.began = clock.now() - MARGIN
        self._losing = losing_answers()
        self._is_losing = False
        self._token = "pm_card_visa"

    def pay(self, session: str) -> None:
        _hand(self._at, "Paying on Stripe's page").pay(session)

    def save(self, session: str) -> None:
        _hand(self._at, "Saving a card on Stripe's page").save(session)

    def saved_card(self) -> SavedCard:
        customer = self.client.v1.customers.create(params={}).id
        method = self.client.v1.payment_methods.attach(self._token, params={"customer": customer})
        return make_card(customer=customer, reference=method.id)

    def contested_card(self) -> SavedCard:
        """Save a card whose holder contests at once what it pays."""
        self._token = "pm_card_createDispute"
        return self.saved_card()

    def keeps(self, card: SavedCard) -> bool:
        return self.client.v1.payment_methods.retrieve(card.reference).customer == card.customer

    def declining_card(self, code: str) -> str:
        return DECLINING[code]

    def lose_answers(self, *, lost: bool) -> None:
        if lost and not self._is_losing:
            self._losing.__enter__()
        if not lost and self._is_losing:
            self._losing.__exit__(None, None, None)
            self._losing = losing_answers()
        self._is_losing = lost

    def give_back(self, payment: str, amount_minor: int) -> None:
        params: stripe.params.RefundCreateParams = {
            "payment_intent": payment,
            "amount": amount_minor,
            "reason": "requested_by_customer",
        }
        self.client.v1.refunds.create(params=params)

    def slow_refunds(self) -> None:
        self._token = "pm_card_pendingRefund"

    def end_refund(self, refund: str, status: RefundOutcomeStatus) -> None:
        _hand(self._at, "Choosing when and how a slow refund ends").end_refund(refund, status)

    def contest(self, payment: str) -> None:
        _hand(self._at, "Contesting a payment that was made before").contest(payment)

    def decide(self, payment: str, status: DisputeStatus) -> None:
        _hand(self._at, "Deciding a dispute as a bank").decide(payment, status)

    def give_in(self, payment: str) -> None:
        """Accept that the dispute of a payment is lost."""
        (found,) = self.client.v1.disputes.list(params={"payment_intent": payment}).data
        self.client.v1.disputes.close(found.id)

    def news(self) -> list[EventNotice]:
        if self._at is None:
            time.sleep(PATIENCE_SECONDS)
        return list(self.gateway.events_since(self.began))


class PayPalByKey:
    """PayPal's gateway, and what people do at PayPal, as far as its API lets them."""

    def __init__(
        self, credentials: tuple[str, str], *, base: str = PAYPAL_SANDBOX_API, has_a_person: bool
    ) -> None:
        self._account = PayPalAccount(*credentials, checked(base), webhook_id="")
        self._person = approve if has_a_person else None
        self.gateway = PayPalGateway(self._account)
        self.began = clock.now() - MARGIN

    def with_another_secret(self) -> PayPalGateway:
        account = self._account
        return PayPalGateway(
            PayPalAccount(account.client_id, "nobody-has-this-secret", account.api_base, "")
        )

    def approve(self, page: str, choice: str = "approve") -> None:
        _hand(self._person, "Approving on PayPal's page")(page, choice)

    def news(self) -> list[EventNotice]:
        return list(self.gateway.events_since(self.began))


def stripe_by_key(url: str) -> StripeByKey:
    """Return Stripe itself if there is a key for it, else the stand-in at the address."""
    key = stripe_key()
    if key is not None:
        return StripeByKey(key)
    return StripeByKey("sk_test_local", base=url, at=SandboxWorld(url))


def paypal_by_key(url: str) -> PayPalByKey:
    """Return PayPal's sandbox if there are credentials for it, else the stand-in at the address."""
    credentials = paypal_credentials()
    if credentials is not None:
        return PayPalByKey(credentials, has_a_person=False)
    return PayPalByKey((PAYPAL_STAND_IN, PAYPAL_STAND_IN), base=url, has_a_person=True)


@contextmanager
def losing_answers() -> Iterator[None]:
    """Let everything that changes something be done there, and its answer never come."""
    send: Callable[..., requests.Response] = HTTPAdapter.send

    def send_and_lose(
        adapter: HTTPAdapter, request: requests.PreparedRequest, **named: object
    ) -> requests.Response:
        answer = send(adapter, request, **named)
        if request.method == "GET" or (request.url or "").endswith("/token"):
            return answer
        answer.close()
        raise requests.ConnectionError("The answer was lost on its way.")

    HTTPAdapter.send = send_and_lose
    try:
        yield
    finally:
        HTTPAdapter.send = send


def _hand(hand: Hand | None, what: str) -> Hand:
    if hand is None:
        pytest.skip(f"{what} takes a person with a browser, or the provider's own will.")
    return hand
