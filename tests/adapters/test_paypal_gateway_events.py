"""What PayPal tells of itself: events that name an order, and who has signed them."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from app.adapters.paypal_gateway import PayPalGateway
from app.domain.payments.errors import ProviderUnreachable, SignatureInvalid
from app.domain.payments.gateway import (
    NotOurs,
    OutcomeStatus,
    PaymentOutcome,
)
from app.foundation import clock
from app.sandbox.paypal.signing import signer
from tests.adapters.paypal import (
    WEBHOOK,
    gateway_to,
    make_order,
    notices_of,
    outcome,
    refund_of,
)
from tests.sandbox.buying import (
    approve,
    capture,
    client_of,
    decide,
    events,
    open_order,
    page_of,
)


class TestOutcomeOfEvent:
    def test_captures_what_nobody_came_back_for(self, gateway: PayPalGateway) -> None:
        opened = gateway.open_checkout(make_order())
        approve(opened.url)
        (approved,) = notices_of(gateway, opened.session)
        assert approved.event_type == "CHECKOUT.ORDER.APPROVED"
        found = gateway.outcome_of_event(approved.event_type, approved.body)
        assert isinstance(found, PaymentOutcome) and found.status is OutcomeStatus.PAID

    def test_is_the_same_in_any_order(self, gateway: PayPalGateway) -> None:
        opened = gateway.open_checkout(make_order())
        approve(opened.url)
        gateway.outcome_of_session(opened.session)
        notices = notices_of(gateway, opened.session)
        assert [notice.event_type for notice in notices] == [
            "CHECKOUT.ORDER.APPROVED",
            "PAYMENT.CAPTURE.COMPLETED",
            "CHECKOUT.ORDER.COMPLETED",
        ]
        found = {
            gateway.outcome_of_event(notice.event_type, notice.body)
            for notice in (*reversed(notices), *notices)
        }
        assert found == {gateway.outcome_of_session(opened.session)}

    def test_hears_of_money_that_was_given_back(self, gateway: PayPalGateway) -> None:
        opened = gateway.open_checkout(make_order())
        approve(opened.url)
        payment = outcome(gateway, opened.session).provider_payment or ""
        gateway.refund(refund_of(payment))
        last = gateway.events_since(clock.now() - timedelta(minutes=5))[-1]
        assert last.event_type == "PAYMENT.CAPTURE.REFUNDED"
        seen = gateway.outcome_of_event(last.event_type, last.body)
        assert seen == gateway.refunds_of_payment(payment)

    def test_hears_of_money_that_took_its_time(self, gateway: PayPalGateway, url: str) -> None:
        opened = gateway.open_checkout(make_order())
        approve(opened.url, "pending")
        decide(url, outcome(gateway, opened.session).provider_payment or "", "deny")
        last = notices_of(gateway, opened.session)[-1]
        assert last.event_type == "PAYMENT.CAPTURE.DENIED"
        found = gateway.outcome_of_event(last.event_type, last.body)
        assert isinstance(found, PaymentOutcome) and found.status is OutcomeStatus.FAILED

    @pytest.mark.parametrize(
        ("event_type", "resource"),
        [
            ("BILLING.PLAN.CREATED", {}),
            ("PAYMENT.CAPTURE.COMPLETED", {"id": "CAP"}),
            ("PAYMENT.CAPTURE.REFUNDED", {"id": "REF"}),
            ("PAYMENT.CAPTURE.REFUNDED", {"links": [{"rel": "up", "href": "/captures/../x"}]}),
            ("CHECKOUT.ORDER.APPROVED", {"id": "ORDER", "purchase_units": [{}]}),
        ],
    )
    def test_ignores_what_means_nothing_to_us(
        self, gateway: PayPalGateway, event_type: str, resource: dict[str, object]
    ) -> None:
        body = json.dumps({"resource": resource}).encode()
        assert isinstance(gateway.outcome_of_event(event_type, body), NotOurs)

    def test_ignores_the_payments_of_others(self, gateway: PayPalGateway, url: str) -> None:
        client = client_of(url)
        order = open_order(client)
        approve(page_of(order))
        capture(client, order.id)
        for notice in notices_of(gateway, order.id):
            found = gateway.outcome_of_event(notice.event_type, notice.body)
            assert isinstance(found, NotOurs)


class TestEventsSince:
    def test_gives_all_of_them_oldest_first(
        self, gateway: PayPalGateway, url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.adapters.paypal_gateway.EVENTS_AT_ONCE", 2)
        pages = [gateway.open_checkout(make_order()) for _ in range(3)]
        for page in pages:
            approve(page.url)
        found = [
            next(page for page in pages if page.session.encode() in notice.body)
            for notice in gateway.events_since(clock.now() - timedelta(minutes=5))
            if any(page.session.encode() in notice.body for page in pages)
        ]
        assert found == pages
        assert len(events(url, page_size="300")["events"]) > 2

    def test_leaves_out_what_nothing_is_done_on(
        self, gateway: PayPalGateway, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.adapters.paypal_gateway.EVENT_TYPES", ("PAYMENT.CAPTURE.PENDING",))
        approve(gateway.open_checkout(make_order()).url)
        types = {each.event_type for each in gateway.events_since(clock.now() - timedelta(1))}
        assert types <= {"PAYMENT.CAPTURE.PENDING"}

    def test_gives_none_of_before(self, gateway: PayPalGateway) -> None:
        approve(gateway.open_checkout(make_order()).url)
        assert gateway.events_since(clock.now() + timedelta(hours=1)) == []


def make_event(**changes: object) -> bytes:
    given = {"id": "WH-1", "event_type": "CHECKOUT.ORDER.APPROVED", "resource": {}, **changes}
    kept = {name: value for name, value in given.items() if value != "left out"}
    return json.dumps(kept, ensure_ascii=False).encode()


def sign(
    body: bytes, url: str, *, ahead: timedelta = timedelta(), webhook_id: str = WEBHOOK
) -> dict[str, str]:
    at = (clock.now() + ahead).timestamp()
    told = signer().headers(body, webhook_id=webhook_id, base_url=url, now=at)
    return {name.lower(): value for name, value in told.items()}


@pytest.mark.parametrize("calls", [False, True], ids=["offline", "by call"])
class TestReadEvent:
    def test_takes_what_paypal_has_signed(self, url: str, calls: bool) -> None:
        body = make_event(note='"ä", "webhook_id": "x"')
        notice = gateway_to(url, calls=calls).read_event(body, sign(body, url), now=clock.now())
        assert (notice.provider, notice.event_id) == ("paypal", "WH-1")
        assert (notice.event_type, notice.body) == ("CHECKOUT.ORDER.APPROVED", body)

    @pytest.mark.parametrize(
        "ahead",
        [timedelta(days=-5), timedelta(minutes=6), timedelta(days=365), timedelta(days=-365)],
    )
    def test_refuses_the_past_and_the_future(self, url: str, calls: bool, ahead: timedelta) -> None:
        body = make_event()
        with pytest.raises(SignatureInvalid):
            gateway_to(url, calls=calls).read_event(
                body, sign(body, url, ahead=ahead), now=clock.now()
            )

    @pytest.mark.parametrize("ahead", [timedelta(days=-3), timedelta(minutes=4)])
    def test_takes_what_was_sent_lately(self, url: str, calls: bool, ahead: timedelta) -> None:
        body = make_event()
        headers = sign(body, url, ahead=ahead)
        assert gateway_to(url, calls=calls).read_event(body, headers, now=clock.now())

    def test_refuses_another_body_and_another_webhook(self, url: str, calls: bool) -> None:
        body = make_event()
        for headers in (
            {},
            sign(make_event(id="WH-2"), url),
            sign(body + b" ", url),
            sign(body, url, webhook_id="of-somebody-else"),
        ):
            with pytest.raises(SignatureInvalid):
                gateway_to(url, calls=calls).read_event(body, headers, now=clock.now())

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("paypal-auth-algo", "SHA1withRSA"),
            ("paypal-cert-url", "https://evil.example/v1/notifications/certs/CERT-1"),
            ("paypal-cert-url", "http://127.0.0.1:9/v1/notifications/certs/CERT-1"),
            ("paypal-transmission-sig", "é"),
            ("paypal-transmission-sig", "AAAA"),
            ("paypal-transmission-id", "another"),
            ("paypal-transmission-time", "now"),
        ],
    )
    def test_refuses_headers_that_sign_nothing(
        self, url: str, calls: bool, name: str, value: str
    ) -> None:
        body = make_event()
        headers = {**sign(body, url), name: value}
        with pytest.raises(SignatureInvalid):
            gateway_to(url, calls=calls).read_event(body, headers, now=clock.now())

    def test_refuses_a_certificate_that_is_not_there(self, url: str, calls: bool) -> None:
        body = make_event()
        elsewhere = f"{url}/v1/notifications/certs/CERT-1"
        headers = {**sign(body, url), "paypal-cert-url": elsewhere}
        with pytest.raises(SignatureInvalid):
            gateway_to(url, calls=calls).read_event(body, headers, now=clock.now())

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"[1]",
            b"{}",
            b"null",
            b"not json",
            b'"text"',
            b"\xff\xfe",
            b"[" * 100_000,
            make_event(id="left out"),
            make_event(id=""),
            make_event(id=7),
            make_event(event_type="left out"),
            make_event(event_type=None),
            make_event(resource="left out"),
            make_event(resource="CAP"),
            make_event() + b', "webhook_id": "x"',
        ],
    )
    def test_refuses_signed_bodies_that_are_no_event(
        self, url: str, calls: bool, body: bytes
    ) -> None:
        with pytest.raises(SignatureInvalid):
            gateway_to(url, calls=calls).read_event(body, sign(body, url), now=clock.now())

    def test_takes_nothing_without_a_webhook(self, url: str, calls: bool) -> None:
        body = make_event()
        closed = gateway_to(url, webhook_id="", calls=calls)
        with pytest.raises(SignatureInvalid):
            closed.read_event(body, sign(body, url, webhook_id=""), now=datetime.now(UTC))

    def test_comes_back_when_paypal_is_away(self, url: str, calls: bool) -> None:
        body = make_event()
        away = "http://127.0.0.1:9"
        with pytest.raises(ProviderUnreachable):
            gateway_to(away, calls=calls).read_event(body, sign(body, away), now=clock.now())
