"""Webhooks over HTTP: signed so that the SDK takes them, repeated until they are taken."""

import json
import time

import pytest
import requests
import stripe

from app.sandbox.paypal.signing import signed_text, signer
from tests.sandbox import buying
from tests.sandbox.conftest import SECRET
from tests.sandbox.receiver import Receiver, Webhook, until
from tests.sandbox.shopping import client_of, open_session, pay


def event_of(webhook: Webhook) -> stripe.Event:
    return stripe.Webhook.construct_event(webhook.body, webhook.signature, SECRET)


def types(webhooks: list[Webhook]) -> list[str]:
    return sorted(event_of(webhook).type for webhook in webhooks)


def pending(api: stripe.StripeClient) -> list[str]:
    waiting = api.v1.events.list(params={"delivery_success": False})
    return [event.type for event in waiting.data]


def turn(url: str, **knobs: object) -> None:
    requests.post(f"{url}/sandbox/knobs", json=knobs, timeout=10).raise_for_status()


class TestSend:
    def test_tells_what_happened_to_a_session(self, serve, receiver: Receiver) -> None:
        api = client_of(serve())
        session = open_session(api, metadata={"name": "Zoë"}, client_reference_id="pay-1")
        pay(session.url)
        webhooks = receiver.wait_for(4)
        assert types(webhooks) == [
            *("charge.succeeded", "checkout.session.completed"),
            *("payment_intent.created", "payment_intent.succeeded"),
        ]
        found = {event_of(webhook).type: event_of(webhook) for webhook in webhooks}
        completed = found["checkout.session.completed"].data.object
        assert (completed.id, completed.payment_status) == (session.id, "paid")
        assert completed.metadata["name"] == "Zoë"
        until(lambda: pending(api) == [])

    def test_posts_to_the_whole_address(self, serve, receiver: Receiver) -> None:
        client_of(serve()).v1.customers.create(params={})
        webhook = receiver.wait_for(1)[0]
        assert webhook.path == "/webhooks/stripe?from=sandbox"
        assert webhook.content_type == "application/json; charset=utf-8"
        assert json.loads(webhook.body)["pending_webhooks"] == 1

    def test_signs_the_very_bytes_with_the_secret(self, serve, receiver: Receiver) -> None:
        client_of(serve()).v1.customers.create(params={"name": "Zoë"})
        webhook = receiver.wait_for(1)[0]
        text = webhook.body.decode()
        assert stripe.WebhookSignature.verify_header(text, webhook.signature, SECRET, 300)
        rewritten = json.dumps(json.loads(text))
        for body, secret in ((text, "whsec_another"), (rewritten, SECRET), (f"{text} ", SECRET)):
            with pytest.raises(stripe.SignatureVerificationError):
                stripe.WebhookSignature.verify_header(body, webhook.signature, secret, 300)

    def test_sends_nothing_without_an_endpoint(self, serve, receiver: Receiver) -> None:
        url = serve(webhook_url="", webhook_secret="")
        made = client_of(url).v1.customers.create(params={})
        event = client_of(url).v1.events.list().data[0]
        assert (event.data.object.id, event.pending_webhooks) == (made.id, 0)
        assert requests.post(f"{url}/sandbox/events/{event.id}/send", timeout=10).status_code == 409


class TestRetry:
    @pytest.mark.parametrize("status", [500, 400, 404, 302])
    def test_tries_again_until_it_is_taken(self, serve, receiver, status: int) -> None:
        receiver.statuses = [status, status]
        api = client_of(serve())
        api.v1.customers.create(params={})
        webhooks = receiver.wait_for(3)
        assert len({event_of(webhook).id for webhook in webhooks}) == 1
        until(lambda: pending(api) == [])
        time.sleep(0.2)
        assert len(receiver.received) == 3

    def test_signs_anew_each_time(self, serve, receiver: Receiver) -> None:
        receiver.statuses = [500]
        ahead = [0]
        url = serve(clock=lambda: time.time() + ahead[0], webhook_retry_seconds=(2,))
        client_of(url).v1.customers.create(params={})
        receiver.wait_for(1)
        ahead[0] = 2
        first, second = receiver.wait_for(2)
        assert first.signature != second.signature
        assert event_of(first).id == event_of(second).id

    def test_gives_up_in_the_end_but_not_for_ever(self, serve, receiver: Receiver) -> None:
        receiver.statuses = [500] * 4
        url = serve()
        api = client_of(url)
        api.v1.customers.create(params={})
        receiver.wait_for(4)
        until(lambda: "given up (500, attempt 4)" in requests.get(f"{url}/sandbox").text)
        assert pending(api) == ["customer.created"]
        event = api.v1.events.list().data[0]
        sent = requests.post(f"{url}/sandbox/events/{event.id}/send", timeout=10)
        assert sent.status_code == 202 and sent.json() == {"sent": event.id}
        assert event_of(receiver.wait_for(5)[4]).id == event.id
        until(lambda: pending(api) == [])

    def test_survives_an_endpoint_that_is_away(self, serve, receiver: Receiver) -> None:
        url = serve(webhook_url="http://127.0.0.1:9/")
        api = client_of(url)
        api.v1.customers.create(params={})
        until(lambda: "given up (no answer" in requests.get(f"{url}/sandbox").text)
        assert pending(api) == ["customer.created"]


