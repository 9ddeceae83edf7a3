"""Payment intents through the SDK: charged without the customer, declined, cancelled."""

import pytest
import stripe

DECLINES = {
    "pm_card_chargeDeclined": ("card_declined", "generic_decline"),
    "pm_card_visa_chargeDeclined": ("card_declined", "generic_decline"),
    "pm_card_chargeDeclinedInsufficientFunds": ("card_declined", "insufficient_funds"),
    "pm_card_chargeDeclinedLostCard": ("card_declined", "lost_card"),
    "pm_card_chargeDeclinedStolenCard": ("card_declined", "stolen_card"),
    "pm_card_visa_chargeDeclinedVelocityLimitExceeded": (
        "card_declined",
        "card_velocity_exceeded",
    ),
    "pm_card_chargeDeclinedExpiredCard": ("expired_card", None),
    "pm_card_chargeDeclinedIncorrectCvc": ("incorrect_cvc", None),
    "pm_card_chargeDeclinedProcessingError": ("processing_error", None),
    "pm_card_authenticationRequired": ("authentication_required", "authentication_required"),
}


def amount(**changes: object) -> dict:
    return {"amount": 2500, "currency": "usd", **changes}


@pytest.fixture
def saved_card(api, customer) -> str:
    return api.v1.payment_methods.attach("pm_card_visa", params={"customer": customer.id}).id


class TestCreate:
    def test_only_waits_if_nothing_else_is_asked(self, api) -> None:
        intent = api.v1.payment_intents.create(params=amount(metadata={"a": "1"}))
        assert (intent.status, intent.amount_received) == ("requires_payment_method", 0)
        assert intent.client_secret.startswith(f"{intent.id}_secret_")
        assert api.v1.payment_intents.retrieve(intent.id).to_dict() == intent.to_dict()

    def test_charges_a_saved_card_without_the_customer(self, api, customer, saved_card) -> None:
        intent = api.v1.payment_intents.create(
            params=amount(
                customer=customer.id,
                payment_method=saved_card,
                off_session=True,
                confirm=True,
                metadata={"payment_id": "7"},
                expand=["latest_charge"],
            )
        )
        assert (intent.status, intent.amount_received) == ("succeeded", 2500)
        assert intent.latest_charge.customer == customer.id
        assert intent.latest_charge.metadata.to_dict() == {"payment_id": "7"}

    @pytest.mark.parametrize("token", DECLINES)
    def test_answers_a_decline_with_the_intent(self, api, token: str) -> None:
        with pytest.raises(stripe.CardError) as declined:
            api.v1.payment_intents.create(
                params=amount(payment_method=token, off_session=True, confirm=True)
            )
        error = declined.value.error
        assert declined.value.http_status == 402
        assert (error.code, getattr(error, "decline_code", None)) == DECLINES[token]
        kept = api.v1.payment_intents.retrieve(error.payment_intent.id)
        assert kept.to_dict() == error.payment_intent.to_dict()
        assert kept.status == "requires_payment_method" and kept.payment_method is None
        assert kept.last_payment_error.code == error.code
        charge = api.v1.charges.retrieve(error.charge)
        assert (charge.status, charge.paid, charge.amount_captured) == ("failed", False, 0)

    def test_declines_a_card_that_could_be_saved(self, api, customer) -> None:
        method = api.v1.payment_methods.attach(
            "pm_card_chargeCustomerFail", params={"customer": customer.id}
        )
        with pytest.raises(stripe.CardError) as declined:
            api.v1.payment_intents.create(
                params=amount(
                    customer=customer.id, payment_method=method.id, off_session=True, confirm=True
                )
            )
        assert declined.value.code == "card_declined"

    def test_waits_for_the_holder_if_there_is_one(self, api) -> None:
        intent = api.v1.payment_intents.create(
            params=amount(payment_method="pm_card_authenticationRequired", confirm=True)
        )
        assert intent.status == "requires_action" and intent.next_action is not None
        assert api.v1.payment_intents.cancel(intent.id).status == "canceled"

    @pytest.mark.parametrize(
        ("changes", "code", "param"),
        [
            ({"amount": 49}, "amount_too_small", "amount"),
            ({"amount": 0}, "parameter_invalid_integer", "amount"),
            ({"amount": -5}, "parameter_invalid_integer", "amount"),
            ({"amount": 25.5}, "parameter_invalid_integer", "amount"),
            ({"amount": 100_000_000}, "amount_too_large", "amount"),
            ({"currency": "xyz"}, "sandbox_unsupported", "currency"),
            ({"customer": "cus_nobody"}, "resource_missing", "customer"),
            ({"payment_method": "pm_nothing"}, "resource_missing", "payment_method"),
            ({"off_session": True, "payment_method": "pm_card_visa"}, None, "off_session"),
        ],
    )
    def test_refuses(self, api, changes, code, param: str) -> None:
        with pytest.raises(stripe.InvalidRequestError) as refused:
            api.v1.payment_intents.create(params=amount(**changes))
        assert (refused.value.code, refused.value.param) == (code, param)

    def test_needs_an_amount_and_a_currency(self, api) -> None:
        for name in ("amount", "currency"):
            params = amount()
            del params[name]
            with pytest.raises(stripe.InvalidRequestError) as refused:
                api.v1.payment_intents.create(params=params)
            assert (refused.value.code, refused.value.param) == ("parameter_missing", name)

    def test_refuses_a_card_of_somebody_else(self, api, saved_card) -> None:
        stranger = api.v1.customers.create(params={})
        for customer in ({}, {"customer": stranger.id}):
            with pytest.raises(stripe.InvalidRequestError) as refused:
                api.v1.payment_intents.create(params=amount(payment_method=saved_card, **customer))
            assert refused.value.param == "payment_method"

    def test_refuses_a_card_that_was_taken_away(self, api, customer, saved_card) -> None:
        api.v1.payment_methods.detach(saved_card)
        with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
            api.v1.payment_intents.create(
                params=amount(customer=customer.id, payment_method=saved_card)
            )


