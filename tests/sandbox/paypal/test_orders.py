"""Orders from their making to their money, and everything that is refused on the way."""

from typing import Any

import pytest
from paypalserversdk.exceptions.error_exception import ErrorException
from paypalserversdk.models.patch import Patch

from tests.sandbox.buying import (
    RETURN_URL,
    approve,
    capture,
    decide,
    events,
    open_order,
    page_of,
    refund,
    taken,
)


def issue_of(ask) -> str:
    with pytest.raises(ErrorException) as error:
        ask()
    return error.value.details[0].issue


class TestCreate:
    def test_waits_for_the_buyer(self, paypal, sandbox_url: str) -> None:
        order = open_order(paypal, unit={"custom_id": "pay-1", "invoice_id": "once-1"})
        assert order.status == "PAYER_ACTION_REQUIRED"
        assert page_of(order) == f"{sandbox_url}/checkoutnow?token={order.id}"
        (unit,) = order.purchase_units
        assert (unit.custom_id, unit.invoice_id) == ("pay-1", "once-1")
        assert (unit.amount.value, unit.amount.currency_code) == ("20.00", "USD")
        assert paypal.orders.get_order({"id": order.id}).body.id == order.id

    def test_may_do_without_a_way_back(self, paypal) -> None:
        order = open_order(paypal, payment_source=None)
        assert order.status == "CREATED"
        assert approve(page_of(order)).json() == {"status": "APPROVED"}

    @pytest.mark.parametrize(
        ("changes", "issue"),
        [
            ({"intent": "AUTHORIZE"}, "SANDBOX_UNSUPPORTED"),
            ({"purchase_units": []}, "MISSING_REQUIRED_PARAMETER"),
            ({"unit": {"amount": {"currency_code": "USD", "value": "0.00"}}}, "CANNOT_BE_ZERO"),
            ({"unit": {"amount": {"currency_code": "USD", "value": "1.999"}}}, "INVALID_PARAM"),
            ({"unit": {"amount": {"currency_code": "USD", "value": "-1.00"}}}, "INVALID_PARAM"),
            ({"unit": {"amount": {"currency_code": "XXX", "value": "1.00"}}}, "SANDBOX_UNSUPP"),
            ({"unit": {"custom_id": "x" * 256}}, "INVALID_PARAM"),
            ({"unit": {"soft_descriptor": "TOKENS"}}, "SANDBOX_UNSUPPORTED"),
        ],
    )
    def test_refuses_what_makes_no_sense(self, paypal, changes: dict[str, Any], issue: str) -> None:
        assert issue_of(lambda: open_order(paypal, **changes)).startswith(issue)

    @pytest.mark.parametrize(
        "url", ["", "nowhere", "ftp://a.b", "http://", "http://a b", "http://["]
    )
    def test_refuses_a_way_back_that_leads_nowhere(self, paypal, url: str) -> None:
        context = {"return_url": url, "cancel_url": RETURN_URL}
        source = {"paypal": {"experience_context": context}}
        assert issue_of(lambda: open_order(paypal, payment_source=source)) in (
            "INVALID_PARAMETER_SYNTAX",
            "MISSING_REQUIRED_PARAMETER",
        )


class TestPatch:
    def patch(self, paypal, order: Any, **changes: object) -> None:
        path = f"/purchase_units/@reference_id=='{order.purchase_units[0].reference_id}'/custom_id"
        change = {"op": "replace", "path": path, "value": "pay-2", **changes}
        asked = {"id": order.id, "body": [Patch.from_dictionary(change)]}
        assert paypal.orders.patch_order(asked).status_code == 204

    def test_gives_an_order_another_name(self, paypal) -> None:
        order = open_order(paypal, unit={"custom_id": "pay-1"})
        self.patch(paypal, order)
        found = paypal.orders.get_order({"id": order.id}).body
        assert found.purchase_units[0].custom_id == "pay-2"
        approve(page_of(order))
        self.patch(paypal, order, value="pay-3")
        assert taken(capture(paypal, order.id)).custom_id == "pay-3"
        assert issue_of(lambda: self.patch(paypal, order)) == "ORDER_ALREADY_COMPLETED"

    @pytest.mark.parametrize(
        "changes", [{"op": "remove"}, {"path": "/intent"}, {"value": 7}, {"value": "x" * 256}]
    )
    def test_changes_nothing_else(self, paypal, changes: dict[str, object]) -> None:
        order = open_order(paypal)
        assert issue_of(lambda: self.patch(paypal, order, **changes)) in (
            "SANDBOX_UNSUPPORTED",
            "INVALID_PARAMETER_SYNTAX",
        )


