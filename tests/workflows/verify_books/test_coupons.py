"""What coupons count, what they gave, and what stands on invoices are the same."""

from collections.abc import Callable

import pytest

from app.domain.accounts.models import Account
from app.domain.coupons.models import Coupon, CouponApplication, CouponUsage
from app.domain.invoices.models import Invoice
from app.foundation.database import session
from tests.factories.rows import LATER, VALID
from tests.moments import NOW
from tests.tampering import lines_after

Told = Callable[..., list[str]]


@pytest.fixture
def told(ada: Account, ben: Account) -> Told:
    """A fixed coupon of 5.00 gave Ada 0.10 and 0.30, and a void invoice got 0.10 back."""
    session.add(
        Coupon(
            **{
                **VALID["coupons"],
                "type": "fixed",
                "value": 500,
                "max_uses": 9,
                "used_count": 2,
                "max_usage_per_user": 1,
            }
        )
    )
    session.flush()
    for number, (user_id, discount) in enumerate([("ada", 40), ("ben", 0)], start=1):
        redemption = {"id": number, "user_id": user_id, "discount_minor": discount}
        left = {"remaining_minor": 500 - discount}
        session.add(CouponUsage(**{**VALID["coupon_usages"], **redemption, **left}))
    session.flush()
    for number, (status, discount) in enumerate(
        [("issued", 10), ("void", 10), ("paid", 30), ("draft", 5)], start=1
    ):
        session.add(Invoice(**_invoice(number, status, discount)))
        session.flush()
        if status != "draft":
            returned_at = LATER if status == "void" else None
            used = {"id": number, "invoice_id": number, "discount_minor": discount}
            applied = {**VALID["coupon_applications"], **used, "returned_at": returned_at}
            session.add(CouponApplication(**applied))
    session.commit()
    return lambda *tampering: [
        line for line in lines_after(*tampering) if "coupon" in line or "off" in line
    ]


def _invoice(number: int, status: str, discount: int) -> dict[str, object]:
    return {
        **VALID["invoices"],
        "id": number,
        "public_id": f"inv-{number}",
        "invoice_number": None if status == "draft" else f"INV-{number}",
        "user_id": "ada",
        "kind": "topup",
        "plan_change_id": None,
        "status": status,
        "issued_at": None if status == "draft" else NOW,
        "discount_minor": discount,
        "final_minor": 105 - discount,
        "credit_used_minor": 0,
        "paid_at": NOW if status == "paid" else None,
        "voided_at": NOW if status == "void" else None,
    }


def test_finds_nothing_where_all_is_right(told: Told) -> None:
    assert told() == []


@pytest.mark.parametrize(
    ("tampering", "line"),
    [
        (
            "UPDATE coupons SET used_count = 3",
            "coupon SPRING counts 3 uses and has 2 redemptions",
        ),
        (
            "UPDATE coupon_usages SET user_id = 'ada', redemption_number = 2 WHERE id = 2",
            "coupon SPRING was redeemed 2 times by ada",
        ),
        (
            "UPDATE coupon_usages SET discount_minor = 41, remaining_minor = 459 WHERE id = 1",
            "coupon SPRING of ada counts 41 cents given, its applications 40",
        ),
        (
            "UPDATE coupon_usages SET remaining_minor = 461 WHERE id = 1",
            "coupon SPRING of ada has 461 cents left, not 460",
        ),
        (
            "UPDATE coupon_usages SET remaining_minor = NULL WHERE id = 2",
            "coupon SPRING of ben has -1 cents left, not 500",
        ),
        (
            "UPDATE invoices SET discount_minor = 31, final_minor = 74 WHERE id = 3",
            "invoice inv-3 of ada has 31 cents off, coupons gave 30",
        ),
        (
            "UPDATE invoices SET discount_minor = 0, final_minor = 105 WHERE id = 1",
            "invoice inv-1 of ada has 0 cents off, coupons gave 10",
        ),
    ],
)
def test_tells_a_figure_that_was_moved(told: Told, tampering: str, line: str) -> None:
    assert told(tampering) == [line]


def test_tells_a_void_invoice_that_keeps_its_discount(told: Told) -> None:
    lines = told(
        "UPDATE coupon_applications SET returned_at = NULL",
        "UPDATE coupon_usages SET discount_minor = 50, remaining_minor = 450 WHERE id = 1",
    )
    assert lines == ["invoice inv-2 of ada is void and keeps 10 cents of coupons"]
