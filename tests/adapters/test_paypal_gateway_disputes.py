"""Disputes at PayPal's stand-in, and the refunds that are their money under another name."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from app.adapters.paypal_gateway import PayPalGateway
from app.domain.payments.errors import ProviderRefused
from app.domain.payments.gateway import (
    DisputeSeen,
    DisputeStatus,
    EventNotice,
    NotOurs,
    RefundsSeen,
)
from app.foundation import clock
from app.sandbox.core import Sandbox
from app.sandbox.paypal import captures, money
from app.sandbox.paypal.work import CAPTURE
from app.sandbox.serving import running
from app.sandbox.settings import SandboxSettings
from app.sandbox.storage import Storage
from tests.adapters.paypal import gateway_to, make_order, outcome, refund_of
from tests.sandbox.buying import approve, capture, client_of, open_order, page_of, taken

OPENED = "CUSTOMER.DISPUTE.CREATED"
RESOLVED, REVERSED = "CUSTOMER.DISPUTE.RESOLVED", "PAYMENT.CAPTURE.REVERSED"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sandbox") / "sandbox.sqlite3"


@pytest.fixture(scope="module")
def url(file: Path) -> Iterator[str]:
    with running(SandboxSettings(database=file, port=0)) as url:
        yield url


@pytest.fixture
def gateway(url: str) -> PayPalGateway:
    return gateway_to(url)


@pytest.fixture
def payment(gateway: PayPalGateway) -> str:
    """A capture of 12.34."""
    opened = gateway.open_checkout(make_order())
    approve(opened.url)
    return outcome(gateway, opened.session).provider_payment or ""


def act(url: str, what: str, **fields: str) -> None:
    requests.post(f"{url}/sandbox/paypal/{what}", data=fields, timeout=10).raise_for_status()


def contest(url: str, payment: str, amount: str = "") -> None:
    act(url, f"captures/{payment}/dispute", amount=amount)


def decide(url: str, dispute: str, how: str) -> None:
    act(url, f"disputes/{dispute}/{how}")


def notices(gateway: PayPalGateway, about: str) -> list[EventNotice]:
    found = gateway.events_since(clock.now() - timedelta(minutes=5))
    return [notice for notice in found if about.encode() in notice.body]


def told(gateway: PayPalGateway, event_type: str, about: str) -> object:
    notice = [each for each in notices(gateway, about) if each.event_type == event_type][-1]
    return gateway.outcome_of_event(notice.event_type, notice.body)


def opened_at(gateway: PayPalGateway, url: str, payment: str, amount: str = "") -> DisputeSeen:
    contest(url, payment, amount)
    found = told(gateway, OPENED, payment)
    assert isinstance(found, DisputeSeen)
    return found


class TestOutcomeOfEvent:
    def test_hears_of_a_dispute_from_its_beginning(
        self, gateway: PayPalGateway, url: str, payment: str
    ) -> None:
        seen = opened_at(gateway, url, payment)
        assert (seen.provider, seen.provider_payment) == ("paypal", payment)
        assert (seen.amount_minor, seen.reason) == (1_234, "unauthorised")
        assert seen.status is DisputeStatus.OPEN
        assert abs(seen.opened_at - clock.now()) < timedelta(minutes=1)

    def test_hears_of_each_step(self, gateway: PayPalGateway, url: str, payment: str) -> None:
        dispute = opened_at(gateway, url, payment).provider_dispute
        decide(url, dispute, "review")
        decide(url, dispute, "lost")
        types = [notice.event_type for notice in notices(gateway, dispute)]
        assert types == [OPENED, "CUSTOMER.DISPUTE.UPDATED", RESOLVED]

    @pytest.mark.parametrize(
        ("how", "status"),
        [
            ("won", DisputeStatus.WON),
            ("lost", DisputeStatus.LOST),
            ("payout", DisputeStatus.WON),
            ("cancel", DisputeStatus.WON),
        ],
    )
    def test_hears_how_it_was_decided(
        self, gateway: PayPalGateway, url: str, payment: str, how: str, status: DisputeStatus
    ) -> None:
        opened = opened_at(gateway, url, payment)
        decide(url, opened.provider_dispute, how)
        for event_type in (OPENED, RESOLVED):
            assert told(gateway, event_type, payment) == replace(opened, status=status)

    def test_believes_the_answer_and_not_the_message(
        self, gateway: PayPalGateway, url: str, payment: str
    ) -> None:
        opened = opened_at(gateway, url, payment)
        said = {"dispute_id": opened.provider_dispute, "status": "RESOLVED"}
        body = json.dumps({"resource": said}).encode()
        assert gateway.outcome_of_event(RESOLVED, body) == opened

    @pytest.mark.parametrize("resource", [{}, {"dispute_id": "../orders/X"}])
    def test_ignores_what_names_no_dispute(
        self, gateway: PayPalGateway, resource: dict[str, str]
    ) -> None:
        body = json.dumps({"resource": resource}).encode()
        assert isinstance(gateway.outcome_of_event(OPENED, body), NotOurs)

    def test_waits_for_a_dispute_that_is_not_there(self, gateway: PayPalGateway) -> None:
        body = json.dumps({"resource": {"dispute_id": "PP-D-0"}}).encode()
        with pytest.raises(ProviderRefused):
            gateway.outcome_of_event(OPENED, body)

    def test_ignores_the_disputes_of_others(self, gateway: PayPalGateway, url: str) -> None:
        client = client_of(url)
        order = open_order(client)
        approve(page_of(order), "dispute")
        theirs = taken(capture(client, order.id)).id
        assert isinstance(told(gateway, OPENED, theirs), NotOurs)


def given_back(seen: RefundsSeen) -> int:
    return sum(each.amount_minor for each in seen.refunds)


class TestReversal:
    """PayPal tells of lost money twice: as a dispute, and as a refund that it made itself."""

    def test_is_told_as_the_dispute_that_it_ended(
        self, gateway: PayPalGateway, url: str, payment: str
    ) -> None:
        opened = opened_at(gateway, url, payment, "500")
        decide(url, opened.provider_dispute, "lost")
        lost = told(gateway, REVERSED, payment)
        assert lost == replace(opened, status=DisputeStatus.LOST)
        assert lost == told(gateway, RESOLVED, payment)

    def test_is_no_refund(self, gateway: PayPalGateway, url: str, payment: str) -> None:
        ours = gateway.refund(refund_of(payment))
        opened = opened_at(gateway, url, payment, "500")
        decide(url, opened.provider_dispute, "lost")
        seen = gateway.refunds_of_payment(payment)
        assert isinstance(seen, RefundsSeen)
        assert (given_back(seen), [each.provider_refund for each in seen.refunds]) == (
            500,
            [ours.provider_refund],
        )

    def test_is_a_refund_where_no_dispute_is_about_it(
        self, gateway: PayPalGateway, url: str, file: Path, payment: str
    ) -> None:
        storage = Storage(file)
        sandbox = Sandbox(SandboxSettings(database=file), storage)
        with sandbox.paypal_work(base_url=url) as work:
            found, amount = work.addressed(CAPTURE, payment), money.of_cents(234, "USD")
            note = {"note_to_payer": "Payment reversed"}
            reversal = captures.give_back(work, found, amount, note)
            work.emit(REVERSED, "refund", reversal, "A capture was reversed")
        storage.close()
        seen = told(gateway, REVERSED, payment)
        assert isinstance(seen, RefundsSeen) and given_back(seen) == 234
        assert seen == gateway.refunds_of_payment(payment)


def test_what_was_given_back_meanwhile_is_refunded_and_not_lost(
    gateway: PayPalGateway, url: str, payment: str
) -> None:
    opened = opened_at(gateway, url, payment)
    gateway.refund(refund_of(payment, amount_minor=1_234))
    seen = gateway.refunds_of_payment(payment)
    assert isinstance(seen, RefundsSeen) and given_back(seen) == 1_234
    assert told(gateway, RESOLVED, payment) == replace(opened, status=DisputeStatus.WON)


def test_a_partial_refund_waits_for_the_dispute(
    gateway: PayPalGateway, url: str, payment: str
) -> None:
    contest(url, payment)
    with pytest.raises(ProviderRefused) as refused:
        gateway.refund(refund_of(payment))
    assert refused.value.reason == "TRANSACTION_DISPUTED"
