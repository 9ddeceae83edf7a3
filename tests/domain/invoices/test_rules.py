"""The rules of invoices as tables."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.invoices import rules
from app.domain.invoices.errors import InvoiceNotPayable, MonthInFuture, MonthNotOver
from app.domain.invoices.rules import Adjustment, InvoiceStatus, ModelUsage
from app.foundation.money import minor_from_nanos
from app.foundation.periods import BillingMonth

TICK = timedelta(microseconds=1)
NOVEMBER = BillingMonth(2026, 11)
USD = 1_000_000_000
README = Path(__file__).resolve().parents[3] / "README.md"
NUMBER = re.compile(r"INV-1\d{3}-\d{4}-\d{2}(-\d+)?")


class TestUsageLines:
    def test_shares_the_cents_out_by_largest_remainder(self) -> None:
        usage = [
            ModelUsage("gpt-3.5-turbo", 750_000, 1_125_000_000),
            ModelUsage("gpt-4", 500_000, 15 * USD),
        ]
        lines = rules.usage_lines(usage, [])
        assert [(line.model, line.quantity, line.amount_minor) for line in lines] == [
            ("gpt-3.5-turbo", 750_000, 113),
            ("gpt-4", 500_000, 1500),
        ]
        assert [line.unit_price_nanos for line in lines] == [1_500_000, 30_000_000]
        assert lines[1].description == "AI API usage - gpt-4"

    def test_gives_ties_to_the_first_line(self) -> None:
        usage = [ModelUsage(name, 1000, 5_000_000) for name in ("b", "a", "c")]
        assert [line.amount_minor for line in rules.usage_lines(usage, [])] == [1, 1, 0]

    def test_leaves_out_models_that_the_plan_covered(self) -> None:
        usage = [ModelUsage("covered", 0, 0), ModelUsage("paid", 10, USD)]
        assert [line.model for line in rules.usage_lines(usage, [])] == ["paid"]

    def test_puts_adjustments_after_the_models(self) -> None:
        carried = Adjustment("carried", "Carried from 2026-10", 4_999_999)
        voided = Adjustment("correction", "Voided usage", -USD)
        lines = rules.usage_lines([ModelUsage("gpt-4", 10, 2 * USD)], [carried, voided])
        assert [(line.kind, line.amount_minor) for line in lines] == [
            ("usage", 200),
            ("carried", 0),
            ("correction", -100),
        ]

    def test_shows_the_effective_price_to_six_decimals(self) -> None:
        (line,) = rules.usage_lines([ModelUsage("odd", 3, 10)], [])
        # 10 nano-USD for 3 tokens are 0.000003333… USD per 1,000.
        assert line.unit_price_nanos == 3000

    @given(
        st.lists(st.integers(min_value=-(10**13), max_value=10**13), min_size=1, max_size=12),
        st.lists(st.integers(min_value=1, max_value=10**13), max_size=12),
    )
    def test_adds_up_to_the_sum_rounded_once(self, extra: list[int], used: list[int]) -> None:
        usage = [ModelUsage(f"m{number:02}", 5, nanos) for number, nanos in enumerate(used)]
        adjustments = [Adjustment("correction", "…", nanos) for nanos in extra]
        lines = rules.usage_lines(usage, adjustments)
        total = rules.totals(lines)
        assert total.amount_minor == minor_from_nanos(sum(used) + sum(extra))
        for line in lines:
            assert abs(line.amount_minor * 10_000_000 - line.amount_nanos) < 10_000_000


class TestTotals:
    def test_takes_discounts_off_before_tax(self) -> None:
        lines = rules.usage_lines([ModelUsage("m", 1, 100 * USD)], [])
        total = rules.totals(lines, discount_minor=2000, tax_rate_bp=1900)
        assert (total.amount_minor, total.discount_minor, total.tax_minor) == (10_000, 2000, 1520)
        assert total.final_minor == 9520


class TestCheckClosable:
    closes_at = datetime(2026, 12, 1, 1, tzinfo=UTC)

    def test_lets_a_month_close_an_hour_after_its_end(self) -> None:
        rules.check_closable(NOVEMBER, now=self.closes_at)

    @pytest.mark.parametrize(
        ("now", "refusal"),
        [
            (closes_at - TICK, MonthNotOver),
            (datetime(2026, 12, 1, tzinfo=UTC), MonthNotOver),
            (datetime(2026, 11, 1, tzinfo=UTC), MonthNotOver),
            (datetime(2026, 11, 1, tzinfo=UTC) - TICK, MonthInFuture),
        ],
    )
    def test_refuses(self, now: datetime, refusal: type[Exception]) -> None:
        with pytest.raises(refusal):
            rules.check_closable(NOVEMBER, now=now)


@pytest.mark.parametrize(("minor", "small"), [(-1, True), (0, True), (49, True), (50, False)])
def test_carries_what_is_less_than_fifty_cents(minor: int, small: bool) -> None:
    assert rules.is_too_small(minor) is small


@pytest.mark.parametrize(
    ("position", "number"), [(1, "INV-1001-2026-11"), (2, "INV-1001-2026-11-2")]
)
def test_numbers_invoices_by_account_and_month(position: int, number: str) -> None:
    assert rules.number("INV", account_number=1001, month="2026-11", position=position) == number


def test_examples_have_numbers_as_they_are_given() -> None:
    written = re.findall(r"\bINV-[0-9-]+", README.read_text(encoding="utf-8"))
    assert written and all(NUMBER.fullmatch(number) for number in written), written


class TestShownStatus:
    due = datetime(2026, 12, 31, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("status", "now", "shown"),
        [
            ("issued", due - TICK, "issued"),
            ("issued", due, "overdue"),
            ("issued", due + TICK, "overdue"),
            ("paid", due + TICK, "paid"),
            ("void", due + TICK, "void"),
        ],
    )
    def test_is_overdue_from_the_due_date_on(self, status: str, now: datetime, shown: str) -> None:
        assert rules.shown_status(status, due_at=self.due, now=now) == shown


@pytest.mark.parametrize("status", list(InvoiceStatus))
def test_takes_money_for_issued_invoices_only(status: InvoiceStatus) -> None:
    if status == InvoiceStatus.ISSUED:
        rules.check_payable(status)
    else:
        with pytest.raises(InvoiceNotPayable, match=status):
            rules.check_payable(status)


def test_names_every_state_in_the_table() -> None:
    assert set(rules.TRANSITIONS) == set(InvoiceStatus)
    for allowed in rules.TRANSITIONS.values():
        assert allowed <= set(InvoiceStatus)
