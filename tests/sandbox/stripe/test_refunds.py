"""Refunds through the SDK: in parts, in full, never more."""

import pytest
import stripe


@pytest.fixture
def intent(api) -> stripe.PaymentIntent:
    return api.v1.payment_intents.create(
        params={
            "amount": 2500,
            "currency": "usd",
            "payment_method": "pm_card_visa",
            "confirm": True,
        }
    )


def charge_of(api: stripe.StripeClient, intent: stripe.PaymentIntent) -> stripe.Charge:
    return api.v1.charges.retrieve(intent.latest_charge)


def test_gives_back_parts_until_nothing_is_left(api, intent) -> None:
    first = api.v1.refunds.create(
        params={"payment_intent": intent.id, "amount": 1000, "metadata": {"refund_id": "9"}}
    )
    assert (first.amount, first.status, first.charge) == (1000, "succeeded", intent.latest_charge)
    assert (charge_of(api, intent).amount_refunded, charge_of(api, intent).refunded) == (
        1000,
        False,
    )
    rest = api.v1.refunds.create(params={"charge": intent.latest_charge})
    assert rest.amount == 1500
    assert (charge_of(api, intent).amount_refunded, charge_of(api, intent).refunded) == (2500, True)
    listed = api.v1.refunds.list(params={"payment_intent": intent.id}).data
    assert [refund.id for refund in listed] == [rest.id, first.id]
    assert api.v1.refunds.retrieve(first.id).metadata["refund_id"] == "9"


def test_says_by_how_much_the_charge_has_changed(api, intent) -> None:
    for amount in (1000, 1500):
        api.v1.refunds.create(params={"payment_intent": intent.id, "amount": amount})
    events = api.v1.events.list(params={"type": "charge.refunded", "limit": 2}).data
    seen = [(e.data.object.amount_refunded, e.data.previous_attributes.to_dict()) for e in events]
    assert seen == [
        (2500, {"amount_refunded": 1000, "refunded": False}),
        (1000, {"amount_refunded": 0}),
    ]


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        (2501, "amount_too_large"),
        (0, "parameter_invalid_integer"),
        (-1, "parameter_invalid_integer"),
    ],
)
def test_refuses_a_wrong_amount(api, intent, amount: int, code: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        api.v1.refunds.create(params={"payment_intent": intent.id, "amount": amount})
    assert (refused.value.code, refused.value.param) == (code, "amount")
    assert charge_of(api, intent).amount_refunded == 0


def test_refuses_what_is_given_back_already(api, intent) -> None:
    api.v1.refunds.create(params={"payment_intent": intent.id})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        api.v1.refunds.create(params={"payment_intent": intent.id})
    assert refused.value.code == "charge_already_refunded"


def test_refuses_what_was_never_paid(api) -> None:
    waiting = api.v1.payment_intents.create(params={"amount": 2500, "currency": "usd"})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        api.v1.refunds.create(params={"payment_intent": waiting.id})
    assert refused.value.code == "charge_not_refundable"
    with pytest.raises(stripe.CardError) as declined:
        api.v1.payment_intents.confirm(
            waiting.id, params={"payment_method": "pm_card_chargeDeclined"}
        )
    with pytest.raises(stripe.InvalidRequestError) as refused:
        api.v1.refunds.create(params={"charge": declined.value.error.charge})
    assert refused.value.code == "charge_not_refundable"


def test_needs_to_know_what_to_give_back(api) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        api.v1.refunds.create(params={"amount": 5})
    assert refused.value.code == "parameter_missing"
