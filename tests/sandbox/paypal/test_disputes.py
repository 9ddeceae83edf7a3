"""Disputes: money that PayPal holds until it has decided, and takes away or leaves."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from paypalserversdk.exceptions.error_exception import ErrorException

from tests.sandbox.buying import (
    approve,
    capture,
    events,
    open_order,
    page_of,
    refund,
    taken,
    token_for,
)

DISPUTES = "/v1/customer/disputes"
MONEY = {"currency_code": str, "value": str}
FIVE = {"currency_code": "USD", "value": "5.00"}
# What PayPal's own description of its Disputes API (openapi/customer_disputes_v1.json of
# paypal/paypal-rest-api-specifications, 1.10) says of a dispute, as far as the stand-in has it;
# PayPal's SDK has no models to hold it against.
DOCUMENTED: dict[str, Any] = {
    "dispute_id": str,
    "create_time": str,
    "update_time": str,
    "disputed_transactions": [
        {
            "seller_transaction_id": str,
            "create_time": str,
            "transaction_status": {
                "COMPLETED", "UNCLAIMED", "DENIED", "FAILED", "HELD", "PENDING",
                "PARTIALLY_REFUNDED", "REFUNDED", "REVERSED", "CANCELLED",
            },
            "gross_amount": MONEY,
            "invoice_number": str,
            "custom": str,
            "buyer": {"name": str},
            "seller": {"email": str, "merchant_id": str, "name": str},
        }
    ],
    "reason": {
        "MERCHANDISE_OR_SERVICE_NOT_RECEIVED", "MERCHANDISE_OR_SERVICE_NOT_AS_DESCRIBED",
        "UNAUTHORISED", "CREDIT_NOT_PROCESSED", "DUPLICATE_TRANSACTION", "INCORRECT_AMOUNT",
        "PAYMENT_BY_OTHER_MEANS", "CANCELED_RECURRING_BILLING", "PROBLEM_WITH_REMITTANCE", "OTHER",
    },
    "status": {
        "OPEN", "WAITING_FOR_BUYER_RESPONSE", "WAITING_FOR_SELLER_RESPONSE", "UNDER_REVIEW",
        "RESOLVED", "OTHER",
    },
    "dispute_state": {
        "OPEN_INQUIRIES", "REQUIRED_ACTION", "REQUIRED_OTHER_PARTY_ACTION", "UNDER_PAYPAL_REVIEW",
        "APPEALABLE", "RESOLVED",
    },
    "dispute_amount": MONEY,
    "dispute_outcome": {
        "outcome_code": {
            "RESOLVED_BUYER_FAVOUR", "RESOLVED_SELLER_FAVOUR", "RESOLVED_WITH_PAYOUT",
            "CANCELED_BY_BUYER", "ACCEPTED", "DENIED", "NONE",
        },
        "amount_refunded": MONEY,
    },
    "dispute_life_cycle_stage": {"INQUIRY", "CHARGEBACK", "PRE_ARBITRATION", "ARBITRATION"},
    "dispute_channel": {"INTERNAL", "EXTERNAL", "ALERT"},
    "messages": [{"posted_by": str, "time_posted": str, "content": str}],
    "seller_response_due_date": str,
    "links": [{"href": str, "rel": str, "method": str}],
}  # fmt: skip


def differences(value: object, shape: object, path: str = "dispute") -> Iterator[str]:
    """Say where an object is not as it is documented."""
    if isinstance(shape, dict) and isinstance(value, dict):
        yield from (f"{path}.{name} is unknown" for name in value.keys() - shape.keys())
        for name in value.keys() & shape.keys():
            yield from differences(value[name], shape[name], f"{path}.{name}")
    elif isinstance(shape, list) and isinstance(value, list):
        for inner in value:
            yield from differences(inner, shape[0], path)
    elif isinstance(shape, set):
        if value not in shape:
            yield f"{path} is {value!r}"
    elif not (isinstance(shape, type) and isinstance(value, shape)):
        yield f"{path} is {value!r}"


def ask(url: str, path: str, **query: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {token_for(url)}"}
    return requests.get(f"{url}{path}", params=query, headers=headers, timeout=10)


def press(url: str, what: str, **fields: str) -> requests.Response:
    return requests.post(f"{url}/sandbox/paypal/{what}", data=fields, timeout=10)


def about(url: str, capture_id: str) -> dict[str, Any]:
    """Return the newest dispute about a capture, which has to be as it is documented."""
    listed = ask(url, DISPUTES, disputed_transaction_id=capture_id).json()
    for each in listed["items"]:
        assert list(differences(each, DOCUMENTED)) == []
    found = ask(url, f"{DISPUTES}/{listed['items'][0]['dispute_id']}").json()
    assert list(differences(found, DOCUMENTED)) == []
    assert found.items() >= listed["items"][0].items()
    return found


def newest_types(url: str, count: int) -> list[str]:
    return [each["event_type"] for each in events(url)["events"][:count]]


@pytest.fixture
def paid(paypal) -> str:
    order = open_order(paypal, unit={"custom_id": "pay-1"})
    approve(page_of(order))
    return taken(capture(paypal, order.id)).id


def status_of(paypal, id: str) -> str:
    return paypal.payments.get_captured_payment({"capture_id": id}).body.status


class TestBegin:
    def test_holds_the_money_until_it_is_decided(self, paypal, sandbox_url: str, paid: str) -> None:
        assert press(sandbox_url, f"captures/{paid}/dispute").json() == {"done": paid}
        found = about(sandbox_url, paid)
        assert (found["status"], found["dispute_amount"]["value"]) == (
            "WAITING_FOR_SELLER_RESPONSE",
            "20.00",
        )
        (transaction,) = found["disputed_transactions"]
        assert (transaction["seller_transaction_id"], transaction["custom"]) == (paid, "pay-1")
        assert status_of(paypal, paid) == "COMPLETED"
        newest = events(sandbox_url)["events"][0]
        assert (newest["event_type"], newest["resource_type"]) == (
            "CUSTOMER.DISPUTE.CREATED",
            "dispute",
        )
        assert newest["resource"] == found

    def test_may_follow_the_payment_at_once(self, paypal, sandbox_url: str) -> None:
        order = open_order(paypal)
        approve(page_of(order), "dispute")
        assert about(sandbox_url, taken(capture(paypal, order.id)).id)["status"] != "RESOLVED"

    @pytest.mark.parametrize("amount", ["2001", "0", "-1", "1.5", "x"])
    def test_is_about_no_more_than_was_paid(self, sandbox_url: str, paid: str, amount: str) -> None:
        refused = press(sandbox_url, f"captures/{paid}/dispute", amount=amount)
        assert refused.status_code in (400, 422)
        assert ask(sandbox_url, DISPUTES, disputed_transaction_id=paid).json()["items"] == []

    def test_begins_once_at_a_time(self, sandbox_url: str, paid: str) -> None:
        statuses = [press(sandbox_url, f"captures/{paid}/dispute").status_code for _ in range(2)]
        assert statuses == [202, 422]

    def test_is_about_what_is_left(self, paypal, sandbox_url: str, paid: str) -> None:
        refund(paypal, paid, body={"amount": FIVE})
        press(sandbox_url, f"captures/{paid}/dispute")
        assert about(sandbox_url, paid)["dispute_amount"]["value"] == "15.00"


class TestDecide:
    @pytest.fixture
    def dispute(self, sandbox_url: str, paid: str) -> str:
        press(sandbox_url, f"captures/{paid}/dispute", amount="500")
        return about(sandbox_url, paid)["dispute_id"]

    @pytest.mark.parametrize(
        ("decision", "expected"),
        [
            ("won", {"outcome_code": "RESOLVED_SELLER_FAVOUR"}),
            ("payout", {"outcome_code": "RESOLVED_WITH_PAYOUT", "amount_refunded": FIVE}),
            ("cancel", {"outcome_code": "CANCELED_BY_BUYER"}),
        ],
    )
    def test_leaves_the_money_where_it_is(
        self, sandbox_url: str, paid: str, dispute: str, decision: str, expected: dict[str, Any]
    ) -> None:
        assert press(sandbox_url, f"disputes/{dispute}/{decision}").status_code == 202
        found = about(sandbox_url, paid)
        assert (found["status"], found["dispute_outcome"]) == ("RESOLVED", expected)
        assert found["disputed_transactions"][0]["transaction_status"] == "COMPLETED"
        assert newest_types(sandbox_url, 1) == ["CUSTOMER.DISPUTE.RESOLVED"]

    def test_reverses_what_is_lost(self, paypal, sandbox_url: str, paid: str, dispute: str) -> None:
        press(sandbox_url, f"disputes/{dispute}/lost")
        found = about(sandbox_url, paid)
        assert found["dispute_outcome"]["outcome_code"] == "RESOLVED_BUYER_FAVOUR"
        assert found["disputed_transactions"][0]["transaction_status"] == "REVERSED"
        assert status_of(paypal, paid) == "PARTIALLY_REFUNDED"
        resolved, reversed_ = events(sandbox_url)["events"][:2]
        assert resolved["event_type"] == "CUSTOMER.DISPUTE.RESOLVED"
        assert (reversed_["event_type"], reversed_["resource_type"]) == (
            "PAYMENT.CAPTURE.REVERSED",
            "refund",
        )
        made = paypal.payments.get_refund({"refund_id": reversed_["resource"]["id"]}).body
        assert (made.amount.value, made.note_to_payer) == ("5.00", "Payment reversed")

    def test_happens_once(self, sandbox_url: str, dispute: str) -> None:
        press(sandbox_url, f"disputes/{dispute}/won")
        for act in ("won", "lost", "review"):
            assert press(sandbox_url, f"disputes/{dispute}/{act}").status_code == 422

    def test_may_take_a_look_first(self, sandbox_url: str, paid: str, dispute: str) -> None:
        press(sandbox_url, f"disputes/{dispute}/review")
        assert about(sandbox_url, paid)["status"] == "UNDER_REVIEW"
        assert newest_types(sandbox_url, 1) == ["CUSTOMER.DISPUTE.UPDATED"]

    def test_knows_what_does_not_exist(self, sandbox_url: str, dispute: str) -> None:
        assert press(sandbox_url, "disputes/PP-D-0/won").status_code == 404
        assert press(sandbox_url, "captures/NOTHING/dispute").status_code == 404
        assert press(sandbox_url, f"disputes/{dispute}/steal").status_code == 404

    def test_lets_the_merchant_give_back_everything_or_nothing(
        self, paypal, sandbox_url: str, paid: str, dispute: str
    ) -> None:
        with pytest.raises(ErrorException) as refused:
            refund(paypal, paid, body={"amount": FIVE})
        assert refused.value.details[0].issue == "TRANSACTION_DISPUTED"
        refund(paypal, paid)
        found = about(sandbox_url, paid)
        assert found["dispute_outcome"]["outcome_code"] == "RESOLVED_BUYER_FAVOUR"
        assert newest_types(sandbox_url, 2) == [
            "CUSTOMER.DISPUTE.RESOLVED",
            "PAYMENT.CAPTURE.REFUNDED",
        ]


class TestIndex:
    def test_gives_a_page_newest_first(self, paypal, sandbox_url: str, paid: str) -> None:
        press(sandbox_url, f"captures/{paid}/dispute")
        newest = about(sandbox_url, paid)["dispute_id"]
        (first,) = ask(sandbox_url, DISPUTES, page_size="1").json()["items"]
        assert first["dispute_id"] == newest and "disputed_transactions" not in first

    @pytest.mark.parametrize(
        "query", [{"page_size": "0"}, {"page_size": "51"}, {"page_size": "x"}, {"colour": "blue"}]
    )
    def test_refuses_what_it_does_not_know(self, sandbox_url: str, query: dict[str, str]) -> None:
        assert ask(sandbox_url, DISPUTES, **query).status_code == 400

    @pytest.mark.parametrize("path", [DISPUTES, f"{DISPUTES}/PP-D-0"])
    def test_lets_nobody_in_without_a_token(self, sandbox_url: str, path: str) -> None:
        assert requests.get(f"{sandbox_url}{path}", timeout=10).status_code == 401
        assert ask(sandbox_url, f"{DISPUTES}/PP-D-0").status_code == 404