class TestConfirm:
    def test_charges_the_card_of_the_intent(self, api) -> None:
        intent = api.v1.payment_intents.create(params=amount(payment_method="pm_card_visa"))
        assert intent.status == "requires_confirmation"
        paid = api.v1.payment_intents.confirm(intent.id)
        assert (paid.status, paid.payment_method) == ("succeeded", intent.payment_method)

    def test_charges_another_card(self, api) -> None:
        intent = api.v1.payment_intents.create(
            params=amount(payment_method="pm_card_chargeDeclined")
        )
        with pytest.raises(stripe.CardError):
            api.v1.payment_intents.confirm(intent.id)
        with pytest.raises(stripe.InvalidRequestError, match="no payment method"):
            api.v1.payment_intents.confirm(intent.id)
        paid = api.v1.payment_intents.confirm(intent.id, params={"payment_method": "pm_card_visa"})
        assert paid.status == "succeeded"

    def test_refuses_what_is_settled(self, api) -> None:
        intent = api.v1.payment_intents.create(
            params=amount(payment_method="pm_card_visa", confirm=True)
        )
        for act in (api.v1.payment_intents.confirm, api.v1.payment_intents.cancel):
            with pytest.raises(stripe.InvalidRequestError) as refused:
                act(intent.id)
            assert refused.value.code == "payment_intent_unexpected_state"
        assert api.v1.charges.list(params={"payment_intent": intent.id}).data[0].paid


class TestCancel:
    def test_gives_up_what_is_not_paid(self, api) -> None:
        intent = api.v1.payment_intents.create(params=amount())
        canceled = api.v1.payment_intents.cancel(
            intent.id, params={"cancellation_reason": "abandoned"}
        )
        assert (canceled.status, canceled.cancellation_reason) == ("canceled", "abandoned")
        with pytest.raises(stripe.InvalidRequestError):
            api.v1.payment_intents.confirm(intent.id, params={"payment_method": "pm_card_visa"})


def test_lists_those_of_a_customer(api, customer) -> None:
    intent = api.v1.payment_intents.create(params=amount(customer=customer.id))
    found = api.v1.payment_intents.list(params={"customer": customer.id})
    assert [found.id for found in found.data] == [intent.id]
