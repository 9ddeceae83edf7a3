"""What every gateway promises, held against the real ones (at the sandbox) and the fake."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from app.domain.payments.consent import Consent
from app.domain.payments.errors import ProviderUnreachable
from app.domain.payments.gateway import (
    CardSeen,
    ChargeOrder,
    CheckoutOrder,
    DisputeSeen,
    DisputeStatus,
    EventOutcome,
    NotOurs,
    OutcomeStatus,
    PaymentGateway,
    PaymentOutcome,
    RefundOrder,
    RefundOutcomeStatus,
    RefundsSeen,
    SavedCard,
    SetupOrder,
    SetupOutcome,
    SetupStatus,
)
from app.foundation import clock
from app.sandbox.serving import running
from app.sandbox.settings import SandboxSettings
from tests.adapters.payment_worlds import (
    CARDS,
    Contestable,
    FakeWorld,
    PayPalWorld,
    SandboxWorld,
    World,
)
from tests.adapters.real_keys import StripeByKey, first_number, stripe_by_key

_numbers = count(first_number())


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    database = tmp_path_factory.mktemp("sandbox") / "sandbox.sqlite3"
    with running(SandboxSettings(database=database, port=0)) as url:
        yield url


@pytest.fixture(params=["fake", "stripe", "stripe by key"])
def world(request: pytest.FixtureRequest, url: str) -> Iterator[World | StripeByKey]:
    worlds = {"stripe": SandboxWorld, "stripe by key": stripe_by_key}
    world = FakeWorld() if request.param == "fake" else worlds[request.param](url)
    yield world
    world.lose_answers(lost=False)


@pytest.fixture
def gateway(world: World) -> PaymentGateway:
    return world.gateway


def make_checkout(**changes: object) -> CheckoutOrder:
    number = next(_numbers)
    given = {
        "payment_id": f"pay-{number}",
        "reference": f"inv-{number}",
        "idempotency_key": f"pay-{number}:checkout:1",
        "amount_minor": 1_234,
        "currency": "USD",
        "description": "Invoice",
        "email": "ada@example.com",
        "success_url": "https://billing.example.com/payments/pay-1",
        "cancel_url": "https://billing.example.com/invoices",
        "expires_at": clock.now().replace(microsecond=0) + timedelta(minutes=60),
        **changes,
    }
    return CheckoutOrder(**given)


def make_charge(card: SavedCard, **changes: object) -> ChargeOrder:
    number = next(_numbers)
    given = {
        "payment_id": f"pay-{number}",
        "reference": f"inv-{number}",
        "idempotency_key": f"pay-{number}:off_session-1:1",
        "amount_minor": 1_234,
        "currency": "USD",
        "description": "Extra tokens",
        "customer": card.customer,
        "card": card.reference,
        **changes,
    }
    return ChargeOrder(**given)


def make_setup(**changes: object) -> SetupOrder:
    given = {
        "account_id": "ada",
        "idempotency_key": f"setup:ada:{next(_numbers)}",
        "email": "ada@example.com",
        "customer": None,
        "consent": Consent("2026-11", clock.now()),
        "success_url": "https://billing.example.com/payment-methods",
        "cancel_url": "https://billing.example.com/payment-methods",
        "expires_at": clock.now().replace(microsecond=0) + timedelta(minutes=60),
        **changes,
    }
    return SetupOrder(**given)


def make_refund(payment: str, **changes: object) -> RefundOrder:
    number = next(_numbers)
    given = {
        "refund_id": str(number),
        "provider_payment": payment,
        "idempotency_key": f"pay-{number}:refund:1",
        "amount_minor": 234,
        "reason": "Bought by mistake",
        **changes,
    }
    return RefundOrder(**given)


def paid(world: World) -> str:
    """Return a payment of 12.34 at the provider."""
    outcome = world.gateway.charge(make_charge(world.saved_card()))
    assert outcome.provider_payment is not None
    return outcome.provider_payment


def outcomes(world: Contestable, kind: type) -> list[EventOutcome]:
    asked = [world.gateway.outcome_of_event(each.event_type, each.body) for each in world.news()]
    return [outcome for outcome in asked if isinstance(outcome, kind)]


class TestCharge:
    def test_takes_the_money_without_its_owner(self, world: World, gateway) -> None:
        order = make_charge(world.saved_card())
        outcome = gateway.charge(order)
        assert outcome == PaymentOutcome(
            provider="stripe",
            payment_id=order.payment_id,
            reference=order.reference,
            session=outcome.provider_payment,
            provider_payment=outcome.provider_payment,
            status=OutcomeStatus.PAID,
            amount_minor=1_234,
            currency="USD",
        )
        assert (outcome.provider_payment or "").startswith("pi_")
        assert gateway.outcome_of_session(outcome.session) == outcome

    @pytest.mark.parametrize("is_on_session", [False, True])
    def test_takes_it_once_per_key(self, world: World, gateway, is_on_session: bool) -> None:
        order = make_charge(world.saved_card(), is_on_session=is_on_session)
        once = gateway.charge(order)
        assert once.status is OutcomeStatus.PAID
        assert gateway.charge(order) == once

    @pytest.mark.parametrize("is_on_session", [False, True])
    @pytest.mark.parametrize("code", CARDS)
    def test_takes_a_decline_for_an_answer(
        self, world: World, gateway, code: str, is_on_session: bool
    ) -> None:
        card = replace(world.saved_card(), reference=world.declining_card(code))
        # Also of somebody who is here: he is led to a page where his bank wants to hear him.
        order = make_charge(card, is_on_session=is_on_session)
        declined = gateway.charge(order)
        assert (declined.status, declined.decline_code) == (OutcomeStatus.FAILED, code)
        assert declined.payment_id == order.payment_id
        assert gateway.charge(order) == declined
        assert gateway.outcome_of_session(declined.session) == declined

    def test_finds_what_a_lost_answer_was(self, world: World, gateway) -> None:
        order, began = make_charge(world.saved_card()), clock.now()
        world.lose_answers(lost=True)
        with pytest.raises(ProviderUnreachable):
            gateway.charge(order)
        world.lose_answers(lost=False)
        found = gateway.find_charge(order, since=began)
        assert found is not None and found.status is OutcomeStatus.PAID
        assert gateway.charge(order) == found

    def test_finds_nothing_that_never_was(self, world: World, gateway) -> None:
        card = world.saved_card()
        gateway.charge(make_charge(card))
        assert gateway.find_charge(make_charge(card), since=clock.now()) is None

    def test_does_not_call_another_use_of_a_key_a_refusal(self, world: World, gateway) -> None:
        order = make_charge(world.saved_card())
        gateway.charge(order)
        with pytest.raises(ProviderUnreachable):
            gateway.charge(replace(order, amount_minor=5_000))


class TestCheckoutThatSaves:
    def test_hands_the_card_over_with_the_payment(self, world: World, gateway) -> None:
        opened = gateway.open_checkout(make_checkout(saves_card=True))
        world.pay(opened.session)
        outcome = gateway.outcome_of_session(opened.session)
        assert outcome.status is OutcomeStatus.PAID
        card = outcome.saved_card
        assert (card.brand, card.last4, card.expires_on) == ("visa", "4242", "2034-12")
        assert gateway.charge(make_charge(card)).status is OutcomeStatus.PAID

    def test_opens_one_page_for_one_key(self, gateway) -> None:
        order = make_checkout(saves_card=True)
        assert gateway.open_checkout(order) == gateway.open_checkout(order)

    def test_keeps_no_card_otherwise(self, world: World, gateway) -> None:
        opened = gateway.open_checkout(make_checkout())
        world.pay(opened.session)
        assert gateway.outcome_of_session(opened.session).saved_card is None


class TestExpireCheckout:
    def test_closes_a_page(self, gateway) -> None:
        opened = gateway.open_checkout(make_checkout())
        for _ in range(2):
            outcome = gateway.expire_checkout(opened.session)
            assert outcome.status is OutcomeStatus.EXPIRED
            assert outcome == gateway.outcome_of_session(opened.session)

    def test_leaves_a_paid_page_alone(self, world: World, gateway) -> None:
        opened = gateway.open_checkout(make_checkout())
        world.pay(opened.session)
        assert gateway.expire_checkout(opened.session).status is OutcomeStatus.PAID


class TestSetup:
    def test_waits_for_its_customer(self, gateway) -> None:
        order = make_setup()
        opened = gateway.open_setup(order)
        assert gateway.open_setup(order) == opened
        assert gateway.outcome_of_setup(opened.session) == SetupOutcome(
            provider="stripe",
            account_id="ada",
            session=opened.session,
            status=SetupStatus.OPEN,
            consent=order.consent,
        )

    def test_brings_card_and_consent_together(self, world: World, gateway) -> None:
        order = make_setup()
        opened = gateway.open_setup(order)
        world.save(opened.session)
        outcome = gateway.outcome_of_setup(opened.session)
        assert (outcome.status, outcome.consent) == (SetupStatus.SAVED, order.consent)
        assert (outcome.saved_card.brand, outcome.saved_card.last4) == ("visa", "4242")
        told = [each for each in outcomes(world, SetupOutcome) if each.session == opened.session]
        assert told and set(told) == {outcome}
        assert gateway.charge(make_charge(outcome.saved_card)).status is OutcomeStatus.PAID

    def test_saves_for_a_customer_that_is_known(self, world: World, gateway) -> None:
        customer = world.saved_card().customer
        opened = gateway.open_setup(make_setup(customer=customer))
        world.save(opened.session)
        assert gateway.outcome_of_setup(opened.session).saved_card.customer == customer

    def test_saves_with_a_new_customer_where_the_old_one_is_gone(
        self, world: World, gateway
    ) -> None:
        order = make_setup(customer="cus_deleted")
        opened = gateway.open_setup(order)
        assert gateway.open_setup(order) == opened
        world.save(opened.session)
        assert gateway.outcome_of_setup(opened.session).saved_card.customer != "cus_deleted"


class TestForgetCard:
    def test_is_done_however_often(self, world: World, gateway) -> None:
        opened = gateway.open_setup(make_setup())
        world.save(opened.session)
        card = gateway.outcome_of_setup(opened.session).saved_card
        assert world.keeps(card)
        for _ in range(2):
            gateway.forget_card(card.reference)
        gateway.forget_card("pm_never_there")
        assert not world.keeps(card)


class TestRefund:
    def test_gives_back_once_per_key(self, world: World, gateway) -> None:
        order = make_refund(paid(world))
        refund = gateway.refund(order)
        assert gateway.refund(order) == refund
        assert (refund.status, refund.amount_minor) == (RefundOutcomeStatus.SETTLED, 234)
        assert (refund.refund_id, refund.reason) == (order.refund_id, "Bought by mistake")
        assert gateway.refunds_of_payment(order.provider_payment) == RefundsSeen(
            "stripe", order.provider_payment, (refund,)
        )

    def test_sees_what_was_given_back_at_the_provider(self, world: World, gateway) -> None:
        payment = paid(world)
        world.give_back(payment, 1_000)
        ours = gateway.refund(make_refund(payment))
        seen = gateway.refunds_of_payment(payment)
        theirs = seen.refunds[0]
        assert seen.refunds == (theirs, ours)
        assert (theirs.refund_id, theirs.amount_minor) == (None, 1_000)
        told = [each for each in outcomes(world, RefundsSeen) if each.provider_payment == payment]
        assert told and set(told) == {seen}

    @pytest.mark.parametrize("end", [RefundOutcomeStatus.SETTLED, RefundOutcomeStatus.FAILED])
    def test_follows_slow_ones_to_their_end(self, world: World, gateway, end) -> None:
        world.slow_refunds()
        payment = paid(world)
        slow = gateway.refund(make_refund(payment))
        assert slow.status is RefundOutcomeStatus.PENDING
        assert gateway.refunds_of_payment(payment).refunds == (slow,)
        world.end_refund(slow.provider_refund, end)
        ended = (replace(slow, status=end),)
        assert gateway.refunds_of_payment(payment).refunds == ended

    def test_loses_no_answer(self, world: World, gateway) -> None:
        order = make_refund(paid(world))
        world.lose_answers(lost=True)
        with pytest.raises(ProviderUnreachable):
            gateway.refund(order)
        world.lose_answers(lost=False)
        (found,) = gateway.refunds_of_payment(order.provider_payment).refunds
        assert (found.refund_id, gateway.refund(order)) == (order.refund_id, found)


class TestDispute:
    @pytest.fixture(params=["fake", "stripe", "paypal"])
    def contestable(self, request: pytest.FixtureRequest, url: str) -> Contestable:
        worlds = {"fake": FakeWorld, "stripe": lambda: SandboxWorld(url)}
        return {**worlds, "paypal": lambda: PayPalWorld(url)}[request.param]()

    @pytest.fixture
    def payment(self, contestable: Contestable) -> str:
        """A payment of 12.34, made on the provider's page."""
        opened = contestable.gateway.open_checkout(make_checkout())
        contestable.pay(opened.session)
        return contestable.gateway.outcome_of_session(opened.session).provider_payment

    @pytest.mark.parametrize("decision", [DisputeStatus.WON, DisputeStatus.LOST])
    def test_is_told_from_its_beginning_to_its_end(
        self, contestable: Contestable, payment: str, decision: DisputeStatus
    ) -> None:
        contestable.contest(payment)
        opened = self.seen(contestable, payment)
        assert (opened.status, opened.amount_minor) == (DisputeStatus.OPEN, 1_234)
        assert opened.reason == contestable.reason
        contestable.decide(payment, decision)
        assert self.seen(contestable, payment) == replace(opened, status=decision)

    @pytest.mark.parametrize("decision", [DisputeStatus.WON, DisputeStatus.LOST])
    def test_is_no_refund_however_it_ends(
        self, contestable: Contestable, payment: str, decision: DisputeStatus
    ) -> None:
        contestable.contest(payment)
        contestable.decide(payment, decision)
        assert contestable.gateway.refunds_of_payment(payment).refunds == ()
        told = [each for each in outcomes(contestable, RefundsSeen) if each.refunds]
        assert not [each for each in told if each.provider_payment == payment]

    def seen(self, world: Contestable, payment: str) -> DisputeSeen:
        told = outcomes(world, DisputeSeen)
        (seen,) = {each for each in told if each.provider_payment == payment}
        return seen


def test_a_card_that_is_gone_is_told(world: World) -> None:
    opened = world.gateway.open_setup(make_setup())
    world.save(opened.session)
    card = world.gateway.outcome_of_setup(opened.session).saved_card
    world.gateway.forget_card(card.reference)
    if isinstance(world, FakeWorld):
        world.gateway.notice(card=card.reference)
    assert CardSeen("stripe", card.reference, None) in outcomes(world, CardSeen)


def test_what_is_not_ours_is_told_apart(world: World) -> None:
    if isinstance(world, FakeWorld):
        world.gateway.notice(None)
    else:
        params = {"amount": 500, "currency": "usd", "payment_method": "pm_card_createDispute"}
        params["allowed_payment_method_types"] = ["card"]
        made = world.client.v1.payment_intents.create(params={**params, "confirm": True})
        assert isinstance(world.gateway.refunds_of_payment(made.id), NotOurs)
        assert isinstance(world.gateway.outcome_of_session(made.id), NotOurs)
        told = [each for each in world.news() if made.id.encode() in each.body]
        assert {type(world.gateway.outcome_of_event(e.event_type, e.body)) for e in told} == {
            NotOurs
        }
    assert outcomes(world, NotOurs)
