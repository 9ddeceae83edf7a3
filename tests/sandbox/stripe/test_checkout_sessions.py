"""Checkout Sessions through the SDK: what opens one, what is refused, how one ends."""

import time

import pytest
import stripe

from tests.sandbox.shopping import GOOD_CARD, open_session, pay, session_params

HALF_AN_HOUR = 30 * 60
A_DAY = 24 * 60 * 60


def refusal(api: stripe.StripeClient, **changes: object) -> stripe.InvalidRequestError:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        api.v1.checkout.sessions.create(params=session_params(**changes))
    assert refused.value.http_status == 400
    return refused.value


def price_data(**changes: object) -> list[dict]:
    base = {"currency": "usd", "unit_amount": 2000, "product_data": {"name": "Extra tokens"}}
    return [{"price_data": base | changes}]


class TestCreate:
    def test_opens_a_session_with_what_was_sent(self, api, customer) -> None:
        session = open_session(
            api,
            customer=customer.id,
            client_reference_id="pay-1",
            metadata={"payment_id": "pay-1", "größe": "ß&=[]+ %"},
            line_items=[
                {
                    "quantity": 3,
                    "price_data": {
                        "currency": "USD",
                        "unit_amount": 250,
                        "product_data": {"name": "Tokens, “extra”"},
                    },
                },
                *price_data(),
            ],
        )
        assert session.id.startswith("cs_test_") and session.url.endswith(f"/c/pay/{session.id}")
        assert (session.status, session.payment_status) == ("open", "unpaid")
        assert (session.amount_total, session.currency) == (2750, "usd")
        assert session.client_reference_id == "pay-1" and session.customer == customer.id
        assert session.metadata.to_dict() == {"payment_id": "pay-1", "größe": "ß&=[]+ %"}
        assert session.payment_intent is None and session.livemode is False
        items = api.v1.checkout.sessions.line_items.list(session.id)
        shown = [(item.description, item.quantity, item.amount_total) for item in items.data]
        assert shown == [("Tokens, “extra”", 3, 750), ("Extra tokens", 1, 2000)]

    def test_lives_a_day_if_nothing_is_said(self, api) -> None:
        assert open_session(api).expires_at == pytest.approx(time.time() + A_DAY, abs=5)

    @pytest.mark.parametrize("seconds", [HALF_AN_HOUR, A_DAY])
    def test_lives_from_half_an_hour_to_a_day(self, api, seconds: int) -> None:
        expires_at = int(time.time()) + seconds
        assert open_session(api, expires_at=expires_at).expires_at == expires_at

    @pytest.mark.parametrize("seconds", [-1, 0, HALF_AN_HOUR - 60, A_DAY + 60])
    def test_refuses_another_end(self, api, seconds: int) -> None:
        assert refusal(api, expires_at=int(time.time()) + seconds).param == "expires_at"

    def test_refuses_less_than_a_card_is_charged(self, api) -> None:
        assert refusal(api, line_items=price_data(unit_amount=49)).code == "amount_too_small"
        session = open_session(api, line_items=price_data(unit_amount=50))
        assert session.amount_total == 50

    def test_refuses_more_than_a_card_is_charged(self, api) -> None:
        items = price_data(unit_amount=99_999_999)
        assert open_session(api, line_items=items).amount_total == 99_999_999
        assert refusal(api, line_items=items + price_data()).code == "amount_too_large"

    def test_knows_the_minimum_of_each_currency(self, api) -> None:
        pounds = price_data(currency="gbp", unit_amount=30)
        assert open_session(api, line_items=pounds).currency == "gbp"
        yen = price_data(currency="jpy", unit_amount=49)
        assert refusal(api, line_items=yen).code == "amount_too_small"

    def test_refuses_two_currencies(self, api) -> None:
        items = price_data() + price_data(currency="eur")
        assert refusal(api, line_items=items).param == "line_items"
        assert refusal(api, currency="eur").param == "currency"

    @pytest.mark.parametrize("name", ["mode", "success_url", "line_items"])
    def test_refuses_to_do_without(self, api, name: str) -> None:
        params = session_params()
        del params[name]
        with pytest.raises(stripe.InvalidRequestError) as refused:
            api.v1.checkout.sessions.create(params=params)
        assert (refused.value.code, refused.value.param) == ("parameter_missing", name)

    @pytest.mark.parametrize(
        ("changes", "param"),
        [
            ({"success_url": "/paid"}, "success_url"),
            ({"success_url": "javascript:alert(1)"}, "success_url"),
            ({"cancel_url": "http://[bad"}, "cancel_url"),
            ({"client_reference_id": "x" * 201}, "client_reference_id"),
            ({"mode": "pay"}, "mode"),
            ({"line_items": price_data(unit_amount=-1)}, "line_items[0][price_data][unit_amount]"),
            (
                {"line_items": price_data(unit_amount=19.99)},
                "line_items[0][price_data][unit_amount]",
            ),
            ({"line_items": [{**price_data()[0], "quantity": 0}]}, "line_items[0][quantity]"),
            ({"line_items": price_data() * 101}, "line_items"),
            ({"customer": "cus_of_somebody"}, "customer"),
            ({"metadata": {"x" * 41: "1"}}, "metadata"),
            (
                {"payment_intent_data": {"metadata": {"a": "x" * 501}}},
                "payment_intent_data[metadata][a]",
            ),
        ],
    )
    def test_names_the_parameter_that_is_wrong(self, api, changes, param: str) -> None:
        assert refusal(api, **changes).param == param

    def test_refuses_a_customer_and_an_address(self, api, customer) -> None:
        refused = refusal(api, customer=customer.id, customer_email="ada@example.com")
        assert refused.param == "customer_email"

    @pytest.mark.parametrize(
        "changes",
        [
            {"mode": "subscription"},
            {"ui_mode": "embedded_page"},
            {"allowed_payment_method_types": ["sepa_debit"]},
            {"allow_promotion_codes": True},
            {"line_items": [{"price": "price_1"}]},
            {"line_items": price_data(currency="chf")},
            {"payment_intent_data": {"capture_method": "manual"}},
        ],
    )
    def test_says_what_the_sandbox_cannot_do(self, api, changes) -> None:
        assert refusal(api, **changes).code == "sandbox_unsupported"


