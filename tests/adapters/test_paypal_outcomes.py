"""What PayPal's objects come to, as tables of cases."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.adapters import paypal_outcomes as outcomes
from app.domain.payments.errors import OutcomeMismatch
from app.domain.payments.gateway import (
    CheckoutOrder,
    NotOurs,
    OutcomeStatus,
    PaymentOutcome,
    RefundOutcomeStatus,
    RefundsSeen,
)

NOW = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)
ENDS_AT = NOW + timedelta(hours=1)
SECOND = timedelta(seconds=1)
MARK = f"oblivious:inv-1:{int(ENDS_AT.timestamp())}"


def make_order(status: str = "APPROVED", *captures: dict[str, Any], **changes: Any) -> Any:
    unit = {
        "reference_id": MARK,
        "custom_id": "pay-1",
        "amount": {"currency_code": "USD", "value": "12.34"},
        **({"payments": {"captures": list(captures)}} if captures else {}),
        **changes,
    }
    return {"id": "ORDER", "status": status, "purchase_units": [unit]}


def make_capture(status: str = "COMPLETED", **changes: Any) -> dict[str, Any]:
    amount = {"currency_code": "USD", "value": "12.34"}
    return {"id": f"CAP-{status}", "status": status, "amount": amount, **changes}


def outcome(order: Any, *, now: datetime = NOW) -> PaymentOutcome:
    found = outcomes.outcome_of(order, now=now)
    assert isinstance(found, PaymentOutcome)
    return found


class TestOutcomeOf:
    @pytest.mark.parametrize(
        ("status", "expected"),
        [
            ("CREATED", OutcomeStatus.OPEN),
            ("SAVED", OutcomeStatus.OPEN),
            ("PAYER_ACTION_REQUIRED", OutcomeStatus.OPEN),
            ("APPROVED", OutcomeStatus.OPEN),
            ("VOIDED", OutcomeStatus.EXPIRED),
        ],
    )
    def test_of_an_order_that_took_no_money(self, status: str, expected: OutcomeStatus) -> None:
        assert outcome(make_order(status)) == PaymentOutcome(
            provider="paypal",
            payment_id="pay-1",
            reference="inv-1",
            session="ORDER",
            provider_payment=None,
            status=expected,
            amount_minor=1_234,
            currency="USD",
        )

    @pytest.mark.parametrize("status", ["CREATED", "PAYER_ACTION_REQUIRED", "APPROVED"])
    @pytest.mark.parametrize(
        ("now", "expected"),
        [
            (ENDS_AT - SECOND, OutcomeStatus.OPEN),
            (ENDS_AT, OutcomeStatus.EXPIRED),
            (ENDS_AT + SECOND, OutcomeStatus.EXPIRED),
        ],
    )
    def test_of_an_order_ends_with_our_attempt(
        self, status: str, now: datetime, expected: OutcomeStatus
    ) -> None:
        assert outcome(make_order(status), now=now).status is expected

    @pytest.mark.parametrize(
        ("status", "expected", "because"),
        [
            ("COMPLETED", OutcomeStatus.PAID, None),
            ("PARTIALLY_REFUNDED", OutcomeStatus.PAID, None),
            ("REFUNDED", OutcomeStatus.PAID, None),
            ("PENDING", OutcomeStatus.PROCESSING, None),
            ("INVENTED_LATER", OutcomeStatus.PROCESSING, None),
            ("DECLINED", OutcomeStatus.FAILED, "DECLINED"),
            ("FAILED", OutcomeStatus.FAILED, "FAILED"),
        ],
    )
    def test_of_a_capture_does_not_end(
        self, status: str, expected: OutcomeStatus, because: str | None
    ) -> None:
        found = outcome(make_order("COMPLETED", make_capture(status)), now=ENDS_AT + SECOND)
        assert (found.status, found.decline_code) == (expected, because)
        assert found.provider_payment == f"CAP-{status}"

    def test_tells_why_money_was_declined(self) -> None:
        reason = {"reason": "DECLINED_BY_RISK_FRAUD_FILTERS"}
        order = make_order("COMPLETED", make_capture("DECLINED", status_details=reason))
        assert outcome(order).decline_code == "DECLINED_BY_RISK_FRAUD_FILTERS"

    def test_believes_the_capture_about_the_amount(self) -> None:
        amount = {"currency_code": "EUR", "value": "99"}
        found = outcome(make_order("COMPLETED", make_capture(amount=amount)))
        assert (found.amount_minor, found.currency) == (9_900, "EUR")

    @pytest.mark.parametrize("statuses", [("DECLINED", "COMPLETED"), ("COMPLETED", "DECLINED")])
    def test_looks_for_the_capture_that_brought_money(self, statuses: tuple[str, ...]) -> None:
        found = outcome(make_order("COMPLETED", *map(make_capture, statuses)))
        assert (found.status, found.provider_payment) == (OutcomeStatus.PAID, "CAP-COMPLETED")

    @pytest.mark.parametrize("mark", ["default", "", None, "oblivious:inv-1", "other:inv-1:1"])
    def test_knows_what_is_not_ours(self, mark: str | None) -> None:
        order = make_order(reference_id=mark)
        assert isinstance(outcomes.outcome_of(order, now=NOW), NotOurs)
        assert not outcomes.is_ours(order)
        assert not outcomes.is_to_be_captured(order, now=NOW)
        assert isinstance(outcomes.outcome_of({"id": "ORDER", "status": "X"}, now=NOW), NotOurs)


@pytest.mark.parametrize(
    ("status", "now", "expected"),
    [
        ("APPROVED", NOW, True),
        ("APPROVED", ENDS_AT - SECOND, True),
        ("APPROVED", ENDS_AT, False),
        ("CREATED", NOW, False),
        ("PAYER_ACTION_REQUIRED", NOW, False),
        ("COMPLETED", NOW, False),
        ("VOIDED", NOW, False),
    ],
)
def test_only_what_is_approved_in_time_is_to_be_captured(
    status: str, now: datetime, expected: bool
) -> None:
    assert outcomes.is_to_be_captured(make_order(status), now=now) is expected


@pytest.mark.parametrize("status", ["CREATED", "PAYER_ACTION_REQUIRED", "APPROVED"])
def test_what_was_withdrawn_has_ended(status: str) -> None:
    order = make_order(status)
    assert outcomes.is_to_be_withdrawn(order)
    (change,) = outcomes.withdrawal(order)
    assert change["path"] == f"/purchase_units/@reference_id=='{MARK}'/custom_id"
    withdrawn = make_order(status, custom_id=change["value"])
    assert not outcomes.is_to_be_withdrawn(withdrawn)
    assert not outcomes.is_to_be_captured(withdrawn, now=NOW)
    found = outcome(withdrawn)
    assert (found.status, found.payment_id) == (OutcomeStatus.EXPIRED, "pay-1")
    paid = make_order("COMPLETED", make_capture(), custom_id=change["value"])
    assert outcome(paid).status is OutcomeStatus.PAID


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("COMPLETED", RefundOutcomeStatus.SETTLED),
        ("PENDING", RefundOutcomeStatus.PENDING),
        ("INVENTED_LATER", RefundOutcomeStatus.PENDING),
        ("FAILED", RefundOutcomeStatus.FAILED),
        ("CANCELLED", RefundOutcomeStatus.FAILED),
    ],
)
def test_knows_where_a_refund_stands(status: str, expected: RefundOutcomeStatus) -> None:
    links = [{"rel": "up", "href": "https://api-m.paypal.com/v2/payments/captures/CAP-COMPLETED"}]
    amount = {"currency_code": "USD", "value": "5.00"}
    given_back = {"id": "REF", "status": status, "amount": amount, "links": links}
    order = make_order("COMPLETED", make_capture())
    order["purchase_units"][0]["payments"]["refunds"] = [given_back, {**given_back, "links": []}]
    seen = outcomes.refunds_seen(order, capture_id="CAP-COMPLETED")
    assert isinstance(seen, RefundsSeen)
    (found,) = seen.refunds
    assert (found.status, found.amount_minor, found.refund_id) == (expected, 500, None)


@pytest.mark.parametrize(
    ("cents", "written"), [(1, "0.01"), (10, "0.10"), (100, "1.00"), (123_456, "1234.56")]
)
def test_money_is_written_and_read_exactly(cents: int, written: str) -> None:
    amount = outcomes.money(cents, "USD")
    assert amount == {"currency_code": "USD", "value": written}
    assert outcomes.minor(amount) == cents


@pytest.mark.parametrize("value", ["", "1.", "1.5", "1.234", "-1.00", "1e3", "1,00", "٣.00", "x"])
def test_refuses_what_is_no_amount_of_cents(value: str) -> None:
    with pytest.raises(OutcomeMismatch):
        outcomes.minor({"value": value})


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ({"id": "CAP", "supplementary_data": {"related_ids": {"order_id": "ORDER"}}}, "ORDER"),
        ({"id": "ORDER", "purchase_units": []}, "ORDER"),
        ({"order_id": "ORDER", "purchase_units": []}, "ORDER"),
        ({"id": "REFUND"}, None),
        ({"id": 7, "purchase_units": []}, None),
        ({}, None),
    ],
)
def test_finds_the_order_of_an_event(resource: dict[str, Any], expected: str | None) -> None:
    assert outcomes.order_of_event(resource) == expected


def test_asks_for_everything_that_must_come_back() -> None:
    order = CheckoutOrder(
        payment_id="pay-1",
        reference="inv-1",
        idempotency_key="pay-1:checkout:1",
        amount_minor=1_234,
        currency="USD",
        description="x" * 200,
        email="ada@example.com",
        success_url="https://billing.example.com/payments/pay-1",
        cancel_url="https://billing.example.com/invoices/INV-1",
        expires_at=ENDS_AT,
    )
    asked = outcomes.order_request(order)
    (unit,) = asked["purchase_units"]
    assert unit == {
        "reference_id": MARK,
        "custom_id": "pay-1",
        "invoice_id": "pay-1",
        "description": "x" * 127,
        "amount": {"currency_code": "USD", "value": "12.34"},
    }
    context = asked["payment_source"]["paypal"]["experience_context"]
    assert context["return_url"] == order.success_url and context["cancel_url"] == order.cancel_url
