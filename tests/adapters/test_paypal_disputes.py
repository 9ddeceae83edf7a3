"""What PayPal's disputes mean to us, from its own example to the ones that contradict us."""

import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from app.adapters import paypal_disputes as disputes
from app.domain.payments.errors import OutcomeMismatch
from app.domain.payments.gateway import (
    DisputeSeen,
    DisputesSeen,
    DisputeStatus,
    NotOurs,
    RefundOutcome,
    RefundOutcomeStatus,
    RefundsSeen,
)

CAPTURE = "3BC38643YC807283D"
OPENED_AT = datetime(2019, 4, 11, 4, 18, tzinfo=UTC)
# The answer to "Show dispute details" in PayPal's reference of its Disputes API (v1), without the
# links: half of a payment of 192.00 was contested, and was lost.
EXAMPLE: dict[str, Any] = {
    "dispute_id": "PP-D-4012",
    "create_time": "2019-04-11T04:18:00.000Z",
    "update_time": "2019-04-21T04:19:08.000Z",
    "disputed_transactions": [
        {
            "seller_transaction_id": CAPTURE,
            "create_time": "2019-04-11T04:16:58.000Z",
            "transaction_status": "REVERSED",
            "gross_amount": {"currency_code": "USD", "value": "192.00"},
            "buyer": {"name": "Lupe Justin"},
            "seller": {
                "email": "merchant@example.com",
                "merchant_id": "5U29WL78XSAEL",
                "name": "Lesley Paul",
            },
        }
    ],
    "reason": "MERCHANDISE_OR_SERVICE_NOT_AS_DESCRIBED",
    "status": "RESOLVED",
    "dispute_amount": {"currency_code": "USD", "value": "96.00"},
    "dispute_outcome": {
        "outcome_code": "RESOLVED_BUYER_FAVOUR",
        "amount_refunded": {"currency_code": "USD", "value": "96.00"},
    },
    "dispute_life_cycle_stage": "CHARGEBACK",
    "dispute_channel": "INTERNAL",
}
EXPECTED = DisputeSeen(
    provider="paypal",
    provider_dispute="PP-D-4012",
    provider_payment=CAPTURE,
    amount_minor=9_600,
    reason="merchandise_or_service_not_as_described",
    status=DisputeStatus.LOST,
    opened_at=OPENED_AT,
)


def usd(value: str) -> dict[str, str]:
    return {"currency_code": "USD", "value": value}


def make_dispute(**changes: object) -> dict[str, Any]:
    return {**copy.deepcopy(EXAMPLE), **changes}


def resolved(code: str | None, refunded: str | None = None) -> dict[str, Any]:
    outcome = {} if code is None else {"outcome_code": code}
    told = {} if refunded is None else {"amount_refunded": usd(refunded)}
    return make_dispute(dispute_outcome=outcome | told)


def make_transaction(capture: str, value: str) -> dict[str, Any]:
    return {"seller_transaction_id": capture, "gross_amount": usd(value)}


def make_order(
    *refunds: dict[str, Any], mark: str = "oblivious:inv-1:1554999999"
) -> dict[str, Any]:
    unit = {"reference_id": mark, "amount": usd("192.00"), "payments": {"refunds": [*refunds]}}
    return {"id": "ORDER", "purchase_units": [unit]}


def make_refund(value: str, at: str = "2019-04-12T00:00:00Z", **changes: object) -> dict[str, Any]:
    up = {"rel": "up", "href": f"https://api-m.paypal.com/v2/payments/captures/{CAPTURE}"}
    given = {"id": "REF", "amount": usd(value), "create_time": at, "links": [up]}
    return {**given, "status": "COMPLETED", **changes}


def seen(dispute: dict[str, Any], *refunds: dict[str, Any]) -> DisputeSeen:
    found = disputes.disputes_seen(dispute, {CAPTURE: make_order(*refunds)})
    assert isinstance(found, DisputeSeen)
    return found