class TestCapture:
    def test_takes_the_money_once(self, paypal, sandbox_url: str) -> None:
        order = open_order(paypal, unit={"custom_id": "pay-1"})
        assert issue_of(lambda: capture(paypal, order.id)) == "ORDER_NOT_APPROVED"
        back = approve(page_of(order))
        assert back.status_code == 303
        approved = paypal.orders.get_order({"id": order.id}).body
        assert approved.status == "APPROVED"
        done = capture(paypal, order.id)
        assert (done.status, taken(done).status) == ("COMPLETED", "COMPLETED")
        assert (taken(done).amount.value, taken(done).custom_id) == ("20.00", "pay-1")
        assert issue_of(lambda: capture(paypal, order.id)) == "ORDER_ALREADY_CAPTURED"
        found = paypal.payments.get_captured_payment({"capture_id": taken(done).id}).body
        assert found.supplementary_data.related_ids.order_id == order.id
        told = [e for e in events(sandbox_url, page_size="300")["events"] if order.id in str(e)]
        assert [event["event_type"] for event in told] == [
            "CHECKOUT.ORDER.COMPLETED",
            "PAYMENT.CAPTURE.COMPLETED",
            "CHECKOUT.ORDER.APPROVED",
        ]

    def test_says_that_the_money_was_declined_until_the_buyer_chooses_anew(self, paypal) -> None:
        order = open_order(paypal)
        approve(page_of(order), "decline")
        for _ in range(2):
            assert issue_of(lambda: capture(paypal, order.id)) == "INSTRUMENT_DECLINED"
        approve(page_of(order))
        assert capture(paypal, order.id).status == "COMPLETED"

    @pytest.mark.parametrize(
        ("decision", "status", "event"),
        [("complete", "COMPLETED", "COMPLETED"), ("deny", "DECLINED", "DENIED")],
    )
    def test_may_wait_for_the_money(
        self, paypal, sandbox_url: str, decision: str, status: str, event: str
    ) -> None:
        order = open_order(paypal)
        approve(page_of(order), "pending")
        waiting = taken(capture(paypal, order.id))
        assert (waiting.status, waiting.status_details.reason) == ("PENDING", "PENDING_REVIEW")
        decide(sandbox_url, waiting.id, decision)
        decided = taken(paypal.orders.get_order({"id": order.id}).body)
        assert (decided.id, decided.status) == (waiting.id, status)
        assert not hasattr(decided, "status_details")
        newest = events(sandbox_url)["events"][0]
        assert newest["event_type"] == f"PAYMENT.CAPTURE.{event}"

    def test_takes_no_second_payment_of_an_invoice(self, paypal) -> None:
        orders = [open_order(paypal, unit={"invoice_id": "paid-once"}) for _ in range(2)]
        for order in orders:
            approve(page_of(order))
        assert capture(paypal, orders[0].id).status == "COMPLETED"
        assert issue_of(lambda: capture(paypal, orders[1].id)) == "DUPLICATE_INVOICE_ID"

    @pytest.mark.parametrize("id", ["NOTHING", "..", "%00"])
    def test_knows_what_does_not_exist(self, paypal, id: str) -> None:
        for ask in (lambda: capture(paypal, id), lambda: paypal.orders.get_order({"id": id})):
            with pytest.raises(ErrorException) as error:
                ask()
            assert error.value.response_code in (404, 405)


class TestRefund:
    @pytest.fixture
    def paid(self, paypal) -> str:
        order = open_order(paypal)
        approve(page_of(order))
        return taken(capture(paypal, order.id)).id

    def amount(self, value: str, currency: str = "USD") -> dict[str, Any]:
        return {"body": {"amount": {"currency_code": currency, "value": value}}}

    def test_gives_back_some_and_then_the_rest(self, paypal, sandbox_url: str, paid: str) -> None:
        some = refund(paypal, paid, body={"custom_id": "ref-1", **self.amount("5.00")["body"]})
        assert (some.status, some.amount.value, some.custom_id) == ("COMPLETED", "5.00", "ref-1")
        status = paypal.payments.get_captured_payment({"capture_id": paid}).body.status
        assert status == "PARTIALLY_REFUNDED"
        rest = refund(paypal, paid)
        assert rest.amount.value == "15.00"
        assert paypal.payments.get_refund({"refund_id": rest.id}).body.id == rest.id
        assert paypal.payments.get_captured_payment({"capture_id": paid}).body.status == "REFUNDED"
        assert issue_of(lambda: refund(paypal, paid)) == "CAPTURE_FULLY_REFUNDED"
        newest = events(sandbox_url)["events"][0]
        assert newest["event_type"] == "PAYMENT.CAPTURE.REFUNDED"

    @pytest.mark.parametrize(
        ("value", "currency", "issue"),
        [
            ("20.01", "USD", "REFUND_AMOUNT_EXCEEDED"),
            ("5.00", "EUR", "CURRENCY_MISMATCH"),
            ("0.00", "USD", "CANNOT_BE_ZERO_OR_NEGATIVE"),
            ("x", "USD", "INVALID_PARAMETER_SYNTAX"),
        ],
    )
    def test_gives_back_only_what_was_taken(
        self, paypal, paid: str, value: str, currency: str, issue: str
    ) -> None:
        assert issue_of(lambda: refund(paypal, paid, **self.amount(value, currency))) == issue

    def test_happens_once_for_each_request_id(self, paypal, paid: str) -> None:
        asked = {"paypal_request_id": "ref-once", **self.amount("5.00")}
        assert refund(paypal, paid, **asked).id == refund(paypal, paid, **asked).id
        assert refund(paypal, paid).amount.value == "15.00"

    def test_gives_nothing_back_of_money_that_is_not_there(self, paypal) -> None:
        order = open_order(paypal)
        approve(page_of(order), "pending")
        waiting = taken(capture(paypal, order.id)).id
        assert issue_of(lambda: refund(paypal, waiting)) == "REFUND_NOT_ALLOWED"
