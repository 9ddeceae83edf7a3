"""What is invoiced next; no database."""

from datetime import UTC, datetime

import pytest

from app.domain.reporting.invoices_ahead import invoices_ahead
from app.domain.subscriptions.queries import PeriodView
from app.domain.subscriptions.rules import Terms
from app.foundation.periods import BillingMonth

NOVEMBER = BillingMonth.parse("2026-11")
CENT = 10_000_000


def following(*, starts: int, month: int = 11, price_minor: int = 9_999) -> PeriodView:
    starts_at = datetime(2026, month, starts, tzinfo=UTC)
    return PeriodView(
        id=None,
        starts_at=starts_at,
        ends_at=starts_at.replace(month=month + 1 if month < 12 else 12, day=28),
        grace_ends_at=None,
        terms=Terms(
            plan_id="plan-pro",
            price_minor=price_minor,
            quota=0,
            extra_token_price_pico=None,
            overage_discount_bp=0,
            max_concurrent_req=1,
            rate_limit_per_min=1,
        ),
        quota=0,
        tokens_used=0,
        quota_tokens_used=0,
    )


@pytest.mark.parametrize(
    ("nanos", "price_minor", "kinds"),
    [
        (0, 0, []),
        (0, 1, ["plan"]),
        (49 * CENT, 0, []),
        (50 * CENT - CENT // 2, 0, ["usage"]),
        (50 * CENT, 9_999, ["plan", "usage"]),
    ],
)
def test_invoices_are_told_once_they_are_large_enough(nanos, price_minor, kinds) -> None:
    found = invoices_ahead(nanos, following(starts=25, price_minor=price_minor), month=NOVEMBER)
    assert [invoice.kind for invoice in found] == kinds


def test_the_next_one_comes_first() -> None:
    found = invoices_ahead(123 * CENT, following(starts=2, month=12), month=NOVEMBER)
    assert [(invoice.kind, invoice.minor, invoice.plan_id) for invoice in found] == [
        ("usage", 123, None),
        ("plan", 9_999, "plan-pro"),
    ]
    assert found[0].comes_at == datetime(2026, 12, 1, tzinfo=UTC)
