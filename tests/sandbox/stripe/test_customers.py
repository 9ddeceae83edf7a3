"""Customers through the SDK."""

import pytest
import stripe


def test_keeps_a_customer(api) -> None:
    given = {"email": "ben@example.com", "name": "Ben", "metadata": {"account": "ben"}}
    made = api.v1.customers.create(params=given)
    assert (made.email, made.name, made.metadata["account"]) == ("ben@example.com", "Ben", "ben")
    assert api.v1.customers.retrieve(made.id).to_dict() == made.to_dict()


def test_changes_what_is_given_and_leaves_the_rest(api, customer) -> None:
    update = api.v1.customers.update
    update(customer.id, params={"metadata": {"a": "1", "b": "2"}})
    changed = update(customer.id, params={"metadata": {"a": "", "c": "3"}, "name": "Countess"})
    assert changed.metadata.to_dict() == {"b": "2", "c": "3"}
    assert (changed.name, changed.email) == ("Countess", "ada@example.com")
    assert update(customer.id, params={"metadata": ""}).metadata.to_dict() == {}
    assert update(customer.id, params={"name": ""}).name is None


def test_chooses_a_default_card_of_its_own(api, customer) -> None:
    method = api.v1.payment_methods.attach("pm_card_visa", params={"customer": customer.id})

    def choose(method_id: str) -> stripe.Customer:
        settings = {"default_payment_method": method_id}
        return api.v1.customers.update(customer.id, params={"invoice_settings": settings})

    assert choose(method.id).invoice_settings.default_payment_method == method.id
    other = api.v1.customers.create(params={})
    foreign = api.v1.payment_methods.attach("pm_card_visa", params={"customer": other.id})
    for wrong in (foreign.id, "pm_nothing"):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            choose(wrong)
        assert refused.value.param == "invoice_settings[default_payment_method]"
    assert choose("").invoice_settings.default_payment_method is None


def test_finds_customers_by_address(api) -> None:
    made = api.v1.customers.create(params={"email": "only@example.com"})
    found = api.v1.customers.list(params={"email": "only@example.com"}).data
    assert [one.id for one in found] == [made.id]
