"""Months as the command line takes them."""

from app.domain.invoices.errors import MonthInvalid
from app.foundation.periods import BillingMonth


def month_of(text: str) -> BillingMonth:
    """Read `2026-11`. Raises MonthInvalid."""
    try:
        return BillingMonth.parse(text)
    except ValueError as error:
        raise MonthInvalid(f"A month is written like 2026-11, not {text[:20]!r}.") from error
