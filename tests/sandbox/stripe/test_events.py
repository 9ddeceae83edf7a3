"""Events: which come, what they carry, how they are found again."""

import pytest
import stripe

from tests.sandbox.shopping import open_session, pay

PAID = [
    "payment_intent.created",
    "charge.succeeded",
    "payment_intent.succeeded",
    "checkout.session.completed",
]


@pytest.fixture
def since(api) -> str:
    """The newest event before the test."""
    api.v1.customers.create(params={})
    return api.v1.events.list(params={"limit": 1}).data[0].id


def types_since(api: stripe.StripeClient, event_id: str) -> list[str]:
    newer = api.v1.events.list(params={"ending_before": event_id, "limit": 100}).data
    return [event.type for event in reversed(newer)]


def test_tell_how_a_session_was_paid(api, since) -> None:
    session = open_session(api, client_reference_id="pay-1")
    pay(session.url)
    assert types_since(api, since) == PAID
    event = api.v1.events.list(params={"limit": 1}).data[0]
    assert event.data.object.client_reference_id == "pay-1"
    assert event.data.object.payment_status == "paid"
    assert event.api_version == stripe.api_version and event.request.id is None


def test_tell_that_a_card_was_declined_and_saved(api, customer, since) -> None:
    later = {"setup_future_usage": "off_session"}
    session = open_session(api, customer=customer.id, payment_intent_data=later)
    pay(session.url, "4000000000000002")
    pay(session.url)
    declined = ["payment_intent.created", "charge.failed", "payment_intent.payment_failed"]
    saved = ["charge.succeeded", "payment_method.attached", *PAID[2:]]
    assert types_since(api, since) == declined + saved


def test_tell_of_expiry_cancellation_and_refund(api, since) -> None:
    api.v1.checkout.sessions.expire(open_session(api).id)
    params = {"amount": 500, "currency": "usd", "payment_method": "pm_card_visa"}
    api.v1.payment_intents.cancel(api.v1.payment_intents.create(params=params).id)
    paid = api.v1.payment_intents.create(params={**params, "confirm": True})
    api.v1.refunds.create(params={"payment_intent": paid.id})
    assert types_since(api, since) == [
        *("checkout.session.expired", "payment_intent.created", "payment_intent.canceled"),
        *("payment_intent.created", "charge.succeeded", "payment_intent.succeeded"),
        *("charge.refunded", "refund.created"),
    ]


def test_stay_as_they_were(api, customer) -> None:
    event = api.v1.events.list(params={"type": "customer.created", "limit": 1}).data[0]
    assert event.data.object.id == customer.id
    api.v1.customers.update(customer.id, params={"name": "Countess"})
    assert api.v1.events.retrieve(event.id).data.object.name == "Ada Lovelace"
    changed = api.v1.events.list(params={"limit": 1}).data[0]
    assert changed.data.previous_attributes.to_dict() == {"name": "Ada Lovelace"}


def test_name_the_request_they_come_from(api) -> None:
    made = api.v1.customers.create(params={}, options={"idempotency_key": "events-1"})
    event = api.v1.events.list(params={"limit": 1}).data[0]
    assert event.request.id == made.last_response.request_id
    assert event.request.idempotency_key == "events-1"


def test_are_found_by_type(api, since) -> None:
    pay(open_session(api).url)

    def found(**params: object) -> list[str]:
        newer = api.v1.events.list(params={"ending_before": since, **params}).data
        return [event.type for event in newer]

    assert found(type="charge.succeeded") == ["charge.succeeded"]
    assert found(type="payment_intent.*") == [PAID[2], PAID[0]]
    assert found(types=[PAID[3], PAID[1]]) == [PAID[3], PAID[1]]
    assert found(types=["payment"]) == []
    for wrong in ({"type": "a", "types": ["b"]}, {"types": ["a"] * 21}):
        with pytest.raises(stripe.InvalidRequestError):
            found(**wrong)