class TestFind:
    def test_retrieves_a_session(self, api) -> None:
        session = open_session(api)
        assert api.v1.checkout.sessions.retrieve(session.id).to_dict() == session.to_dict()

    def test_says_that_there_is_none(self, api) -> None:
        with pytest.raises(stripe.InvalidRequestError) as refused:
            api.v1.checkout.sessions.retrieve("cs_test_nothing")
        assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")

    def test_expands_what_belongs_to_it(self, api) -> None:
        session = open_session(api)
        pay(session.url, GOOD_CARD)
        found = api.v1.checkout.sessions.retrieve(
            session.id, params={"expand": ["line_items", "payment_intent.latest_charge"]}
        )
        assert found.line_items.data[0].amount_total == 2000
        assert found.payment_intent.latest_charge.paid is True

    def test_lists_those_of_a_customer_an_intent_or_a_status(self, api, customer) -> None:
        open_session(api)
        first, second = (open_session(api, customer=customer.id) for _ in range(2))
        pay(second.url, GOOD_CARD)
        intent = api.v1.checkout.sessions.retrieve(second.id).payment_intent

        def listed(**params: str) -> list[str]:
            return [found.id for found in api.v1.checkout.sessions.list(params=params).data]

        assert listed(customer=customer.id) == [second.id, first.id]
        assert listed(customer=customer.id, status="open") == [first.id]
        assert listed(payment_intent=intent) == [second.id]


class TestExpire:
    def test_closes_an_open_session(self, api) -> None:
        session = open_session(api)
        closed = api.v1.checkout.sessions.expire(session.id)
        assert (closed.status, closed.url, closed.payment_status) == ("expired", None, "unpaid")

    def test_refuses_one_that_is_closed_or_paid(self, api) -> None:
        expired, paid = open_session(api), open_session(api)
        api.v1.checkout.sessions.expire(expired.id)
        pay(paid.url, GOOD_CARD)
        for session in (expired, paid):
            with pytest.raises(stripe.InvalidRequestError, match="open"):
                api.v1.checkout.sessions.expire(session.id)
        assert api.v1.checkout.sessions.retrieve(paid.id).status == "complete"
