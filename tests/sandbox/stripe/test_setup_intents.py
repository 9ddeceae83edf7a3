"""Cards are saved on the page, and charged later without their owners."""

import pytest
import stripe

from tests.sandbox.shopping import CANCEL_URL, GOOD_CARD, SUCCESS_URL, pay, post, visit

BANK_ASKS_EACH_TIME, BANK_ASKS_ONCE = "4000002760003184", "4000002500003155"
SAVED_NOT_CHARGED = "4000000000000341"


@pytest.fixture
def setup(api, customer) -> stripe.checkout.Session:
    """A page on which the customer saves a card."""
    return open_setup(api, customer=customer.id)


def open_setup(api: stripe.StripeClient, **changes: object) -> stripe.checkout.Session:
    params = {
        "mode": "setup",
        "allowed_payment_method_types": ["card"],
        "metadata": {"account": "ada"},
        "setup_intent_data": {"metadata": {"account": "ada"}},
        "success_url": SUCCESS_URL,
        "cancel_url": CANCEL_URL,
        **changes,
    }
    return api.v1.checkout.sessions.create(params=params)


def refresh(api: stripe.StripeClient, session) -> stripe.checkout.Session:
    expand = {"expand": ["setup_intent.payment_method"]}
    return api.v1.checkout.sessions.retrieve(session.id, params=expand)


def charge(api: stripe.StripeClient, customer, method) -> stripe.PaymentIntent:
    return api.v1.payment_intents.create(
        params={
            "amount": 2500,
            "currency": "usd",
            "customer": customer.id,
            "payment_method": method.id,
            "off_session": True,
            "confirm": True,
        }
    )


def saved(api: stripe.StripeClient, customer) -> stripe.PaymentMethod:
    (method,) = api.v1.customers.payment_methods.list(customer.id).data
    return method


class TestPage:
    def test_takes_no_money(self, api, setup) -> None:
        assert (setup.status, setup.payment_status) == ("open", "no_payment_required")
        assert (setup.amount_total, setup.payment_intent) == (None, None)
        page = visit(setup.url).text
        assert "Save this card" in page and "Nothing is charged now." in page
        assert "By saving, you allow Oblivious to charge this card" in page
        assert f"?card={SAVED_NOT_CHARGED}" in page

    def test_saves_the_card_for_its_customer(self, api, customer, setup) -> None:
        answer = pay(setup.url)
        assert answer.status_code == 303 and setup.id in answer.headers["Location"]
        done = refresh(api, setup)
        assert (done.status, done.payment_status) == ("complete", "no_payment_required")
        assert done.setup_intent.status == "succeeded"
        assert done.setup_intent.metadata.to_dict() == {"account": "ada"}
        method = done.setup_intent.payment_method
        assert (method.customer, method.card.last4) == (customer.id, "4242")
        assert charge(api, customer, method).status == "succeeded"

    def test_tells_of_it(self, api, setup) -> None:
        before = api.v1.events.list(params={"limit": 1}).data[0].id
        pay(setup.url)
        newer = api.v1.events.list(params={"ending_before": before, "limit": 100}).data
        assert {"setup_intent.succeeded", "payment_method.attached"} < {e.type for e in newer}
        assert newer[0].type == "checkout.session.completed"

    def test_stays_open_when_the_bank_declines(self, api, customer, setup) -> None:
        declined = pay(setup.url, "4000000000009995")
        assert declined.status_code == 402 and "Nothing was saved." in declined.text
        tried = refresh(api, setup)
        assert (tried.status, tried.setup_intent.status) == ("open", "requires_payment_method")
        assert tried.setup_intent.last_setup_error.decline_code == "insufficient_funds"
        assert api.v1.customers.payment_methods.list(customer.id).data == []
        assert pay(setup.url, GOOD_CARD).status_code == 303

    @pytest.mark.parametrize(("answer", "status"), [("confirm", 303), ("refuse", 402)])
    def test_asks_the_holder_if_the_bank_wants(self, api, setup, answer, status) -> None:
        asked = pay(setup.url, BANK_ASKS_EACH_TIME)
        assert asked.headers["Location"] == f"{setup.url}/bank"
        assert "save this card with" in visit(asked.headers["Location"]).text
        assert post(f"{setup.url}/bank", answer=answer).status_code == status
        expected = "succeeded" if answer == "confirm" else "requires_payment_method"
        assert refresh(api, setup).setup_intent.status == expected

    @pytest.mark.parametrize(
        ("number", "code"),
        [(BANK_ASKS_EACH_TIME, "authentication_required"), (SAVED_NOT_CHARGED, "card_declined")],
    )
    def test_saves_what_is_declined_later(self, api, customer, setup, number, code) -> None:
        pay(setup.url, number)
        post(f"{setup.url}/bank", answer="confirm")
        with pytest.raises(stripe.CardError) as declined:
            charge(api, customer, saved(api, customer))
        assert declined.value.code == code

    def test_asks_once_where_once_is_enough(self, api, customer, setup) -> None:
        pay(setup.url, BANK_ASKS_ONCE)
        post(f"{setup.url}/bank", answer="confirm")
        assert charge(api, customer, saved(api, customer)).status == "succeeded"


class TestCreate:
    def test_needs_somebody_to_save_it_for(self, api) -> None:
        with pytest.raises(stripe.InvalidRequestError) as refused:
            open_setup(api)
        assert (refused.value.code, refused.value.param) == ("sandbox_unsupported", "customer")

    def test_needs_a_currency_unless_cards_are_named(self, api, customer) -> None:
        params = {"mode": "setup", "customer": customer.id, "success_url": SUCCESS_URL}
        with pytest.raises(stripe.InvalidRequestError) as refused:
            api.v1.checkout.sessions.create(params=params)
        assert refused.value.param == "currency"
        opened = api.v1.checkout.sessions.create(params={**params, "currency": "usd"})
        assert opened.currency == "usd"

    @pytest.mark.parametrize(
        "changes",
        [
            {"payment_intent_data": {"description": "x"}},
            {"submit_type": "pay"},
            {"setup_intent_data": {"colour": "blue"}},
        ],
    )
    def test_knows_no_parameters_of_payments(self, api, customer, changes) -> None:
        with pytest.raises(stripe.InvalidRequestError):
            open_setup(api, customer=customer.id, **changes)


class TestFind:
    def test_retrieves_and_lists(self, api, customer, setup) -> None:
        intent = api.v1.setup_intents.retrieve(setup.setup_intent)
        assert (intent.customer, intent.usage) == (customer.id, "off_session")
        listed = api.v1.setup_intents.list(params={"customer": customer.id}).data
        assert [each.id for each in listed] == [intent.id]
