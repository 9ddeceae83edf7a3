"""The gateway speaks to the sandbox over HTTP, through Stripe's own library."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
import requests
import stripe

from app.adapters.stripe_gateway import EVENT_TYPES, METADATA, StripeGateway
from app.domain.payments.errors import ProviderRefused, ProviderUnreachable, SignatureInvalid
from app.domain.payments.gateway import (
    ChargeOrder,
    CheckoutOrder,
    NotOurs,
    OpenedCheckout,
    OutcomeStatus,
    PaymentOutcome,
    RefundOrder,
)
from app.foundation import clock
from app.sandbox.serving import running
from app.sandbox.settings import SandboxSettings
from tests.sandbox.shopping import client_of, open_session, pay

SECRET, OLD_SECRET = "whsec_the_new_one", "whsec_the_old_one"
NO_FUNDS = "4000000000009995"
_numbers = count(1)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    database = tmp_path_factory.mktemp("sandbox") / "sandbox.sqlite3"
    with running(SandboxSettings(database=database, port=0)) as url:
        yield url


@pytest.fixture
def gateway(url: str) -> Iterator[StripeGateway]:
    yield gateway_to(url)
    requests.post(f"{url}/sandbox/knobs/reset", timeout=10).raise_for_status()


def gateway_to(url: str, *, key: str = "sk_test_sandbox") -> StripeGateway:
    return StripeGateway(api_key=key, api_base=url, webhook_secrets=(SECRET, OLD_SECRET))


def turn(url: str, **knobs: int) -> None:
    requests.post(f"{url}/sandbox/knobs", json=knobs, timeout=10).raise_for_status()


def make_order(**changes: object) -> CheckoutOrder:
    number = next(_numbers)
    given = {
        "payment_id": f"pay-{number}",
        "reference": f"inv-{number}",
        "idempotency_key": f"pay-{number}:checkout:1",
        "amount_minor": 1_234,
        "currency": "USD",
        "description": "Invoice INV-1-2026-10",
        "email": "ada@example.com",
        "success_url": "https://billing.example.com/payments/pay-1",
        "cancel_url": "https://billing.example.com/invoices/INV-1-2026-10",
        "expires_at": clock.now().replace(microsecond=0) + timedelta(minutes=60),
        **changes,
    }
    return CheckoutOrder(**given)


def sign(body: bytes, *, secret: str = SECRET, ahead: timedelta = timedelta()) -> dict[str, str]:
    timestamp = int((clock.now() + ahead).timestamp())
    text = body.decode("utf-8", "surrogateescape")
    header = stripe.WebhookSignature.generate_signature_header(text, secret, timestamp)
    return {"stripe-signature": header}


def make_event(**changes: object) -> bytes:
    given = {
        "id": "evt_1",
        "object": "event",
        "type": "checkout.session.completed",
        "livemode": False,
        **changes,
    }
    return json.dumps(
        {name: value for name, value in given.items() if value != "left out"}
    ).encode()


class TestOpenCheckout:
    def test_opens_a_page_with_everything_on_it(self, gateway: StripeGateway, url: str) -> None:
        order = make_order()
        opened = gateway.open_checkout(order)
        session = client_of(url).v1.checkout.sessions.retrieve(opened.session)
        assert opened.url == session.url
        assert (session.amount_total, session.currency) == (1_234, "usd")
        assert session.client_reference_id == order.reference
        assert session.metadata[METADATA] == order.payment_id
        assert session.customer_email == "ada@example.com"
        assert (session.success_url, session.cancel_url) == (order.success_url, order.cancel_url)
        assert session.expires_at == order.expires_at.timestamp()

    def test_finds_the_page_of_the_same_key(self, gateway: StripeGateway) -> None:
        order = make_order(email="")
        assert gateway.open_checkout(order) == gateway.open_checkout(order)

    def test_finds_the_page_of_a_lost_answer(self, gateway: StripeGateway, url: str) -> None:
        turn(url, lost_answers=3)
        order = make_order()
        with pytest.raises(ProviderUnreachable):
            gateway.open_checkout(order)
        opened = gateway.open_checkout(order)
        sessions = client_of(url).v1.checkout.sessions.list(params={"limit": 100}).data
        ours = [
            session.id for session in sessions if session.client_reference_id == order.reference
        ]
        assert ours == [opened.session]

    def test_repeats_by_itself_what_got_no_answer(self, gateway: StripeGateway, url: str) -> None:
        turn(url, errors_before_effect=1)
        assert isinstance(gateway.open_checkout(make_order()), OpenedCheckout)

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"amount_minor": 1}, "amount_too_small"),
            ({"success_url": "nowhere"}, "url_invalid"),
        ],
    )
    def test_tells_why_it_was_refused(
        self, gateway: StripeGateway, changes: dict[str, object], reason: str
    ) -> None:
        with pytest.raises(ProviderRefused) as refused:
            gateway.open_checkout(make_order(**changes))
        assert refused.value.reason == reason

    @pytest.mark.parametrize("minutes", [-60, 0, 29])
    def test_opens_no_page_that_ends_too_soon(self, gateway: StripeGateway, minutes: int) -> None:
        soon = clock.now().replace(microsecond=0) + timedelta(minutes=minutes)
        with pytest.raises(ProviderRefused):
            gateway.open_checkout(make_order(expires_at=soon))

    def test_opens_nothing_under_a_used_key(self, gateway: StripeGateway) -> None:
        order = make_order()
        gateway.open_checkout(order)
        with pytest.raises(ProviderRefused) as refused:
            gateway.open_checkout(replace(order, amount_minor=5_000))
        assert "idempotency" in refused.value.reason.lower()

    def test_is_refused_with_a_wrong_key(self, url: str) -> None:
        with pytest.raises(ProviderRefused):
            gateway_to(url, key="nonsense").open_checkout(make_order())

    def test_does_not_know_what_an_absent_provider_did(self) -> None:
        with pytest.raises(ProviderUnreachable):
            gateway_to("http://127.0.0.1:9").open_checkout(make_order())


class TestOutcomeOfSession:
    def test_waits_for_the_customer(self, gateway: StripeGateway) -> None:
        order = make_order()
        opened = gateway.open_checkout(order)
        assert gateway.outcome_of_session(opened.session) == PaymentOutcome(
            provider="stripe",
            payment_id=order.payment_id,
            reference=order.reference,
            session=opened.session,
            provider_payment=None,
            status=OutcomeStatus.OPEN,
            amount_minor=1_234,
            currency="USD",
        )

    def test_is_paid_by_a_payment(self, gateway: StripeGateway) -> None:
        opened = gateway.open_checkout(make_order())
        assert pay(opened.url).status_code == 303
        outcome = gateway.outcome_of_session(opened.session)
        assert isinstance(outcome, PaymentOutcome)
        assert outcome.status is OutcomeStatus.PAID
        assert (outcome.provider_payment or "").startswith("pi_")

    def test_stays_open_after_a_decline(self, gateway: StripeGateway) -> None:
        opened = gateway.open_checkout(make_order())
        assert pay(opened.url, NO_FUNDS).status_code == 402
        outcome = gateway.outcome_of_session(opened.session)
        assert isinstance(outcome, PaymentOutcome)
        assert outcome.status is OutcomeStatus.OPEN

    def test_is_told_when_the_page_has_ended(self, gateway: StripeGateway, url: str) -> None:
        opened = gateway.open_checkout(make_order())
        client_of(url).v1.checkout.sessions.expire(opened.session)
        outcome = gateway.outcome_of_session(opened.session)
        assert isinstance(outcome, PaymentOutcome)
        assert outcome.status is OutcomeStatus.EXPIRED

    def test_knows_what_is_not_ours(self, gateway: StripeGateway, url: str) -> None:
        session = open_session(client_of(url))
        assert isinstance(gateway.outcome_of_session(session.id), NotOurs)

    def test_refuses_what_does_not_exist(self, gateway: StripeGateway) -> None:
        with pytest.raises(ProviderRefused) as refused:
            gateway.outcome_of_session("cs_test_none")
        assert refused.value.reason == "resource_missing"


class TestOutcomeOfEvent:
    def test_asks_what_became_of_each_event(self, gateway: StripeGateway) -> None:
        opened = gateway.open_checkout(make_order())
        began = clock.now()
        pay(opened.url)
        notices = [
            notice
            for notice in gateway.events_since(began - timedelta(seconds=1))
            if opened.session.encode() in notice.body or b"payment_intent." in notice.body
        ]
        outcomes = [gateway.outcome_of_event(each.event_type, each.body) for each in notices]
        ours = [each for each in outcomes if getattr(each, "session", "") == opened.session]
        types = {notice.event_type for notice in notices}
        assert types >= {"checkout.session.completed", "payment_intent.succeeded"}
        assert len(ours) >= 2
        assert {outcome.status for outcome in ours} == {OutcomeStatus.PAID}

    @pytest.mark.parametrize(
        ("end", "event", "status"),
        [
            ("arrive", "checkout.session.async_payment_succeeded", OutcomeStatus.PAID),
            ("fail", "checkout.session.async_payment_failed", OutcomeStatus.FAILED),
        ],
    )
    def test_waits_for_money_that_takes_its_time(
        self, gateway: StripeGateway, url: str, end: str, event: str, status: OutcomeStatus
    ) -> None:
        opened, began = gateway.open_checkout(make_order()), clock.now()
        pay(opened.url, "4000 0000 0000 0606")
        outcome = gateway.outcome_of_session(opened.session)
        assert isinstance(outcome, PaymentOutcome) and outcome.status is OutcomeStatus.PROCESSING
        address = f"{url}/sandbox/sessions/{opened.session}/{end}"
        assert requests.post(address, timeout=10).ok
        (notice,) = (
            each
            for each in gateway.events_since(began - timedelta(seconds=1))
            if each.event_type == event and opened.session.encode() in each.body
        )
        ended = gateway.outcome_of_event(notice.event_type, notice.body)
        assert isinstance(ended, PaymentOutcome) and ended.status is status
        # It comes, or does not, once.
        assert requests.post(address, timeout=10).status_code == 400

    def test_ignores_events_that_mean_nothing_to_us(self, gateway: StripeGateway) -> None:
        ignored = gateway.outcome_of_event("invoice.paid", b"{}")
        assert ignored == NotOurs("Nothing is done on invoice.paid.")

    def test_ignores_the_payments_of_others(self, gateway: StripeGateway, url: str) -> None:
        began = clock.now()
        session = open_session(client_of(url))
        pay(session.url or "")
        for notice in gateway.events_since(began - timedelta(seconds=1)):
            if session.id.encode() in notice.body:
                outcome = gateway.outcome_of_event(notice.event_type, notice.body)
                assert isinstance(outcome, NotOurs)
                assert "no payment of ours" in outcome.reason


class TestEventsSince:
    def test_gives_all_of_them_oldest_first(self, gateway: StripeGateway) -> None:
        began = clock.now()
        pages = [gateway.open_checkout(make_order()) for _ in range(3)]
        for page in pages:
            pay(page.url)
        bodies = [notice.body for notice in gateway.events_since(began - timedelta(seconds=1))]
        first = [
            min(at for at, body in enumerate(bodies) if page.session.encode() in body)
            for page in pages
        ]
        assert first == sorted(first)

    def test_gives_none_of_before(self, gateway: StripeGateway) -> None:
        assert gateway.events_since(clock.now() + timedelta(hours=1)) == []


class TestMoneyOfUnknownFate:
    def test_a_wrong_key_says_nothing_of_earlier_calls(self, url: str) -> None:
        charge = ChargeOrder("pay-1", "inv-1", "k", 500, "USD", "Invoice", "cus_1", "pm_1")
        refund = RefundOrder("1", "pi_1", "k", 500, "Bought by mistake")
        locked_out = gateway_to(url, key="nonsense")
        for call in (lambda: locked_out.charge(charge), lambda: locked_out.refund(refund)):
            with pytest.raises(ProviderUnreachable):
                call()

    def test_a_card_that_does_not_exist_is_refused(self, gateway: StripeGateway) -> None:
        order = ChargeOrder("pay-1", "inv-1", "k-none", 500, "USD", "Invoice", "cus_1", "pm_1")
        with pytest.raises(ProviderRefused) as refused:
            gateway.charge(order)
        assert refused.value.reason == "resource_missing"

    def test_no_more_is_refunded_than_was_paid(self, gateway: StripeGateway, url: str) -> None:
        params = {"amount": 500, "currency": "usd", "payment_method": "pm_card_visa"}
        made = client_of(url).v1.payment_intents.create(params={**params, "confirm": True})
        with pytest.raises(ProviderRefused) as refused:
            gateway.refund(RefundOrder("1", made.id, "k-much", 501, "Bought by mistake"))
        assert refused.value.reason == "amount_too_large"


def test_asks_for_no_more_events_than_one_list_takes() -> None:
    assert len(set(EVENT_TYPES)) == len(EVENT_TYPES) <= 20


class TestReadEvent:
    @pytest.mark.parametrize("secret", [SECRET, OLD_SECRET])
    def test_takes_what_either_secret_has_signed(self, url: str, secret: str) -> None:
        body = make_event(note="ä")
        notice = gateway_to(url).read_event(body, sign(body, secret=secret), now=clock.now())
        assert (notice.provider, notice.event_id) == ("stripe", "evt_1")
        assert (notice.event_type, notice.body) == ("checkout.session.completed", body)

    @pytest.mark.parametrize("seconds", [-290, 0, 290])
    def test_takes_what_was_signed_about_now(self, url: str, seconds: int) -> None:
        body = make_event()
        headers = sign(body, ahead=timedelta(seconds=seconds))
        assert gateway_to(url).read_event(body, headers, now=clock.now()).event_id == "evt_1"

    @pytest.mark.parametrize(
        "signature",
        [
            "",
            " ",
            "nonsense",
            "t=,v1=",
            "t=1",
            "v1=aa",
            "t=abc,v1=aa",
            f"t={'9' * 400},v1=aa",
            f"t={'9' * 5000},v1=aa",
            "t=1,v1=\xe9",
            "\xe9",
            "t=1,v1=\ud800",
        ],
    )
    def test_refuses_headers_that_sign_nothing(self, url: str, signature: str) -> None:
        with pytest.raises(SignatureInvalid):
            gateway_to(url).read_event(
                make_event(), {"stripe-signature": signature}, now=clock.now()
            )

    @pytest.mark.parametrize(
        "ahead",
        [timedelta(minutes=-6), timedelta(minutes=6), timedelta(days=365), timedelta(days=-365)],
    )
    def test_refuses_the_past_and_the_future(self, url: str, ahead: timedelta) -> None:
        body = make_event()
        with pytest.raises(SignatureInvalid):
            gateway_to(url).read_event(body, sign(body, ahead=ahead), now=clock.now())

    def test_refuses_another_body_and_another_secret(self, url: str) -> None:
        body = make_event()
        for headers in ({}, sign(make_event(id="evt_2")), sign(body, secret="whsec_of_others")):
            with pytest.raises(SignatureInvalid):
                gateway_to(url).read_event(body, headers, now=clock.now())

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"[1]",
            b"{}",
            b"null",
            b"not json",
            b'"text"',
            make_event(id="left out"),
            make_event(id=""),
            make_event(id=7),
            make_event(id="evt_\ud800"),
            make_event(id="evt_\0"),
            make_event(id="evt 1"),
            make_event(id="e" * 256),
            make_event(type="\udfff"),
            make_event(type="left out"),
            make_event(type=None),
            make_event(livemode="left out"),
            make_event(livemode=True),
        ],
    )
    def test_refuses_signed_bodies_that_are_no_event_of_ours(self, url: str, body: bytes) -> None:
        with pytest.raises(SignatureInvalid):
            gateway_to(url).read_event(body, sign(body), now=clock.now())

    def test_refuses_bytes_that_are_no_text(self, url: str) -> None:
        with pytest.raises(SignatureInvalid):
            gateway_to(url).read_event(b"\xff\xfe", sign(b"x"), now=clock.now())

    def test_takes_nothing_without_a_secret(self, url: str) -> None:
        closed = StripeGateway(api_key="sk_test_a", api_base=url, webhook_secrets=("", ""))
        body = make_event()
        with pytest.raises(SignatureInvalid):
            closed.read_event(body, sign(body, secret="whsec_x"), now=datetime.now(UTC))
