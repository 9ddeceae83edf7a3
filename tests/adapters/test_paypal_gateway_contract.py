"""What PayPal's gateway promises wherever PayPal is: at our stand-in, or in its own sandbox."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.adapters.paypal_gateway import PayPalGateway
from app.domain.payments.errors import ProviderRefused, ProviderUnreachable
from app.domain.payments.gateway import (
    NotOurs,
    OutcomeStatus,
    PaymentOutcome,
    RefundOutcomeStatus,
    RefundsSeen,
)
from tests.adapters.paypal import make_order, outcome, refund_of
from tests.adapters.real_keys import PayPalByKey, losing_answers, paypal_by_key


@pytest.fixture
def world(sandbox: str) -> PayPalByKey:
    return paypal_by_key(sandbox)


@pytest.fixture
def gateway(world: PayPalByKey) -> PayPalGateway:
    return world.gateway


@pytest.fixture
def payment(world: PayPalByKey) -> Iterator[str]:
    """A payment of 12.34 at PayPal."""
    opened = world.gateway.open_checkout(make_order())
    world.approve(opened.url)
    return outcome(world.gateway, opened.session).provider_payment or ""


class TestOpenCheckout:
    def test_opens_one_page_for_one_key(self, gateway: PayPalGateway) -> None:
        order = make_order()
        opened = gateway.open_checkout(order)
        assert opened.url.startswith(gateway.checkout_origins[0])
        assert gateway.open_checkout(order) == opened
        assert gateway.open_checkout(make_order()).session != opened.session

    def test_finds_the_page_of_a_lost_answer(self, gateway: PayPalGateway) -> None:
        order = make_order()
        with losing_answers(), pytest.raises(ProviderUnreachable):
            gateway.open_checkout(order)
        opened = gateway.open_checkout(order)
        assert outcome(gateway, opened.session).payment_id == order.payment_id

    def test_is_refused_with_a_wrong_secret(self, world: PayPalByKey) -> None:
        with pytest.raises(ProviderRefused) as refused:
            world.with_another_secret().open_checkout(make_order())
        assert refused.value.reason == "invalid_client"


class TestOutcomeOfSession:
    def test_waits_for_the_customer(self, gateway: PayPalGateway) -> None:
        order = make_order()
        opened = gateway.open_checkout(order)
        assert gateway.outcome_of_session(opened.session) == PaymentOutcome(
            provider="paypal",
            payment_id=order.payment_id,
            reference=order.reference,
            session=opened.session,
            provider_payment=None,
            status=OutcomeStatus.OPEN,
            amount_minor=1_234,
            currency="USD",
        )

    def test_takes_the_money_once(self, world: PayPalByKey, gateway: PayPalGateway) -> None:
        opened = gateway.open_checkout(make_order())
        world.approve(opened.url)
        paid = outcome(gateway, opened.session)
        assert (paid.status, paid.amount_minor) == (OutcomeStatus.PAID, 1_234)
        assert outcome(gateway, opened.session) == paid

    def test_refuses_what_does_not_exist(self, gateway: PayPalGateway) -> None:
        with pytest.raises(ProviderRefused):
            gateway.outcome_of_session("NOTHING")


class TestExpireCheckout:
    def test_takes_an_order_back(self, gateway: PayPalGateway) -> None:
        opened = gateway.open_checkout(make_order())
        for _ in range(2):
            found = gateway.expire_checkout(opened.session)
            assert isinstance(found, PaymentOutcome) and found.status is OutcomeStatus.EXPIRED
        assert outcome(gateway, opened.session).status is OutcomeStatus.EXPIRED

    def test_leaves_what_is_paid(self, world: PayPalByKey, gateway: PayPalGateway) -> None:
        opened = gateway.open_checkout(make_order())
        world.approve(opened.url)
        paid = outcome(gateway, opened.session)
        assert gateway.expire_checkout(opened.session) == paid


class TestRefund:
    def test_gives_back_once_per_key(self, gateway: PayPalGateway, payment: str) -> None:
        order = refund_of(payment)
        refund = gateway.refund(order)
        assert (refund.status, refund.amount_minor) == (RefundOutcomeStatus.SETTLED, 500)
        assert gateway.refund(order) == refund
        seen = gateway.refunds_of_payment(payment)
        assert isinstance(seen, RefundsSeen) and seen.refunds == (replace(refund, reason=""),)

    def test_loses_no_answer(self, gateway: PayPalGateway, payment: str) -> None:
        order = refund_of(payment, amount_minor=1_234)
        with losing_answers(), pytest.raises(ProviderUnreachable):
            gateway.refund(order)
        assert gateway.refund(order).status is RefundOutcomeStatus.SETTLED


class TestEventsSince:
    def test_tells_what_each_is_about(self, world: PayPalByKey, gateway: PayPalGateway) -> None:
        opened = gateway.open_checkout(make_order())
        world.approve(opened.url)
        paid = outcome(gateway, opened.session)
        ours = [notice for notice in world.news() if opened.session.encode() in notice.body]
        told = {gateway.outcome_of_event(each.event_type, each.body) for each in ours}
        assert told and told == {paid}

    def test_asks_about_no_order_of_others(self, world: PayPalByKey) -> None:
        for notice in world.news():
            told = world.gateway.outcome_of_event(notice.event_type, notice.body)
            assert isinstance(told, NotOurs | PaymentOutcome | RefundsSeen)
