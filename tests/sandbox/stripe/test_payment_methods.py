"""Cards: saved for a customer, found again, taken away."""

import pytest
import stripe


def attach(api: stripe.StripeClient, token: str, customer: stripe.Customer) -> stripe.PaymentMethod:
    return api.v1.payment_methods.attach(token, params={"customer": customer.id})


def test_saves_a_card_for_a_customer(api, customer) -> None:
    method = attach(api, "pm_card_mastercard", customer)
    assert (method.customer, method.card.brand, method.card.last4) == (
        customer.id,
        "mastercard",
        "4444",
    )
    assert attach(api, method.id, customer).id == method.id
    assert api.v1.payment_methods.retrieve(method.id).customer == customer.id


def test_finds_the_cards_of_a_customer(api, customer) -> None:
    first, second = attach(api, "pm_card_visa", customer), attach(api, "pm_card_visa", customer)
    attach(api, "pm_card_visa", api.v1.customers.create(params={}))
    by_filter = api.v1.payment_methods.list(params={"customer": customer.id, "type": "card"})
    by_address = api.v1.customers.payment_methods.list(customer.id)
    for page in (by_filter, by_address):
        assert [method.id for method in page.data] == [second.id, first.id]
    other = api.v1.payment_methods.list(params={"customer": customer.id, "type": "sepa_debit"})
    assert other.data == []


def test_refuses_to_save_a_card_that_the_bank_declines(api, customer) -> None:
    with pytest.raises(stripe.CardError) as declined:
        attach(api, "pm_card_chargeDeclinedInsufficientFunds", customer)
    assert declined.value.error.decline_code == "insufficient_funds"
    assert api.v1.customers.payment_methods.list(customer.id).data == []


def test_takes_a_card_away_once_and_for_all(api, customer) -> None:
    method = attach(api, "pm_card_visa", customer)
    default = {"invoice_settings": {"default_payment_method": method.id}}
    api.v1.customers.update(customer.id, params=default)
    assert api.v1.payment_methods.detach(method.id).customer is None
    settings = api.v1.customers.retrieve(customer.id).invoice_settings
    assert settings.default_payment_method is None
    with pytest.raises(stripe.InvalidRequestError, match="not attached"):
        api.v1.payment_methods.detach(method.id)
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        attach(api, method.id, customer)


def test_refuses_the_card_of_another_customer(api, customer) -> None:
    method = attach(api, "pm_card_visa", customer)
    with pytest.raises(stripe.InvalidRequestError, match="another customer"):
        attach(api, method.id, api.v1.customers.create(params={}))


@pytest.mark.parametrize(
    ("id", "params", "param"),
    [
        ("pm_card_visa", {}, "customer"),
        ("pm_card_visa", {"customer": "cus_nobody"}, "customer"),
        ("pm_nothing", None, "id"),
    ],
)
def test_names_what_is_missing(api, customer, id, params, param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        api.v1.payment_methods.attach(
            id, params={"customer": customer.id} if params is None else params
        )
    assert refused.value.param == param
