"""Disputes: money that its owner's bank takes back, until it has decided."""

import pytest
import stripe

from tests.sandbox.shopping import open_session, pay, post

DISPUTED = "4000000000000259"


def types_since(api: stripe.StripeClient, event_id: str) -> list[str]:
    newer = api.v1.events.list(params={"ending_before": event_id, "limit": 100}).data
    return [event.type for event in reversed(newer)]


def newest_event(api: stripe.StripeClient) -> str:
    return api.v1.events.list(params={"limit": 1}).data[0].id


@pytest.fixture
def intent(api) -> stripe.PaymentIntent:
    session = open_session(api)
    assert pay(session.url, DISPUTED).status_code == 303
    paid = api.v1.checkout.sessions.retrieve(session.id, params={"expand": ["payment_intent"]})
    return paid.payment_intent


@pytest.fixture
def dispute(api, intent) -> stripe.Dispute:
    (dispute,) = api.v1.disputes.list(params={"payment_intent": intent.id}).data
    return dispute


def test_begin_after_the_payment(api, intent, dispute) -> None:
    assert intent.status == "succeeded"
    assert (dispute.amount, dispute.status, dispute.reason) == (
        2000,
        "needs_response",
        "fraudulent",
    )
    assert api.v1.charges.retrieve(dispute.charge).disputed
    created, withdrawn = (
        api.v1.events.list(params={"type": f"charge.dispute.{what}", "limit": 1}).data[0]
        for what in ("created", "funds_withdrawn")
    )
    assert created.data.object.id == withdrawn.data.object.id == dispute.id


def test_stop_refunds(api, intent, dispute) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        api.v1.refunds.create(params={"payment_intent": intent.id})
    assert refused.value.code == "charge_disputed"


@pytest.mark.parametrize(
    ("decision", "types"),
    [
        ("won", ["charge.dispute.closed", "charge.dispute.funds_reinstated"]),
        ("lost", ["charge.dispute.closed"]),
    ],
)
def test_are_decided_once_by_the_bank(api, dispute, sandbox_url, decision, types) -> None:
    before = newest_event(api)
    assert post(f"{sandbox_url}/sandbox/disputes/{dispute.id}/{decision}", a="").status_code == 303
    assert api.v1.disputes.retrieve(dispute.id).status == decision
    assert types_since(api, before) == types
    assert post(f"{sandbox_url}/sandbox/disputes/{dispute.id}/won", a="").status_code == 400


def test_can_be_given_up(api, dispute) -> None:
    assert api.v1.disputes.close(dispute.id).status == "lost"


def test_are_begun_by_hand_too(api, sandbox_url) -> None:
    session = open_session(api)
    pay(session.url)
    (charge,) = api.v1.charges.list(params={"limit": 1}).data
    contest = f"{sandbox_url}/sandbox/charges/{charge.id}/dispute"
    assert post(contest, a="").status_code == 303
    assert post(contest, a="").status_code == 400
    assert len(api.v1.disputes.list(params={"charge": charge.id}).data) == 1
