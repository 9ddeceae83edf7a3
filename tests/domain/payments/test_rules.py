"""Every cell of the state table, and what is held against an outcome."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.payments import rules
from app.domain.payments.errors import OutcomeImpossible, OutcomeMismatch
from app.domain.payments.gateway import OutcomeStatus, PaymentOutcome
from app.domain.payments.rules import PaymentStatus
from tests.moments import NOW

# Rows: where the attempt stands. Columns: what the provider says. A dot changes nothing, a cross
# is refused.
TABLE = """
          open     unanswered refused processing paid    failed expired
created   pending  unknown    failed  pending    settled failed expired
pending   .        .          .       .          settled failed expired
unknown   pending  .          failed  pending    settled failed expired
settled   .        .          .       .          .       x      x
failed    .        .          .       .          settled .      .
expired   .        .          .       .          settled .      .
"""
HEAD, *ROWS = [line.split() for line in TABLE.strip().splitlines()]
CELLS = [
    (state, outcome, cell)
    for state, *cells in ROWS
    for outcome, cell in zip(HEAD, cells, strict=True)
]
PAID = PaymentOutcome(
    provider="stripe",
    payment_id="pay-1",
    reference="inv-1",
    session="cs_1",
    provider_payment="pi_1",
    status=OutcomeStatus.PAID,
    amount_minor=1_234,
    currency="USD",
)


def check(outcome: PaymentOutcome) -> None:
    rules.check_terms(
        outcome, provider="stripe", reference="inv-1", amount_minor=1_234, currency="USD"
    )


class TestNextStatus:
    def test_knows_every_cell(self) -> None:
        assert {(state, outcome) for state, outcome, _ in CELLS} == {
            (state.value, outcome.value) for state in PaymentStatus for outcome in OutcomeStatus
        }

    @pytest.mark.parametrize(("state", "outcome", "cell"), CELLS)
    def test_follows_the_table(self, state: str, outcome: str, cell: str) -> None:
        if cell == "x":
            with pytest.raises(OutcomeImpossible, match=f"is {state}; .* says {outcome}"):
                rules.next_status(state, OutcomeStatus(outcome))
        else:
            expected = None if cell == "." else PaymentStatus(cell)
            assert rules.next_status(state, OutcomeStatus(outcome)) is expected

    @pytest.mark.parametrize("state", list(PaymentStatus))
    def test_never_loses_money(self, state: PaymentStatus) -> None:
        ends_at = rules.next_status(state, OutcomeStatus.PAID) or state
        assert ends_at is PaymentStatus.SETTLED


class TestCheckTerms:
    def test_takes_what_was_ordered(self) -> None:
        check(PAID)

    @pytest.mark.parametrize(
        "changes",
        [
            {"provider": "paypal"},
            {"reference": "inv-2"},
            {"amount_minor": 1_233},
            {"amount_minor": 1_235},
            {"currency": "EUR"},
            {"currency": "usd"},
        ],
    )
    def test_refuses_anything_else(self, changes: dict[str, object]) -> None:
        with pytest.raises(OutcomeMismatch, match="Ordered was stripe inv-1: 1234 cents USD"):
            check(replace(PAID, **changes))


class TestCheckSamePayment:
    def test_takes_the_first_and_the_same(self) -> None:
        rules.check_same_payment(PAID, provider_payment=None)
        rules.check_same_payment(PAID, provider_payment="pi_1")

    def test_refuses_a_second_one(self) -> None:
        with pytest.raises(OutcomeMismatch, match="also took pi_1"):
            rules.check_same_payment(PAID, provider_payment="pi_0")


class TestIsReusable:
    def test_ends_with_the_page(self) -> None:
        at_the_end = {"has_page": True, "expires_at": NOW}
        assert rules.is_reusable("pending", now=NOW - timedelta(seconds=1), **at_the_end)
        assert not rules.is_reusable("pending", now=NOW, **at_the_end)

    @pytest.mark.parametrize("status", ["created", "unknown", "settled", "failed", "expired"])
    def test_wants_a_page_that_waits(self, status: str) -> None:
        later = NOW + timedelta(minutes=5)
        assert not rules.is_reusable(status, has_page=True, expires_at=later, now=NOW)
        assert not rules.is_reusable("pending", has_page=False, expires_at=later, now=NOW)


class TestIsRepeatable:
    @pytest.mark.parametrize("status", ["created", "unknown", "pending"])
    def test_ends_when_the_provider_would_refuse_the_page(self, status: str) -> None:
        expires_at = NOW + rules.CHECKOUT_LIFE
        last = expires_at - rules.CHECKOUT_LIFE_LEAST - rules.REPEAT_MARGIN
        given = {"has_page": False, "expires_at": expires_at}
        assert rules.is_repeatable(status, now=last, **given)
        assert not rules.is_repeatable(status, now=last + timedelta(seconds=1), **given)

    def test_is_for_calls_without_an_answer(self) -> None:
        expires_at = NOW + rules.CHECKOUT_LIFE
        assert not rules.is_repeatable("pending", has_page=True, expires_at=expires_at, now=NOW)
        assert not rules.is_repeatable("failed", has_page=False, expires_at=expires_at, now=NOW)


def test_keys_hold_the_attempt_and_the_method() -> None:
    assert rules.idempotency_key("pay-1", attempt_number=2) == "pay-1:checkout:2"
