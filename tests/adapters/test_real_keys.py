"""Real keys: which are taken, where they go, and what they can do without a person."""

from collections.abc import Iterator

import pytest
import stripe
from requests.adapters import HTTPAdapter

from app.config.providers import PAYPAL_LIVE_API, PAYPAL_SANDBOX_API, STRIPE_API
from app.domain.payments.errors import ProviderUnreachable
from app.domain.payments.gateway import (
    CardSeen,
    ChargeOrder,
    DisputeSeen,
    DisputeStatus,
    OutcomeStatus,
    RefundOutcomeStatus,
)
from tests.adapters import real_keys
from tests.adapters.real_keys import (
    PAYPAL_CREDENTIALS,
    STRIPE_KEY,
    PayPalByKey,
    RealMoney,
    StripeByKey,
    checked,
    paypal_by_key,
    paypal_credentials,
    stripe_by_key,
    stripe_key,
)

ACCOUNT = ("client-id", "client-secret")
Skipped = pytest.skip.Exception


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Where requests go; none of them gets there."""
    addresses: list[str] = []

    def send(adapter: HTTPAdapter, request: object, **named: object) -> None:
        addresses.append(request.url)
        raise OSError("nothing leaves this test")

    monkeypatch.setattr(HTTPAdapter, "send", send)
    return addresses


class TestStripeKey:
    @pytest.mark.parametrize("key", ["sk_test_51Abc", "rk_test_51Abc"])
    def test_is_one_of_the_test_mode(self, key: str) -> None:
        assert stripe_key({STRIPE_KEY: key}) == key

    @pytest.mark.parametrize("environment", [{}, {STRIPE_KEY: ""}])
    def test_is_not_needed(self, environment: dict[str, str]) -> None:
        assert stripe_key(environment) is None

    @pytest.mark.parametrize("key", ["sk_live_51Abc", "rk_live_51Abc", "pk_test_51Abc", "secret"])
    def test_is_never_a_live_one(self, key: str) -> None:
        with pytest.raises(RealMoney) as refused:
            stripe_key({STRIPE_KEY: key})
        assert key not in str(refused.value)
        with pytest.raises(RealMoney):
            StripeByKey(key)


class TestPayPalCredentials:
    def test_are_an_id_and_a_secret(self) -> None:
        assert paypal_credentials({PAYPAL_CREDENTIALS: "client-id:client-secret"}) == ACCOUNT

    @pytest.mark.parametrize("environment", [{}, {PAYPAL_CREDENTIALS: ""}])
    def test_are_not_needed(self, environment: dict[str, str]) -> None:
        assert paypal_credentials(environment) is None

    @pytest.mark.parametrize("given", ["client-id", "client-id:", ":client-secret"])
    def test_are_never_half_of_it(self, given: str) -> None:
        with pytest.raises(RealMoney) as refused:
            paypal_credentials({PAYPAL_CREDENTIALS: given})
        assert given not in str(refused.value)


class TestChecked:
    @pytest.mark.parametrize("base", [STRIPE_API, PAYPAL_SANDBOX_API, "http://127.0.0.1:12111"])
    def test_lets_go_to_test_modes_and_this_machine(self, base: str) -> None:
        assert checked(base) == base

    @pytest.mark.parametrize(
        "base",
        [
            PAYPAL_LIVE_API,
            "https://api.paypal.com",
            "http://api.stripe.com",
            "https://api.stripe.com.example.com",
            "https://example.com",
            "",
        ],
    )
    def test_lets_go_nowhere_else(self, base: str) -> None:
        with pytest.raises(RealMoney):
            checked(base)
        with pytest.raises(RealMoney):
            PayPalByKey(ACCOUNT, base=base, has_a_person=False)
        with pytest.raises(RealMoney):
            StripeByKey("sk_test_a", base=base)


class TestTheSwitch:
    def test_turns_to_stripe(self, sent: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(STRIPE_KEY, "sk_test_51Abc")
        monkeypatch.setattr(real_keys.time, "sleep", lambda seconds: None)
        world = stripe_by_key("http://127.0.0.1:9")
        for ask in (world.saved_card, world.news):
            with pytest.raises((stripe.APIConnectionError, ProviderUnreachable)):
                ask()
        assert sent and all(address.startswith(f"{STRIPE_API}/v1/") for address in sent)
        assert world.gateway.checkout_origins == ("https://checkout.stripe.com",)

    def test_turns_to_paypal(self, sent: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(PAYPAL_CREDENTIALS, "client-id:client-secret")
        world = paypal_by_key("http://127.0.0.1:9")
        with pytest.raises(ProviderUnreachable):
            world.news()
        assert sent and all(address.startswith(f"{PAYPAL_SANDBOX_API}/v1/") for address in sent)
        assert world.gateway.checkout_origins == ("https://www.sandbox.paypal.com",)

    def test_stays_here_without_keys(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv(STRIPE_KEY, raising=False)
        monkeypatch.delenv(PAYPAL_CREDENTIALS, raising=False)
        here = "http://127.0.0.1:9"
        assert stripe_by_key(here).gateway.checkout_origins == (here,)
        assert paypal_by_key(here).gateway.checkout_origins == (here,)


class TestWithoutAPerson:
    """At the providers these are skipped, and say why."""

    @pytest.mark.parametrize(
        "act",
        [
            lambda world: world.pay("cs_1"),
            lambda world: world.save("cs_1"),
            lambda world: world.contest("pi_1"),
            lambda world: world.decide("pi_1", DisputeStatus.WON),
            lambda world: world.end_refund("re_1", RefundOutcomeStatus.FAILED),
        ],
    )
    def test_stripe_takes_one_for(self, act) -> None:
        with pytest.raises(Skipped, match="takes a person with a browser"):
            act(StripeByKey("sk_test_a"))

    def test_paypal_takes_one_for_an_approval(self) -> None:
        world = PayPalByKey(ACCOUNT, has_a_person=False)
        with pytest.raises(Skipped, match=r"Approving on PayPal's page takes a person"):
            world.approve("https://www.sandbox.paypal.com/checkoutnow?token=1")


class TestByTheApiAlone:
    """What Stripe's own test cards do, here before the stand-in unless there is a key."""

    @pytest.fixture
    def world(self, sandbox: str) -> StripeByKey:
        return stripe_by_key(sandbox)

    def test_a_card_may_contest_what_it_pays(self, world: StripeByKey) -> None:
        card = world.contested_card()
        number = real_keys.first_number()
        order = ChargeOrder(
            payment_id=f"pay-{number}",
            reference=f"inv-{number}",
            idempotency_key=f"pay-{number}:off_session-1:1",
            amount_minor=1_234,
            currency="USD",
            description="Extra tokens",
            customer=card.customer,
            card=card.reference,
        )
        paid = world.gateway.charge(order)
        assert paid.status is OutcomeStatus.PAID
        assert self.seen(world, paid.provider_payment).status is DisputeStatus.OPEN
        world.give_in(paid.provider_payment)
        assert self.seen(world, paid.provider_payment).status is DisputeStatus.LOST

    def test_a_card_is_forgotten(self, world: StripeByKey) -> None:
        card = world.saved_card()
        assert world.keeps(card)
        for _ in range(2):
            world.gateway.forget_card(card.reference)
        told = [world.gateway.outcome_of_event(each.event_type, each.body) for each in world.news()]
        assert CardSeen("stripe", card.reference, None) in told

    def seen(self, world: StripeByKey, payment: str | None) -> DisputeSeen:
        told = (
            world.gateway.outcome_of_event(each.event_type, each.body)
            for each in world.news()
            if "dispute" in each.event_type
        )
        disputes = (each for each in told if isinstance(each, DisputeSeen))
        (found,) = {each for each in disputes if each.provider_payment == payment}
        return found
