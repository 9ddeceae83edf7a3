"""What processes of ours do with payments, one entrance each, so that they can be killed at it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from flask import Flask

from app import create_app
from app.adapters.stripe_gateway import StripeGateway
from app.config import Settings
from app.domain.accounts import queries as accounts
from app.domain.payments.consent import VERSION, consent_to
from app.entrypoints.gateways import GATEWAYS, gateways
from app.entrypoints.jobs.promises import work_off_outbox
from app.entrypoints.jobs.topping_up import top_up_where_due
from app.entrypoints.selling import shop
from app.foundation import clock
from app.foundation.database import transaction
from app.workflows.pay_with_card import pay_with_card
from app.workflows.request_refund import request_refund
from app.workflows.switch_plan import switch_plan
from tests.adapters.paypal import gateway_to
from tests.factories.coming_back import back_from_page


@dataclass(frozen=True)
class Place:
    """Where and when a process runs: our settings, the providers' address, the moment."""

    settings: Settings
    providers: str
    now: datetime

    @contextmanager
    def app(self) -> Iterator[Flask]:
        """Give the app, inside its context, with a clock that stands still."""
        clock.now = lambda: self.now
        connected = {
            "stripe": StripeGateway(
                api_key="sk_test_killed",
                api_base=self.providers,
                webhook_secrets=self.settings.stripe_webhook_secrets,
            ),
            "paypal": gateway_to(self.providers, tell_time=lambda: self.now),
        }
        app = create_app(self.settings, TESTING=True, **{GATEWAYS: connected})
        with app.app_context():
            yield app


@dataclass(frozen=True)
class Letter:
    """A webhook as a provider posts it."""

    provider: str
    headers: Mapping[str, str]
    body: bytes


def open_page(place: Place, provider: str, reference: str, bearer: Mapping[str, str]) -> None:
    """A customer's program asks for the page on which an invoice is paid."""
    with place.app() as app:
        url = f"/v1/billing/invoices/{reference}/checkout"
        answer = app.test_client().post(url, json={"provider": provider}, headers=bearer)
        assert answer.status_code == 200, answer.text


def switch_to_basic(place: Place, user_id: str) -> None:
    """A customer accepts a plan, and that the card he pays with is saved."""
    with place.app():
        consent = consent_to(VERSION, now=place.now)
        account = accounts.account(user_id)
        theirs = shop("stripe", account, look=None)
        switch_plan(account, "plan-basic", shop=theirs, consent=consent, now=place.now)


def come_back(place: Place, user_id: str, payment_id: str) -> None:
    """A customer is back from the provider's page; then the worker does what was promised."""
    with place.app():
        account = accounts.account(user_id)
        back_from_page(payment_id, account, gateways=gateways(), now=place.now)
        work_off_outbox()


def take_letters(place: Place, letters: list[Letter]) -> None:
    """Webhooks arrive; then the worker does what was promised."""
    with place.app() as app:
        for letter in letters:
            url = f"/webhooks/{letter.provider}"
            answer = app.test_client().post(url, data=letter.body, headers=dict(letter.headers))
            assert answer.status_code == 200, answer.text
        work_off_outbox()


def top_up_by_itself(place: Place) -> None:
    """The worker finds a balance below its threshold, and charges the card."""
    with place.app():
        top_up_where_due()
        work_off_outbox()


def top_up_under_some_other_key(place: Place) -> None:
    """The same, by a worker who asks the provider under a key that he has written down nowhere."""
    with place.app():
        gateway = gateways()["stripe"]
        charge = gateway.charge
        gateway.charge = lambda order: charge(replace(order, idempotency_key="anything"))
        top_up_where_due()
        work_off_outbox()


def charge_as_owner_says(place: Place, user_id: str, reference: str, card_id: int) -> None:
    """A customer has his saved card charged for extra tokens; then the worker does its work."""
    with place.app():
        charge_as_told(user_id, reference, card_id, now=place.now)
        work_off_outbox()


def charge_as_told(user_id: str, reference: str, card_id: int, *, now: datetime) -> None:
    """Charge the saved card for a purchase that was drawn up."""
    account = accounts.account(user_id)
    theirs = shop("stripe", account, look=None)
    pay_with_card(account, reference, card_id=card_id, shop=theirs, now=now)


def give_back(place: Place, payment_id: str) -> None:
    """The operator has a payment given back; then the worker does what was promised."""
    with place.app():
        ask_for_refund(payment_id, now=place.now)
        work_off_outbox()


def ask_for_refund(payment_id: str, *, now: datetime) -> None:
    """Write down that all of a payment is to be given back."""
    with transaction():
        request_refund(
            payment_id,
            amount_minor=None,
            reason="Bought by mistake",
            actor="operator:olga",
            now=now,
        )
