"""Parameters are held to the SDK's own description of each call."""

import pytest
import stripe
from stripe.params import CustomerUpdateParams, EventListParams, PaymentIntentCreateParams
from stripe.params.checkout import SessionCreateParams

from app.sandbox.stripe.endpoints import ENDPOINTS
from app.sandbox.stripe.parameters import checked
from app.sandbox.stripe.refusals import Refusal
from tests.sandbox.shopping import session_params

EVERYTHING = {
    *("amount", "currency", "confirm", "metadata", "mode", "line_items", "types", "expires_at"),
    *("created", "name", "customer", "delivery_success", "off_session"),
}
INTENT = {"amount": "5", "currency": "usd"}


def refusal_of(given: dict, shape: type) -> dict:
    with pytest.raises(Refusal) as refused:
        checked(given, shape, supported=EVERYTHING)
    return refused.value.error


class TestTypes:
    @pytest.mark.parametrize(
        ("given", "shape", "taken"),
        [
            (INTENT, PaymentIntentCreateParams, {"amount": 5, "currency": "usd"}),
            ({"created": {"gte": "7"}}, EventListParams, {"created": {"gte": 7}}),
            ({"created": "7"}, EventListParams, {"created": 7}),
            ({"delivery_success": "false"}, EventListParams, {"delivery_success": False}),
            ({"delivery_success": "True"}, EventListParams, {"delivery_success": True}),
            ({"types": {"0": "a", "1": "b"}}, EventListParams, {"types": ["a", "b"]}),
            ({"types": {"10": "c", "9": "b"}}, EventListParams, {"types": ["b", "c"]}),
            ({"metadata": {"0": "x"}}, CustomerUpdateParams, {"metadata": {"0": "x"}}),
            ({"metadata": ""}, CustomerUpdateParams, {"metadata": ""}),
            ({"metadata": {"a": ""}}, CustomerUpdateParams, {"metadata": {"a": ""}}),
            ({"name": ""}, CustomerUpdateParams, {"name": ""}),
        ],
    )
    def test_are_given_to_the_text(self, given: dict, shape: type, taken: dict) -> None:
        assert checked(given, shape, supported=EVERYTHING) == taken

    @pytest.mark.parametrize("off_session", ["true", "one_off"])
    def test_may_be_one_of_several(self, off_session: str) -> None:
        given = {**INTENT, "off_session": off_session}
        taken = checked(given, PaymentIntentCreateParams, supported=EVERYTHING)
        assert taken["off_session"] == (off_session if off_session == "one_off" else True)

    @pytest.mark.parametrize(
        ("given", "shape", "param"),
        [
            ({**INTENT, "amount": "5.0"}, PaymentIntentCreateParams, "amount"),
            ({**INTENT, "amount": "5e3"}, PaymentIntentCreateParams, "amount"),
            ({**INTENT, "amount": "٣"}, PaymentIntentCreateParams, "amount"),
            ({**INTENT, "amount": ""}, PaymentIntentCreateParams, "amount"),
            ({**INTENT, "amount": "9" * 19}, PaymentIntentCreateParams, "amount"),
            ({**INTENT, "amount": {"a": "5"}}, PaymentIntentCreateParams, "amount"),
            ({**INTENT, "amount": {"0": "5"}}, PaymentIntentCreateParams, "amount"),
            ({**INTENT, "confirm": "yes"}, PaymentIntentCreateParams, "confirm"),
            ({"mode": "pay"}, SessionCreateParams, "mode"),
            ({"mode": ""}, SessionCreateParams, "mode"),
            ({"line_items": "x"}, SessionCreateParams, "line_items"),
            ({"line_items": {"0": "x"}}, SessionCreateParams, "line_items[0]"),
            ({"types": {"a": "x"}}, EventListParams, "types"),
            ({"metadata": "x"}, CustomerUpdateParams, "metadata"),
            ({"metadata": {"a": {"b": "x"}}}, CustomerUpdateParams, "metadata[a]"),
        ],
    )
    def test_are_insisted_on(self, given: dict, shape: type, param: str) -> None:
        assert refusal_of(given, shape)["param"] == param


class TestNames:
    def test_have_to_be_known(self, api) -> None:
        item = session_params()["line_items"][0]
        item["price_data"]["unit_ammount"] = item["price_data"].pop("unit_amount")
        with pytest.raises(stripe.InvalidRequestError) as refused:
            api.v1.checkout.sessions.create(params=session_params(line_items=[item]))
        assert refused.value.code == "parameter_unknown"
        assert refused.value.param == "line_items[0][price_data][unit_ammount]"
        assert refused.value.param in str(refused.value)

    @pytest.mark.parametrize("name", ["api_key", "idempotency_key", "headers", "x"])
    def test_are_not_those_of_headers(self, name: str) -> None:
        error = refusal_of({**INTENT, name: "x"}, PaymentIntentCreateParams)
        assert (error["code"], error["param"]) == ("parameter_unknown", name)

    def test_that_are_required_must_be_there(self) -> None:
        item = {"price_data": {"unit_amount": "5"}}
        error = refusal_of({"line_items": {"0": item}}, SessionCreateParams)
        assert error["code"] == "parameter_missing"
        assert error["param"] == "line_items[0][price_data][currency]"

    def test_that_the_sandbox_cannot_honour_are_refused(self) -> None:
        item = {"price_data": {"currency": "usd", "tax_behavior": "inclusive"}}
        with pytest.raises(Refusal) as refused:
            checked(
                {"line_items": {"0": item}},
                SessionCreateParams,
                supported={"line_items.price_data.currency"},
            )
        assert refused.value.error["code"] == "sandbox_unsupported"
        assert refused.value.error["param"] == "line_items.price_data.tax_behavior"

    @pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda e: f"{e.method} {e.path}")
    def test_that_it_honours_exist(self, endpoint) -> None:
        """An SDK that renames a parameter is noticed."""
        known = endpoint.shape.__annotations__
        supported = {name.split(".")[0] for name in endpoint.supported}
        # Of the filters that all lists may have, not every list has each.
        assert endpoint.method == "GET" or supported <= known.keys()
