"""Every cell of the state table, and what is held against an outcome."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.payments import rules
from app.domain.payments.errors import (
    CardNotUsable,
    OutcomeImpossible,
    OutcomeMismatch,
    PaymentNotRefundable,
    RefundTooLarge,
)
from app.domain.payments.gateway import (
    DisputeStatus,
    OutcomeStatus,
    PaymentOutcome,
    RefundOutcomeStatus,
)
from app.domain.payments.rules import PaymentStatus, RefundStatus
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
REFUNDS = """
         unanswered refused pending settled failed
created  unknown    failed  pending settled failed
unknown  .          failed  pending settled failed
pending  .          .       .       settled failed
settled  .          .       .       .       failed
failed   .          .       pending settled .
"""
DISPUTES = """
      open won lost
open  .    won lost
won   .    .   x
lost  .    x   .
"""


def cells(table: str) -> list[tuple[str, str, str]]:
    head, *rows = [line.split() for line in table.strip().splitlines()]
    return [
        (state, said, cell) for state, *row in rows for said, cell in zip(head, row, strict=True)
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


class TestNextRefundStatus:
    def test_knows_every_cell(self) -> None:
        assert {(state, said) for state, said, _ in cells(REFUNDS)} == {
            (state.value, said.value) for state in RefundStatus for said in RefundOutcomeStatus
        }

    @pytest.mark.parametrize(("state", "said", "cell"), cells(REFUNDS))
    def test_follows_the_table(self, state: str, said: str, cell: str) -> None:
        expected = None if cell == "." else RefundStatus(cell)
        assert rules.next_refund_status(state, RefundOutcomeStatus(said)) is expected

    @pytest.mark.parametrize("state", list(RefundStatus))
    def test_never_overlooks_money_that_left(self, state: RefundStatus) -> None:
        ends_at = rules.next_refund_status(state, RefundOutcomeStatus.SETTLED) or state
        assert ends_at is RefundStatus.SETTLED


class TestNextDisputeStatus:
    def test_knows_every_cell(self) -> None:
        assert {(state, seen) for state, seen, _ in cells(DISPUTES)} == {
            (state.value, seen.value) for state in DisputeStatus for seen in DisputeStatus
        }

    @pytest.mark.parametrize(("state", "seen", "cell"), cells(DISPUTES))
    def test_follows_the_table(self, state: str, seen: str, cell: str) -> None:
        if cell == "x":
            with pytest.raises(OutcomeImpossible, match=f"was {state}; .* says {seen}"):
                rules.next_dispute_status(state, DisputeStatus(seen))
        else:
            expected = None if cell == "." else DisputeStatus(cell)
            assert rules.next_dispute_status(state, DisputeStatus(seen)) is expected


class TestCheckRefundable:
    @pytest.mark.parametrize("amount_minor", [1, 999, 1_000])
    def test_gives_back_up_to_what_is_left(self, amount_minor: int) -> None:
        rules.check_refundable(amount_minor, status="settled", left_minor=1_000, is_disputed=False)

    @pytest.mark.parametrize("amount_minor", [-1, 0, 1_001])
    def test_gives_back_no_more(self, amount_minor: int) -> None:
        with pytest.raises(RefundTooLarge, match=r"From \$0\.01 to \$10\.00 of this"):
            rules.check_refundable(
                amount_minor, status="settled", left_minor=1_000, is_disputed=False
            )

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"status": "pending"}, "is pending"),
            ({"status": "failed"}, "is failed"),
            ({"is_disputed": True}, "disputed"),
            ({"left_minor": 0}, "gone back already"),
        ],
    )
    def test_says_what_stands_against_it(self, changes: dict[str, object], words: str) -> None:
        given = {"status": "settled", "left_minor": 1_000, "is_disputed": False, **changes}
        with pytest.raises(PaymentNotRefundable, match=words):
            rules.check_refundable(1, **given)


class TestCheckChargeable:
    def test_wants_a_card_and_a_consent(self) -> None:
        rules.check_chargeable(is_removed=False, has_consent=True)
        for is_removed, has_consent in [(True, True), (False, False), (True, False)]:
            with pytest.raises(CardNotUsable):
                rules.check_chargeable(is_removed=is_removed, has_consent=has_consent)


def test_a_key_is_trusted_for_less_than_a_day() -> None:
    last = NOW + rules.KEY_LIFE - timedelta(microseconds=1)
    assert rules.is_within_key_life(NOW, now=last)
    assert not rules.is_within_key_life(NOW, now=NOW + rules.KEY_LIFE)
    assert timedelta(hours=24) > rules.KEY_LIFE


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


class TestIsSoonHeardOf:
    def test_from_the_end_until_nobody_waits_any_longer(self) -> None:
        second = timedelta(seconds=1)
        last = NOW + rules.HEARD_OF_WITHIN - second
        moments = (NOW - second, NOW, last, last + second)
        soon = [rules.is_soon_heard_of(NOW, now=moment) for moment in moments]
        assert soon == [False, True, True, False]

    def test_leaves_the_sweep_time_to_ask(self) -> None:
        assert rules.ASK_AFTER[rules.PaymentStatus.PENDING] < rules.HEARD_OF_WITHIN


class TestGetsAnotherPage:
    @pytest.mark.parametrize(
        ("purpose", "lasts"),
        [("plan_change", rules.PLAN_CHANGE_LIFE), ("topup", timedelta(hours=24))],
    )
    def test_until_its_price_holds_no_longer(self, purpose: str, lasts: timedelta) -> None:
        last = NOW + lasts - timedelta(seconds=1)
        assert rules.gets_another_page(purpose, drawn_up_at=NOW, now=last)
        assert not rules.gets_another_page(purpose, drawn_up_at=NOW, now=NOW + lasts)

    def test_for_ever_where_it_is_an_invoice(self) -> None:
        later = NOW + timedelta(days=365)
        assert rules.gets_another_page("invoice", drawn_up_at=NOW, now=later)


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
    charged = rules.idempotency_key("pay-1", attempt_number=2, method="off_session", card_id=7)
    assert charged == "pay-1:off_session-7:2"
    assert rules.refund_key("pay-1", refund_number=2) == "pay-1:refund:2"
