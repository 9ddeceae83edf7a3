"""Months as the command line takes them."""

import pytest

from app.domain.invoices.errors import MonthInvalid
from app.entrypoints.cli.months import month_of
from app.foundation.periods import BillingMonth


class TestMonthOf:
    def test_reads_a_month(self) -> None:
        assert month_of("2026-11") == BillingMonth(2026, 11)

    @pytest.mark.parametrize("text", ["", "2026-13", "26-11", "2026-11-01", "November"])
    def test_refuses_what_is_none(self, text: str) -> None:
        with pytest.raises(MonthInvalid):
            month_of(text)