class TestKnobs:
    def test_drops_what_is_to_be_dropped(self, serve, receiver: Receiver) -> None:
        url = serve()
        api = client_of(url)
        turn(url, webhooks="drop")
        lost = api.v1.customers.create(params={})
        turn(url, webhooks="send")
        api.v1.customers.create(params={})
        webhooks = receiver.wait_for(1)
        time.sleep(0.4)
        assert len(receiver.received) == 1
        assert event_of(webhooks[0]).data.object.id != lost.id
        assert pending(api) == ["customer.created"]
        assert "dropped" in requests.get(f"{url}/sandbox").text

    def test_holds_what_is_to_be_held(self, serve, receiver: Receiver) -> None:
        url = serve()
        turn(url, webhooks="hold")
        session = open_session(client_of(url))
        pay(session.url)
        time.sleep(0.5)
        assert receiver.received == []
        turn(url, webhooks="send")
        assert len(receiver.wait_for(4)) == 4

    def test_sends_some_twice(self, serve, receiver: Receiver) -> None:
        url = serve()
        turn(url, webhook_copies=3)
        client_of(url).v1.customers.create(params={})
        assert len({event_of(webhook).id for webhook in receiver.wait_for(3)}) == 1

    def test_sends_late(self, serve, receiver: Receiver) -> None:
        url = serve()
        turn(url, webhook_delay_seconds=1)
        began = time.monotonic()
        client_of(url).v1.customers.create(params={})
        receiver.wait_for(1)
        assert time.monotonic() - began > 0.9


class TestPayPal:
    def test_tells_what_happened_to_an_order(self, serve, receiver: Receiver) -> None:
        url = serve(paypal_webhook_url=receiver.url, paypal_webhook_id="WEBHOOK-1")
        client = buying.client_of(url)
        order = buying.open_order(client, unit={"description": "Zoë"})
        buying.approve(buying.page_of(order))
        (webhook,) = receiver.wait_for(1)
        event = json.loads(webhook.body)
        assert event["event_type"] == "CHECKOUT.ORDER.APPROVED"
        assert event["resource"]["id"] == order.id
        assert signed_by_paypal(webhook, "WEBHOOK-1")
        assert not signed_by_paypal(webhook, "WEBHOOK-2")
        until(lambda: "delivered (200, attempt 1)" in requests.get(f"{url}/sandbox").text)

    def test_signs_anew_until_it_is_taken(self, serve, receiver: Receiver) -> None:
        receiver.statuses = [500, 302]
        url = serve(paypal_webhook_url=receiver.url)
        buying.approve(buying.page_of(buying.open_order(buying.client_of(url))))
        webhooks = receiver.wait_for(3)
        assert len({json.loads(webhook.body)["id"] for webhook in webhooks}) == 1
        assert len({each.headers["paypal-transmission-sig"] for each in webhooks}) == 3
        assert all(signed_by_paypal(each, "paypal_sandbox") for each in webhooks)

    def test_has_the_same_knobs(self, serve, receiver: Receiver) -> None:
        url = serve(paypal_webhook_url=receiver.url)
        client = buying.client_of(url)
        turn(url, webhooks="drop")
        lost = buying.open_order(client)
        buying.approve(buying.page_of(lost))
        turn(url, webhooks="send", webhook_copies=2)
        buying.approve(buying.page_of(buying.open_order(client)))
        assert lost.id.encode() not in b"".join(each.body for each in receiver.wait_for(2))
        event = next(e for e in buying.events(url)["events"] if e["resource"]["id"] == lost.id)
        sent = requests.post(f"{url}/sandbox/events/{event['id']}/send", timeout=10)
        assert sent.status_code == 202
        assert lost.id.encode() in receiver.wait_for(3)[2].body

    def test_sends_nothing_without_an_endpoint(self, serve, receiver: Receiver) -> None:
        url = serve()
        buying.approve(buying.page_of(buying.open_order(buying.client_of(url))))
        event = buying.events(url)["events"][0]
        again = requests.post(f"{url}/sandbox/events/{event['id']}/send", timeout=10)
        assert again.status_code == 409 and receiver.received == []


def signed_by_paypal(webhook: Webhook, webhook_id: str) -> bool:
    told = webhook.headers
    signed = signed_text(
        told["paypal-transmission-id"],
        told["paypal-transmission-time"],
        webhook_id,
        webhook.body,
    )
    return signer().has_signed(signed, told["paypal-transmission-sig"])
