"""Amounts, counts and days as people read them."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from app.domain.invoices.operations import BY_CREDIT, BY_NOTHING
from app.foundation import figures


@pytest.mark.parametrize(
    ("minor", "shown"),
    [(0, "$0.00"), (5, "$0.05"), (1_234, "$12.34"), (-1, "−$0.01"), (123_456_789, "$1,234,567.89")],
)
def test_amounts_of_cents(minor: int, shown: str) -> None:
    assert figures.usd_of_minor(minor) == shown


def test_amounts_keep_their_decimals() -> None:
    assert figures.dollars(Decimal("-0.000125")) == "−$0.000125"


@pytest.mark.parametrize(
    ("pico", "shown"),
    [(20_000_000, "$20.00"), (150_000_000, "$150.00"), (1, "$0.000001"), (0, "$0.00")],
)
def test_prices_of_a_million_tokens(pico: int, shown: str) -> None:
    assert figures.usd_per_million(pico) == shown


@pytest.mark.parametrize(("number", "shown"), [(0, "0"), (1_234_567, "1,234,567"), (-1, "−1")])
def test_counts(number: int, shown: str) -> None:
    assert figures.count(number) == shown


@pytest.mark.parametrize(("basis_points", "shown"), [(1_900, "19%"), (775, "7.75%"), (50, "0.5%")])
def test_rates(basis_points: int, shown: str) -> None:
    assert figures.rate(basis_points) == shown


def test_days_are_local_where_they_are_asked_for() -> None:
    moment = datetime(2026, 11, 22, 18, tzinfo=UTC)
    assert figures.day(moment) == "22 Nov 2026"
    assert figures.day(moment, ZoneInfo("Asia/Shanghai")) == "23 Nov 2026"


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("stripe", "Card (Stripe)"),
        ("paypal", "PayPal"),
        (BY_CREDIT, "Account credit"),
        (BY_NOTHING, "Nothing was due"),
        ("by cheque", "by cheque"),
    ],
)
def test_payment_methods(stored: str, shown: str) -> None:
    assert figures.payment_method(stored) == shown
