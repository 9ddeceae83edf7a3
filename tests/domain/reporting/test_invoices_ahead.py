"""What is invoiced next; no database."""

from datetime import UTC, datetime

import pytest

from app.domain.coupons.discounting import OpenUse
from app.domain.invoices.bills import Payer
from app.domain.invoices.taxing import Taxation
from app.domain.reporting.invoices_ahead import InvoiceAhead, invoices_ahead
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


def use(**changes: object) -> OpenUse:
    given = {
        "usage_id": 1,
        "code": "SAVE",
        "type": "fixed",
        "value": 1_500,
        "remaining_minor": 1_500,
        "min_purchase_minor": 0,
        "applicable_plans": None,
        **changes,
    }
    return OpenUse(**given)


HALF = use(usage_id=2, type="percentage", value=5_000, remaining_minor=None)
TAXED = Taxation(1_900, "VAT")


def ahead(
    nanos: int, ahead_of: PeriodView, *, month: BillingMonth = NOVEMBER, **payer: object
) -> tuple[InvoiceAhead, ...]:
    paying = Payer(user_id="ada", plan_id="plan-basic", buyer={}, **payer)
    return invoices_ahead(paying, nanos, ahead_of, month=month)


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
    found = ahead(nanos, following(starts=25, price_minor=price_minor))
    assert [invoice.kind for invoice in found] == kinds


def test_the_next_one_comes_first() -> None:
    found = ahead(123 * CENT, following(starts=2, month=12))
    assert [(invoice.kind, invoice.due_minor, invoice.plan_id) for invoice in found] == [
        ("usage", 123, None),
        ("plan", 9_999, "plan-pro"),
    ]
    assert found[0].comes_at == datetime(2026, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("payer", "first", "second"),
    [
        # The fixed coupon covers the usage and half a dollar of the plan: the rest it waits with.
        ({"uses": (use(),)}, 0, 9_499),
        # A percentage is gone with the first invoice.
        ({"uses": (HALF,)}, 500, 9_999),
        ({"uses": (use(applicable_plans=("plan-pro",)),)}, 1_000, 8_499),
        ({"uses": (use(min_purchase_minor=1_001),)}, 1_000, 8_499),
        # Less than 50 cents nobody can pay: then some credit waits.
        ({"credit_minor": 970}, 50, 9_979),
        ({"credit_minor": 1_100}, 0, 9_899),
        ({"taxation": TAXED}, 1_190, 11_899),
        ({"taxation": TAXED, "uses": (HALF,), "credit_minor": 100}, 495, 11_899),
    ],
)
def test_what_is_charged_is_what_is_left(payer, first, second) -> None:
    found = ahead(1_000 * CENT, following(starts=2, month=12), **payer)
    assert [invoice.due_minor for invoice in found] == [first, second]
    assert [invoice.amount_minor for invoice in found] == [1_000, 9_999]


def test_usage_of_which_a_coupon_leaves_too_little_is_carried_and_uses_nothing_up() -> None:
    found = ahead(1_000 * CENT, following(starts=2, month=12), uses=(use(remaining_minor=960),))
    assert [(invoice.kind, invoice.due_minor) for invoice in found] == [("plan", 9_039)]


def test_the_parts_are_told() -> None:
    (invoice,) = ahead(
        1_000 * CENT,
        following(starts=2, price_minor=0),
        uses=(HALF,),
        taxation=TAXED,
        credit_minor=100,
    )
    assert (invoice.discount_minor, invoice.tax_minor, invoice.credit_minor) == (500, 95, 100)
    assert invoice.due_minor == 1_000 - 500 + 95 - 100