class TestNamedIn:
    @pytest.mark.parametrize(
        "resource", [{}, {"dispute_id": 7}, {"dispute_id": "../x"}, {"id": "X"}]
    )
    def test_takes_nothing_for_an_id_that_is_none(self, resource: dict[str, object]) -> None:
        assert disputes.named_in(resource) is None

    def test_finds_the_dispute(self) -> None:
        assert disputes.named_in(EXAMPLE) == "PP-D-4012"
        assert disputes.newest_of({"items": [EXAMPLE, {"dispute_id": "PP-D-1"}]}) == "PP-D-4012"
        assert disputes.newest_of({"links": []}) is None


class TestDisputesSeen:
    def test_reads_the_example_of_paypal(self) -> None:
        assert seen(EXAMPLE) == EXPECTED

    @pytest.mark.parametrize(
        "status",
        ["OPEN", "WAITING_FOR_BUYER_RESPONSE", "WAITING_FOR_SELLER_RESPONSE", "UNDER_REVIEW",
         "OTHER", "INVENTED_LATER"],
    )  # fmt: skip
    def test_is_open_until_it_is_resolved(self, status: str) -> None:
        found = seen(make_dispute(status=status, dispute_outcome={}))
        assert (found.status, found.amount_minor) == (DisputeStatus.OPEN, 9_600)

    @pytest.mark.parametrize(
        ("code", "status"),
        [
            ("RESOLVED_BUYER_FAVOUR", DisputeStatus.LOST),
            ("ACCEPTED", DisputeStatus.LOST),
            ("RESOLVED_SELLER_FAVOUR", DisputeStatus.WON),
            ("CANCELED_BY_BUYER", DisputeStatus.WON),
            ("DENIED", DisputeStatus.WON),
            ("NONE", DisputeStatus.WON),
        ],
    )
    def test_knows_who_has_won(self, code: str, status: DisputeStatus) -> None:
        found = seen(resolved(code))
        assert (found.status, found.amount_minor) == (status, 9_600)

    def test_has_won_where_paypal_itself_pays(self) -> None:
        assert seen(resolved("RESOLVED_WITH_PAYOUT", "96.00")).status is DisputeStatus.WON

    @pytest.mark.parametrize("code", ["INVENTED_LATER", None])
    def test_decides_nothing_on_an_end_it_does_not_know(self, code: str | None) -> None:
        with pytest.raises(OutcomeMismatch, match="PP-D-4012"):
            seen(resolved(code))

    @pytest.mark.parametrize(
        ("refunded", "status", "minor"),
        [
            ("50.00", DisputeStatus.LOST, 5_000),
            ("0.01", DisputeStatus.LOST, 1),
            ("0.00", DisputeStatus.WON, 9_600),
        ],
    )
    def test_loses_what_the_customer_has_got(
        self, refunded: str, status: DisputeStatus, minor: int
    ) -> None:
        found = seen(resolved("RESOLVED_BUYER_FAVOUR", refunded))
        assert (found.status, found.amount_minor) == (status, minor)

    @pytest.mark.parametrize(
        ("refund", "status", "minor"),
        [
            # Its own money, told a second time.
            (make_refund("96.00", note_to_payer="Payment reversed"), DisputeStatus.LOST, 9_600),
            # The merchant was quicker.
            (make_refund("96.00"), DisputeStatus.WON, 9_600),
            (make_refund("192.00"), DisputeStatus.WON, 9_600),
            (make_refund("95.99"), DisputeStatus.LOST, 1),
            (make_refund("40.00", status="PENDING"), DisputeStatus.LOST, 5_600),
            (make_refund("40.00", status="FAILED"), DisputeStatus.LOST, 9_600),
            (make_refund("40.00", "2019-04-11T04:18:00Z"), DisputeStatus.LOST, 5_600),
            (make_refund("40.00", "2019-04-10T21:18:00-07:00"), DisputeStatus.LOST, 5_600),
            # It was given back before, and the dispute is about the rest.
            (make_refund("40.00", "2019-04-11T04:17:59Z"), DisputeStatus.LOST, 9_600),
            (make_refund("40.00", links=[]), DisputeStatus.LOST, 9_600),
        ],
    )
    def test_takes_nothing_that_was_given_back_meanwhile(
        self, refund: dict[str, Any], status: DisputeStatus, minor: int
    ) -> None:
        found = seen(EXAMPLE, refund)
        assert (found.status, found.amount_minor) == (status, minor)

    def test_is_in_doubt_for_the_customer(self) -> None:
        dispute = make_dispute(create_time="2019-04-11T04:18:00.999Z")
        assert seen(dispute, make_refund("40.00", "2019-04-11T04:18:00Z")).amount_minor == 5_600

    def test_counts_what_was_given_back_only_once_it_is_decided(self) -> None:
        found = seen(make_dispute(status="UNDER_REVIEW"), make_refund("96.00"))
        assert (found.status, found.amount_minor) == (DisputeStatus.OPEN, 9_600)

    def test_gives_each_of_several_payments_its_share(self) -> None:
        transactions = [
            make_transaction("A", "20.00"),
            make_transaction("NOT-OURS", "10.00"),
            make_transaction("B", "70.00"),
            {"buyer_transaction_id": "X"},
        ]
        dispute = make_dispute(disputed_transactions=transactions, dispute_amount=usd("99.99"))
        orders = {"A": make_order(), "NOT-OURS": make_order(mark="shop-7"), "B": make_order()}
        found = disputes.disputes_seen(dispute, orders)
        assert isinstance(found, DisputesSeen)
        assert [(each.provider_payment, each.amount_minor) for each in found.disputes] == [
            ("A", 1_920),
            ("B", 6_720),
        ]
        still_open = disputes.disputes_seen({**dispute, "status": "OPEN"}, orders)
        assert isinstance(still_open, DisputesSeen)
        assert [each.amount_minor for each in still_open.disputes] == [2_000, 6_999]

    def test_shares_nothing_of_what_does_not_say_its_amount(self) -> None:
        transactions = [make_transaction("A", "20.00"), {"seller_transaction_id": "B"}]
        dispute = make_dispute(disputed_transactions=transactions)
        with pytest.raises(OutcomeMismatch):
            disputes.disputes_seen(dispute, {"A": make_order(), "B": make_order()})

    @pytest.mark.parametrize(
        ("transactions", "order"),
        [
            ([], {}),
            ([{"seller_transaction_id": "../x"}], {}),
            ([make_transaction(CAPTURE, "192.00")], {}),
            ([make_transaction(CAPTURE, "192.00")], make_order(mark="shop-7")),
        ],
    )
    def test_knows_what_is_not_ours(
        self, transactions: list[dict[str, Any]], order: dict[str, Any]
    ) -> None:
        dispute = make_dispute(disputed_transactions=transactions)
        assert isinstance(disputes.disputes_seen(dispute, {CAPTURE: order}), NotOurs)

    def test_refuses_another_currency(self) -> None:
        euros = {"currency_code": "EUR", "value": "96.00"}
        with pytest.raises(OutcomeMismatch, match="EUR"):
            seen(make_dispute(dispute_amount=euros))


def refund_outcome(reason: str, minor: int, status: RefundOutcomeStatus) -> RefundOutcome:
    return RefundOutcome("paypal", CAPTURE, f"R-{reason}", None, minor, status, reason)


def test_tells_reversals_from_refunds() -> None:
    reversal = refund_outcome("Payment reversed", 500, RefundOutcomeStatus.SETTLED)
    failed = refund_outcome("", 100, RefundOutcomeStatus.FAILED)
    refund = refund_outcome("Sorry", 234, RefundOutcomeStatus.SETTLED)
    seen = RefundsSeen("paypal", CAPTURE, (reversal, failed, refund))
    assert disputes.has_reversals(seen)
    without = disputes.without_reversals(seen)
    assert without == RefundsSeen("paypal", CAPTURE, (failed, refund))
    assert not disputes.has_reversals(without)
