"""What Stripe's objects say: every state of theirs becomes one of ours, or is left alone."""

from datetime import UTC, datetime

import pytest

from app.adapters import stripe_reading as reading
from app.adapters import stripe_words as words
from app.domain.payments.gateway import DisputeStatus, NotOurs, OutcomeStatus, RefundOutcomeStatus

OURS = {words.METADATA: "pay-1", words.REFERENCE: "inv-1"}


def make_intent(**changes: object) -> dict:
    given = {
        "id": "pi_1",
        "status": "succeeded",
        "amount": 1_234,
        "currency": "usd",
        "metadata": OURS,
        "last_payment_error": None,
    }
    return {**given, **changes}


def make_page(**changes: object) -> dict:
    given = {
        "id": "cs_1",
        "status": "complete",
        "payment_status": "paid",
        "amount_total": 1_234,
        "currency": "usd",
        "client_reference_id": "inv-1",
        "metadata": OURS,
        "payment_intent": make_intent(),
    }
    return {**given, **changes}


def make_dispute(**changes: object) -> dict:
    given = {
        "id": "du_1",
        "status": "needs_response",
        "amount": 1_234,
        "reason": "fraudulent",
        "created": 1_790_000_000,
        "payment_intent": make_intent(),
    }
    return {**given, **changes}


class TestChargeOutcome:
    @pytest.mark.parametrize(
        ("status", "expected", "code"),
        [
            ("succeeded", OutcomeStatus.PAID, None),
            ("processing", OutcomeStatus.PROCESSING, None),
            ("requires_capture", OutcomeStatus.PROCESSING, None),
            ("requires_confirmation", OutcomeStatus.PROCESSING, None),
            ("requires_action", OutcomeStatus.FAILED, "authentication_required"),
            ("requires_payment_method", OutcomeStatus.FAILED, "lost_card"),
            ("canceled", OutcomeStatus.FAILED, "lost_card"),
            ("something_new", OutcomeStatus.FAILED, "lost_card"),
        ],
    )
    def test_knows_every_status(
        self, status: str, expected: OutcomeStatus, code: str | None
    ) -> None:
        error = {"code": "card_declined", "decline_code": "lost_card"}
        outcome = reading.charge_outcome(make_intent(status=status, last_payment_error=error))
        assert (outcome.status, outcome.decline_code) == (expected, code)

    def test_says_why_it_was_given_up(self) -> None:
        intent = make_intent(status="canceled", cancellation_reason="abandoned")
        assert reading.charge_outcome(intent).decline_code == "abandoned"

    def test_falls_back_to_the_code_without_a_decline_code(self) -> None:
        error = {"code": "expired_card"}
        intent = make_intent(status="requires_payment_method", last_payment_error=error)
        assert reading.charge_outcome(intent).decline_code == "expired_card"

    @pytest.mark.parametrize("metadata", [{}, None, {words.METADATA: "pay-1"}])
    def test_leaves_what_is_no_charge_of_ours(self, metadata) -> None:
        assert isinstance(reading.charge_outcome(make_intent(metadata=metadata)), NotOurs)


class TestPageOutcome:
    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({}, OutcomeStatus.PAID),
            ({"status": "open", "payment_status": "unpaid"}, OutcomeStatus.OPEN),
            ({"status": "open", "payment_intent": None}, OutcomeStatus.OPEN),
            ({"status": "expired"}, OutcomeStatus.EXPIRED),
        ],
    )
    def test_knows_every_status(self, changes: dict, expected: OutcomeStatus) -> None:
        assert reading.page_outcome(make_page(**changes)).status is expected

    @pytest.mark.parametrize(
        ("status", "expected"),
        [
            ("processing", OutcomeStatus.PROCESSING),
            ("requires_action", OutcomeStatus.PROCESSING),
            ("requires_payment_method", OutcomeStatus.FAILED),
        ],
    )
    def test_looks_at_the_intent_of_a_page_that_is_unpaid(self, status, expected) -> None:
        intent = make_intent(status=status)
        page = make_page(payment_status="unpaid", payment_intent=intent)
        assert reading.page_outcome(page).status is expected


class TestCard:
    @pytest.mark.parametrize(
        "method", [None, "pm_1", {"id": "pm_1", "customer": None, "card": {}}, {"customer": "c"}]
    )
    def test_is_none_that_nobody_has(self, method) -> None:
        assert reading.card(method) is None

    def test_is_good_until_a_month(self) -> None:
        shown = {"brand": "visa", "last4": "4242", "exp_year": 2034, "exp_month": 3}
        card = reading.card({"id": "pm_1", "customer": "cus_1", "card": shown})
        assert card is not None and card.expires_on == "2034-03"


class TestRefundOutcome:
    @pytest.mark.parametrize(
        ("status", "expected"),
        [
            ("succeeded", RefundOutcomeStatus.SETTLED),
            ("failed", RefundOutcomeStatus.FAILED),
            ("canceled", RefundOutcomeStatus.FAILED),
            ("pending", RefundOutcomeStatus.PENDING),
            ("requires_action", RefundOutcomeStatus.PENDING),
            (None, RefundOutcomeStatus.PENDING),
        ],
    )
    def test_knows_every_status(self, status, expected: RefundOutcomeStatus) -> None:
        refund = {"id": "re_1", "amount": 5, "payment_intent": "pi_1", "status": status}
        outcome = reading.refund_outcome(refund)
        assert (outcome.status, outcome.refund_id) == (expected, None)
        assert outcome.reason == "refunded at Stripe"


class TestDisputeSeen:
    @pytest.mark.parametrize(
        ("status", "expected"),
        [
            ("needs_response", DisputeStatus.OPEN),
            ("under_review", DisputeStatus.OPEN),
            ("won", DisputeStatus.WON),
            ("lost", DisputeStatus.LOST),
            ("appeal_needs_response", DisputeStatus.LOST),
            ("appeal_under_review", DisputeStatus.LOST),
        ],
    )
    def test_knows_who_has_the_money(self, status: str, expected: DisputeStatus) -> None:
        seen = reading.dispute_seen(make_dispute(status=status))
        assert (seen.status, seen.provider_payment) == (expected, "pi_1")
        assert seen.opened_at == datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC)

    @pytest.mark.parametrize(
        "status",
        ["warning_needs_response", "warning_under_review", "warning_closed", "prevented"],
    )
    def test_leaves_what_moves_no_money(self, status: str) -> None:
        assert isinstance(reading.dispute_seen(make_dispute(status=status)), NotOurs)

    @pytest.mark.parametrize("intent", [None, make_intent(metadata={})])
    def test_leaves_the_payments_of_others(self, intent) -> None:
        assert isinstance(reading.dispute_seen(make_dispute(payment_intent=intent)), NotOurs)


class TestSetupOutcome:
    def test_leaves_pages_that_save_nothing_of_ours(self) -> None:
        assert isinstance(reading.setup_outcome(make_page()), NotOurs)
