"""The gateway speaks to the sandbox over HTTP, through PayPal's own library."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
import requests

from app.adapters.paypal_gateway import PayPalGateway
from app.domain.payments.errors import ProviderRefused, ProviderUnreachable
from app.domain.payments.gateway import (
    NotOurs,
    OpenedCheckout,
    OutcomeStatus,
    PaymentOutcome,
    RefundOutcome,
    RefundOutcomeStatus,
    RefundsSeen,
)
from tests.adapters.paypal import captures_of, gateway_to, make_order, outcome, refund_of
from tests.sandbox.buying import (
    approve,
    capture,
    client_of,
    decide,
    open_order,
    page_of,
    refund,
    taken,
    turn,
)


class TestOpenCheckout:
    def test_opens_a_page_with_everything_on_it(self, gateway: PayPalGateway, url: str) -> None:
        order = make_order()
        opened = gateway.open_checkout(order)
        assert opened.url == f"{url}/checkoutnow?token={opened.session}"
        assert gateway.checkout_origins == (url,)
        made = client_of(url).orders.get_order({"id": opened.session}).body
        (unit,) = made.purchase_units
        assert (unit.amount.value, unit.amount.currency_code) == ("12.34", "USD")
        assert (unit.custom_id, unit.invoice_id) == (order.payment_id, order.payment_id)
        assert order.reference in unit.reference_id
        page = requests.get(opened.url, timeout=10).text
        assert "$12.34" in page and order.description in page
        assert f'href="{order.cancel_url}?token={opened.session}"' in page
        back = approve(opened.url).headers["Location"]
        assert back.startswith(f"{order.success_url}?token={opened.session}&PayerID=")

    def test_finds_the_page_of_the_same_key(self, gateway: PayPalGateway) -> None:
        order = make_order()
        assert gateway.open_checkout(order) == gateway.open_checkout(order)

    def test_finds_the_page_of_a_lost_answer(self, gateway: PayPalGateway, url: str) -> None:
        turn(url, lost_answers=3)
        order = make_order()
        with pytest.raises(ProviderUnreachable):
            gateway.open_checkout(order)
        opened = gateway.open_checkout(order)
        page = requests.get(f"{url}/sandbox", timeout=10).text
        assert page.count(f"<td>{order.payment_id}</td>") == 1 and opened.session in page

    @pytest.mark.parametrize(
        "knob", ["errors_before_effect", "errors_after_effect", "lost_answers", "too_many_requests"]
    )
    def test_repeats_by_itself_what_got_no_answer(
        self, gateway: PayPalGateway, url: str, knob: str
    ) -> None:
        turn(url, **{knob: 2})
        assert isinstance(gateway.open_checkout(make_order()), OpenedCheckout)

    @pytest.mark.parametrize(
        "knob", ["errors_before_effect", "errors_after_effect", "lost_answers", "too_many_requests"]
    )
    def test_does_not_know_what_happened_when_it_goes_on(
        self, gateway: PayPalGateway, url: str, knob: str
    ) -> None:
        turn(url, **{knob: 3})
        with pytest.raises(ProviderUnreachable):
            gateway.open_checkout(make_order())

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"amount_minor": 0}, "CANNOT_BE_ZERO_OR_NEGATIVE"),
            ({"success_url": "nowhere"}, "INVALID_PARAMETER_SYNTAX"),
            ({"payment_id": "p" * 256}, "INVALID_PARAMETER_SYNTAX"),
        ],
    )
    def test_tells_why_it_was_refused(
        self, gateway: PayPalGateway, changes: dict[str, object], reason: str
    ) -> None:
        with pytest.raises(ProviderRefused) as refused:
            gateway.open_checkout(make_order(**changes))
        assert refused.value.reason == reason

    def test_opens_nothing_under_a_used_key(self, gateway: PayPalGateway) -> None:
        order = make_order()
        gateway.open_checkout(order)
        with pytest.raises(ProviderRefused) as refused:
            gateway.open_checkout(replace(order, amount_minor=5_000))
        assert refused.value.reason == "DUPLICATE_REQUEST_ID"

    def test_is_refused_with_a_wrong_secret(self, url: str) -> None:
        with pytest.raises(ProviderRefused) as refused:
            gateway_to(url, secret="nonsense").open_checkout(make_order())
        assert refused.value.reason == "invalid_client"

    def test_does_not_know_what_an_absent_provider_did(self) -> None:
        with pytest.raises(ProviderUnreachable):
            gateway_to("http://127.0.0.1:9").open_checkout(make_order())

    def test_goes_on_after_its_token_was_taken_back(self, gateway: PayPalGateway, url: str) -> None:
        gateway.open_checkout(make_order())
        requests.post(f"{url}/sandbox/paypal/tokens/take-back", timeout=10).raise_for_status()
        assert isinstance(gateway.open_checkout(make_order()), OpenedCheckout)


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

    def test_takes_the_money_of_an_approved_order_once(
        self, gateway: PayPalGateway, url: str
    ) -> None:
        opened = gateway.open_checkout(make_order())
        approve(opened.url)
        first, again = (outcome(gateway, opened.session) for _ in range(2))
        assert first == again
        assert first.status is OutcomeStatus.PAID
        assert captures_of(url, opened.session) == [first.provider_payment]

    def test_takes_it_once_whoever_comes_at_the_same_moment(self, url: str) -> None:
        opened = gateway_to(url).open_checkout(make_order())
        approve(opened.url)
        turn(url, answer_delay_seconds=0.2)

        def ask(_: int) -> PaymentOutcome | None:
            try:
                # Return page, webhook and sweep run in programs of their own.
                return outcome(gateway_to(url), opened.session)
            except ProviderUnreachable:
                # Somebody else's call was still running.
                return None

        with ThreadPoolExecutor(6) as pool:
            found = [each for each in pool.map(ask, range(6)) if each is not None]
        assert {each.status for each in found} == {OutcomeStatus.PAID}
        (payment,) = {each.provider_payment for each in found}
        assert captures_of(url, opened.session) == [payment]

    @pytest.mark.parametrize("knob", ["lost_answers", "errors_after_effect"])
    def test_finds_the_money_of_a_lost_answer(
        self, gateway: PayPalGateway, url: str, knob: str
    ) -> None:
        opened = gateway.open_checkout(make_order())
        approve(opened.url)
        turn(url, **{knob: 3})
        with pytest.raises(ProviderUnreachable):
            gateway.outcome_of_session(opened.session)
        assert outcome(gateway, opened.session).status is OutcomeStatus.PAID
        assert len(captures_of(url, opened.session)) == 1

    def test_finds_what_somebody_else_has_captured(self, gateway: PayPalGateway, url: str) -> None:
        opened = gateway.open_checkout(make_order())
        approve(opened.url)
        seen = {"id": opened.session, "purchase_units": [{"custom_id": "pay-0"}]}
        elsewhere = taken(capture(client_of(url), opened.session, request_id="elsewhere"))
        # As if we had looked a moment before.
        assert gateway._capture(seen) is None
        assert outcome(gateway, opened.session).provider_payment == elsewhere.id

    def test_does_not_take_the_money_of_a_stale_order(self, url: str) -> None:
        order = make_order()
        opened = gateway_to(url).open_checkout(order)
        approve(opened.url)
        late = gateway_to(url, tell_time=lambda: order.expires_at)
        assert outcome(late, opened.session).status is OutcomeStatus.EXPIRED
        assert captures_of(url, opened.session) == []
        in_time = gateway_to(url, tell_time=lambda: order.expires_at - timedelta(seconds=1))
        assert outcome(in_time, opened.session).status is OutcomeStatus.PAID
        assert outcome(late, opened.session).status is OutcomeStatus.PAID

    def test_has_failed_when_the_money_was_declined(self, gateway: PayPalGateway, url: str) -> None:
        opened = gateway.open_checkout(make_order())
        approve(opened.url, "decline")
        for _ in range(2):
            found = outcome(gateway, opened.session)
            assert (found.status, found.decline_code) == (
                OutcomeStatus.FAILED,
                "INSTRUMENT_DECLINED",
            )
        assert captures_of(url, opened.session) == []

    @pytest.mark.parametrize(
        ("decision", "expected"),
        [("complete", OutcomeStatus.PAID), ("deny", OutcomeStatus.FAILED)],
    )
    def test_waits_for_money_that_takes_its_time(
        self, gateway: PayPalGateway, url: str, decision: str, expected: OutcomeStatus
    ) -> None:
        opened = gateway.open_checkout(make_order())
        approve(opened.url, "pending")
        waiting = outcome(gateway, opened.session)
        assert waiting.status is OutcomeStatus.PROCESSING
        decide(url, waiting.provider_payment or "", decision)
        decided = outcome(gateway, opened.session)
        assert (decided.status, decided.provider_payment) == (expected, waiting.provider_payment)

    def test_leaves_the_orders_of_others_alone(self, gateway: PayPalGateway, url: str) -> None:
        order = open_order(client_of(url))
        approve(page_of(order))
        assert isinstance(gateway.outcome_of_session(order.id), NotOurs)
        assert captures_of(url, order.id) == []

    def test_refuses_what_does_not_exist(self, gateway: PayPalGateway) -> None:
        with pytest.raises(ProviderRefused) as refused:
            gateway.outcome_of_session("NOTHING")
        assert refused.value.reason == "INVALID_RESOURCE_ID"


class TestRefund:
    @pytest.fixture
    def payment(self, gateway: PayPalGateway) -> str:
        opened = gateway.open_checkout(make_order())
        approve(opened.url)
        return outcome(gateway, opened.session).provider_payment or ""

    def test_gives_some_back_once_for_each_key(self, gateway: PayPalGateway, payment: str) -> None:
        order = refund_of(payment)
        first = gateway.refund(order)
        assert first == RefundOutcome(
            provider="paypal",
            provider_payment=payment,
            provider_refund=first.provider_refund,
            refund_id=order.refund_id,
            amount_minor=500,
            status=RefundOutcomeStatus.SETTLED,
            reason=order.reason,
        )
        assert gateway.refund(order) == first
        assert gateway.refund(refund_of(payment)).provider_refund != first.provider_refund

    def test_gives_it_back_once_though_the_answer_was_lost(
        self, gateway: PayPalGateway, payment: str, url: str
    ) -> None:
        turn(url, lost_answers=3)
        order = refund_of(payment, amount_minor=1_234)
        with pytest.raises(ProviderUnreachable):
            gateway.refund(order)
        assert gateway.refund(order).status is RefundOutcomeStatus.SETTLED

    def test_gives_no_more_back_than_was_paid(self, gateway: PayPalGateway, payment: str) -> None:
        gateway.refund(refund_of(payment, amount_minor=1_000))
        with pytest.raises(ProviderRefused) as refused:
            gateway.refund(refund_of(payment))
        assert refused.value.reason == "REFUND_AMOUNT_EXCEEDED"
        gateway.refund(refund_of(payment, amount_minor=234))
        with pytest.raises(ProviderRefused) as refused:
            gateway.refund(refund_of(payment))
        assert refused.value.reason == "CAPTURE_FULLY_REFUNDED"

    def test_leaves_the_payment_paid(self, gateway: PayPalGateway) -> None:
        opened = gateway.open_checkout(make_order())
        approve(opened.url)
        paid = outcome(gateway, opened.session)
        gateway.refund(refund_of(paid.provider_payment))
        assert outcome(gateway, opened.session) == paid


class TestRefundsOfPayment:
    def test_finds_ours_and_those_made_at_paypal(self, gateway: PayPalGateway, url: str) -> None:
        opened = gateway.open_checkout(make_order())
        approve(opened.url)
        payment = outcome(gateway, opened.session).provider_payment or ""
        assert gateway.refunds_of_payment(payment) == RefundsSeen("paypal", payment, ())
        ours = gateway.refund(refund_of(payment))
        theirs = refund(client_of(url), payment, body={"note_to_payer": "Sorry"})
        seen = gateway.refunds_of_payment(payment)
        assert isinstance(seen, RefundsSeen) and len(seen.refunds) == 2
        found = {each.provider_refund: each for each in seen.refunds}
        assert found[ours.provider_refund] == replace(ours, reason="")
        assert (found[theirs.id].refund_id, found[theirs.id].amount_minor) == (None, 734)
        assert found[theirs.id].reason == "Sorry"

    def test_knows_what_is_not_ours(self, gateway: PayPalGateway, url: str) -> None:
        client = client_of(url)
        order = open_order(client)
        approve(page_of(order))
        payment = taken(capture(client, order.id)).id
        assert isinstance(gateway.refunds_of_payment(payment), NotOurs)


class TestExpireCheckout:
    @pytest.mark.parametrize("is_approved", [False, True])
    def test_what_is_taken_back_is_not_captured(
        self, gateway: PayPalGateway, url: str, is_approved: bool
    ) -> None:
        order = make_order()
        opened = gateway.open_checkout(order)
        if is_approved:
            approve(opened.url)
        for _ in range(2):
            found = gateway.expire_checkout(opened.session)
            assert isinstance(found, PaymentOutcome)
            assert (found.status, found.payment_id) == (OutcomeStatus.EXPIRED, order.payment_id)
        approve(opened.url)
        assert outcome(gateway, opened.session).status is OutcomeStatus.EXPIRED
        assert captures_of(url, opened.session) == []

    def test_what_is_paid_stays_paid(self, gateway: PayPalGateway) -> None:
        opened = gateway.open_checkout(make_order())
        approve(opened.url)
        paid = outcome(gateway, opened.session)
        assert gateway.expire_checkout(opened.session) == paid
        assert outcome(gateway, opened.session) == paid

    def test_leaves_the_orders_of_others_alone(self, gateway: PayPalGateway, url: str) -> None:
        order = open_order(client_of(url))
        assert isinstance(gateway.expire_checkout(order.id), NotOurs)
