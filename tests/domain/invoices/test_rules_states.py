"""Which way an invoice may go, what it is called, and when it is due."""

from datetime import timedelta
from itertools import product

import pytest

from app.domain.invoices import rules
from app.domain.invoices.errors import InvoiceNotPayable, InvoiceNotVoidable
from app.domain.invoices.rules import InvoiceStatus
from tests.moments import NOW

DRAFT, ISSUED, PAID, REFUNDED, VOID = InvoiceStatus
ALLOWED = {(DRAFT, ISSUED), (DRAFT, VOID), (ISSUED, PAID), (ISSUED, VOID), (PAID, REFUNDED)}


class TestTransitions:
    def test_know_every_cell(self) -> None:
        assert set(rules.TRANSITIONS) == set(InvoiceStatus)
        for current, following in product(InvoiceStatus, repeat=2):
            allowed = following in rules.TRANSITIONS[current]
            assert allowed == ((current, following) in ALLOWED)

    @pytest.mark.parametrize(("current", "following"), [*product(InvoiceStatus, repeat=2)])
    def test_are_the_only_ways(self, current: InvoiceStatus, following: InvoiceStatus) -> None:
        if (current, following) in ALLOWED:
            assert rules.moved(current.value, following) is following
        else:
            with pytest.raises(AssertionError, match=f"{current} → {following}"):
                rules.moved(current.value, following)

    @pytest.mark.parametrize("status", InvoiceStatus)
    def test_decide_what_is_voidable_and_payable(self, status: InvoiceStatus) -> None:
        for check, refusal, following in (
            (rules.check_voidable, InvoiceNotVoidable, VOID),
            (rules.check_payable, InvoiceNotPayable, PAID),
        ):
            if (status, following) in ALLOWED:
                check(status)
            else:
                with pytest.raises(refusal, match=status):
                    check(status)


class TestIsTooSmall:
    @pytest.mark.parametrize(
        ("minor", "expected"), [(-1, True), (0, True), (49, True), (50, False)]
    )
    def test_is_below_half_a_dollar(self, minor: int, expected) -> None:
        assert rules.is_too_small(minor) is expected


class TestDueAt:
    @pytest.mark.parametrize(("kind", "days"), [("usage", 30), ("subscription", 0), ("topup", 0)])
    def test_gives_usage_a_month(self, kind: str, days: int) -> None:
        assert rules.due_at(kind, NOW) == NOW + timedelta(days=days)


class TestCarriedLine:
    def test_says_from_when(self) -> None:
        line = rules.carried_line("2026-10", nanos=450_000_000)
        assert (line.kind, line.description, line.amount_minor) == (
            "carried",
            "Carried from 2026-10",
            45,
        )
